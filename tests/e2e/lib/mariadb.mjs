// A private MariaDB server of a test: fresh data in a temporary folder, a Unix socket, root without a password. It runs as
// an unprivileged user, also when the tests run as root, and is ended by its process id.
import {execFileSync, spawn, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import {tempFolder} from './hub.mjs';

const unprivileged = process.getuid() === 0
  ? {uid: Number(execFileSync('id', ['-u', 'nobody'])), gid: Number(execFileSync('id', ['-g', 'nobody']))} : {};

export class MariaDb {
  static async start(args = []) {
    const server = new MariaDb();
    server.folder = tempFolder('mariadb');
    server.args = args;
    server.socket = path.join(server.folder, 'socket');
    // Of its own: a server that starts removes what others left in its folder for temporary tables.
    server.tmp = path.join(server.folder, 'tmp');
    fs.mkdirSync(server.tmp);
    if (unprivileged.uid) for (const folder of [server.folder, server.tmp]) fs.chownSync(folder, unprivileged.uid, unprivileged.gid);
    const installed = spawnSync('mariadb-install-db', ['--no-defaults', `--datadir=${server.folder}/data`, `--tmpdir=${server.tmp}`,
      '--auth-root-authentication-method=normal', '--skip-test-db'], {...unprivileged, encoding: 'utf8'});
    if (installed.status !== 0) throw new Error(`mariadb-install-db: ${installed.stdout}${installed.stderr}`);
    await server.start();
    return server;
  }

  /** Returns when the server greets. */
  async start() {
    const log = fs.openSync(path.join(this.folder, 'log'), 'a');
    this.process = spawn('mariadbd', ['--no-defaults', `--datadir=${this.folder}/data`, `--socket=${this.socket}`,
      `--pid-file=${this.folder}/pid`, `--tmpdir=${this.tmp}`, '--skip-networking', ...this.args], {...unprivileged, stdio: ['ignore', log, log]});
    fs.closeSync(log);
    this.exited = new Promise(resolve => this.process.once('exit', resolve));
    const end = Date.now() + 60000;
    while (!await this.greets()) {
      if (Date.now() > end || this.process.exitCode !== null) {
        throw new Error(`mariadbd did not come up:\n${fs.readFileSync(path.join(this.folder, 'log'), 'utf8')}`);
      }
      await new Promise(resolve => setTimeout(resolve, 10));
    }
  }

  greets() {
    return new Promise(resolve => {
      const socket = net.connect(this.socket);
      socket.once('data', () => { socket.destroy(); resolve(true); });
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
    });
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.exited;
  }

  async remove() {
    await this.kill();
    fs.rmSync(this.folder, {recursive: true, force: true});
  }

  sql(text) {
    return execFileSync('mariadb', ['--no-defaults', `--socket=${this.socket}`, '--user=root', '--batch', '--skip-column-names',
      `--execute=${text}`], {encoding: 'utf8'});
  }

  /** Makes a database and lets the configuration beside `config` use it. */
  keepFor(config, database = 'qiao') {
    this.sql(`CREATE DATABASE ${database}`);
    fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'store.yaml'),
      `store:\n  kind: mysql\n  socket: ${this.socket}\n  database: ${database}\n  user: root\n`);
  }
}
