// Starts the real hub on a private folder and a free port, and ends it by its process id.
import {spawn, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../../..');
export const binary = process.env.QIAO_BIN ?? path.join(root, 'build/release/bin/qiao');

export function tempFolder(name) {
  return fs.mkdtempSync(path.join(os.tmpdir(), `qiao-${name}-`));
}

/** A hub that runs. `url` is its address; `output` what it printed so far. */
export class Hub {
  constructor({data, config, program = binary, args = [], demo = true, port = 0, env = {}}) {
    this.program = program;
    this.data = data;
    this.config = config ?? path.join(root, 'config/qiao.yaml');
    this.args = args;
    this.demo = demo;
    this.port = port;
    this.env = env;
    this.output = '';
  }

  static async start(options) {
    const hub = new Hub(options);
    await hub.start();
    return hub;
  }

  async start() {
    const args = ['run', '--config', this.config, '--data', this.data, '--listen', `127.0.0.1:${this.port}`, ...this.args];
    if (this.demo) args.push('--demo');
    this.output = '';
    this.process = spawn(this.program, args, {stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, ...this.env}});
    this.exited = new Promise(resolve => this.process.once('exit', (code, signal) => resolve({code, signal})));
    const address = new Promise((resolve, reject) => {
      const read = chunk => {
        this.output += chunk;
        const found = this.output.match(/http:\/\/127\.0\.0\.1:(\d+)/);
        if (found) resolve(Number(found[1]));
      };
      this.process.stdout.setEncoding('utf8').on('data', read);
      this.process.stderr.setEncoding('utf8').on('data', read);
      this.exited.then(({code, signal}) => reject(new Error(`the hub ended with ${code ?? signal}:\n${this.output}`)));
    });
    this.port = await address;
    this.url = `http://127.0.0.1:${this.port}`;
    this.ws = `ws://127.0.0.1:${this.port}`;
    await until(async () => (await fetch(`${this.url}/readyz`)).ok, `the hub to be ready:\n${this.output}`);
  }

  /** Runs a command of the same binary against this hub's data folder. */
  command(...args) {
    const done = spawnSync(this.program, args, {encoding: 'utf8'});
    return {code: done.status, stdout: done.stdout, stderr: done.stderr};
  }

  async stop() {
    this.process.kill('SIGTERM');
    return this.exited;
  }

  async kill() {
    this.process.kill('SIGKILL');
    return this.exited;
  }
}

/** Asks again until `question` holds; a refused connection counts as "not yet". */
export async function until(question, what, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      if (await question()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}${last ? ` (${last.message})` : ''}`);
    await new Promise(resolve => setTimeout(resolve, 25));
  }
}

export async function json(response) {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : {};
}

/** A private copy of the default configuration, to be changed by a test; the path of its qiao.yaml. */
export function copyConfig(folder) {
  const to = path.join(folder, 'config');
  fs.cpSync(path.join(root, 'config'), to, {recursive: true});
  fs.mkdirSync(path.join(to, 'conf.d'), {recursive: true});
  return path.join(to, 'qiao.yaml');
}
