// The chat figures of docs/performance.md: the hub beside the durable floor and a Node.js peer, the same work in the same
// run, each server on one core and the generator on the other. Prints a line for each round and the medians.
//
//   node tests/bench/chat/run.mjs [--rounds 3] [--secs 5] [--only sat,rate,idle,start,webhook] [--smoke]
//
// Needs a release build; the peer runs when `npm install` was done here, the webhook part when wrk and nginx are installed.
import {spawn, spawnSync} from 'node:child_process';
import {createHmac, randomBytes} from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import {copyConfig, Hub, root, tempFolder, until} from '../../e2e/lib/hub.mjs';

const options = {rounds: 3, secs: 5, only: 'sat,rate,idle,start,webhook', smoke: false};
for (let i = 2; i < process.argv.length; ++i) {
  const key = process.argv[i].slice(2);
  options[key] = key === 'smoke' ? true : process.argv[++i];
}
if (options.smoke) Object.assign(options, {rounds: 1, secs: 0.5});
const only = new Set(options.only.split(','));
const here = path.dirname(new URL(import.meta.url).pathname);
const bin = process.env.QIAO_BIN ? path.dirname(process.env.QIAO_BIN) : path.join(root, 'build/release/bin');
const work = tempFolder('bench');
const has = program => spawnSync('which', [program]).status === 0;
const pinned = (core, command, args) => ['taskset', ['-c', String(core), command, ...args]];
const twoCores = spawnSync('taskset', ['-c', '1', 'true']).status === 0;

function start(core, command, args) {
  const [c, a] = twoCores ? pinned(core, command, args) : [command, args];
  return spawn(c, a, {stdio: 'ignore'});
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const {port} = server.address();
  await new Promise(resolve => server.close(resolve));
  return port;
}

async function listening(port) {
  await until(() => new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(socket.destroy()));
    socket.once('error', reject);
  }).then(() => true), `a server on port ${port}`);
}

function load(...args) {
  const [c, a] = twoCores ? pinned(1, path.join(bin, 'chat_load'), args) : [path.join(bin, 'chat_load'), args];
  const done = spawnSync(c, a.map(String), {encoding: 'utf8'});
  if (done.status !== 0) throw new Error(`chat_load ${args.join(' ')}: ${done.stderr}`);
  return JSON.parse(done.stdout);
}

// ---- servers: name → {port, pid, stop} ---------------------------------------------------------------------------------

async function floor() {
  const port = await freePort();
  const log = path.join(work, 'floor.log');
  const child = start(0, path.join(bin, 'chat_floor'), [String(port), log]);
  await listening(port);
  return {kind: 'relay', port, pid: child.pid, stop: () => (child.kill(), fs.rmSync(log, {force: true}))};
}

async function peer(...key) {
  const port = await freePort();
  const file = path.join(work, `peer-${port}.db`);
  const child = start(0, process.execPath, [path.join(here, 'peer.mjs'), String(port), file, ...key]);
  await listening(port);
  return {kind: 'relay', port, pid: child.pid, stop: () => child.kill()};
}

/** The hub without a bot, so that each text goes to its agent; ten agents who take any number of conversations. */
async function hub({pin = true} = {}) {
  const data = tempFolder('bench-hub');
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'bench.yaml'), [
    'hub:', '  limits:', ...['connections', 'connections_per_address', 'connections_per_second', 'requests_per_second',
      'session_requests_per_second'].map(key => `    ${key}: 1000000`),
    'plugins:', '  bot:', '    enabled: false', '  web:', '    config:',
    '      visitor_messages_per_second: 100000', '      new_visitors_per_minute: 1000000', ''].join('\n'));
  const running = await Hub.start({data, config});
  if (pin && twoCores) spawnSync('taskset', ['-acp', '0', String(running.process.pid)]);
  const call = async (path_, body, token) => {
    const answer = await fetch(running.url + path_, {method: 'POST', body: JSON.stringify(body),
      headers: {'content-type': 'application/json', ...(token ? {authorization: `Bearer ${token}`} : {})}});
    if (!answer.ok) throw new Error(`${path_}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const admin = await call('/api/v1/login', {login: 'admin', password: 'qiao-demo-2026', token: true});
  const tokens = [];
  for (let i = 0; i < 10; ++i) {
    await call('/api/v1/agents', {login: `bench${i}`, name: `Bench ${i}`, role: 'agent', groups: ['after-sales'], capacity: 100,
      password: 'a long bench password'}, admin.token);
    tokens.push((await call('/api/v1/login', {login: `bench${i}`, password: 'a long bench password', token: true})).token);
  }
  const file = path.join(data, 'tokens');
  fs.writeFileSync(file, tokens.join('\n') + '\n');
  return {kind: 'qiao', port: running.port, pid: running.process.pid, tokens: file, url: running.url, call,
    stop: async () => { await running.stop(); fs.rmSync(data, {recursive: true, force: true}); }};
}

const servers = {floor, hub};
if (fs.existsSync(path.join(here, 'node_modules/better-sqlite3'))) servers.peer = peer;
const tokenArgs = server => server.tokens ? ['--agent-tokens', server.tokens] : [];

// ---- parts ---------------------------------------------------------------------------------------------------------------

const results = [];
function note(part, server, figures) {
  results.push({part, server, ...figures});
  console.log(JSON.stringify(results.at(-1)));
}

async function chat(part, args) {
  for (const [name, open] of Object.entries(servers)) {
    const server = await open();
    note(part, name, load(server.kind, '--port', server.port, '--pid', server.pid, ...args, ...tokenArgs(server)));
    await server.stop();
  }
}

for (let round = 0; round < options.rounds; ++round) {
  if (only.has('sat')) await chat('sat', ['--mode', 'sat', '--secs', options.secs, '--warm', options.smoke ? 0.2 : 2]);
  if (only.has('rate')) await chat('rate', ['--mode', 'rate', '--rate', 1000, '--secs', options.secs, '--warm', options.smoke ? 0.2 : 2]);
}
if (only.has('idle')) {
  const server = await hub();
  note('idle', 'hub', load('qiao', '--port', server.port, '--pid', server.pid, '--mode', 'idle', '--visitors', options.smoke ? 200 : 10000,
    '--agents', 0, '--secs', 1));
  await server.stop();
}
if (only.has('start')) {
  const data = tempFolder('bench-start');
  const once = await Hub.start({data});  // makes the database and the demo data
  await once.stop();
  for (let i = 0; i < (options.smoke ? 1 : 10); ++i) {
    const port = await freePort();
    const began = performance.now();
    const child = spawn(path.join(bin, 'qiao'), ['run', '--demo', '--config', path.join(root, 'config/qiao.yaml'), '--data', data,
      '--listen', `127.0.0.1:${port}`], {stdio: 'ignore'});
    for (;;) {
      const ok = await new Promise(resolve => {
        const socket = net.connect(port, '127.0.0.1', () => {
          socket.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
        });
        socket.once('data', chunk => resolve(String(chunk).startsWith('HTTP/1.1 200')));
        socket.once('error', () => resolve(false));
        socket.once('close', () => resolve(false));
      });
      if (ok) break;
      await new Promise(resolve => setTimeout(resolve, 1));
    }
    const ms = performance.now() - began;
    const rss = Number(fs.readFileSync(`/proc/${child.pid}/smaps_rollup`, 'utf8').match(/Rss:\s+(\d+)/)[1]);
    note('start', 'hub', {ms: Math.round(ms), rss_kb: rss});
    child.kill();
    await new Promise(resolve => child.once('exit', resolve));
  }
}
if (only.has('webhook') && has('wrk') && has('nginx')) {
  const wrk = (url, lua) => {
    const done = spawnSync(...pinned(1, 'wrk', ['-t1', '-c64', `-d${options.smoke ? 1 : options.secs}s`, '-s', lua, url]), {encoding: 'utf8'});
    const rate = done.stdout.match(/Requests\/sec:\s+([\d.]+)/);
    const refused = done.stdout.match(/Non-2xx or 3xx responses: (\d+)/);
    return {requests_per_s: Math.round(Number(rate?.[1] ?? 0)), refused: Number(refused?.[1] ?? 0)};
  };
  const script = (name, headers) => {
    const file = path.join(work, `${name}.lua`);
    fs.writeFileSync(file, `wrk.method = "POST"\n${headers.map(([k, v]) => `wrk.headers["${k}"] = "${v}"`).join('\n')}\nlocal n = 0\n` +
      'local me = tostring({}):sub(8)\n' +
      'request = function() n = n + 1; return wrk.format(nil, nil, nil, \'{"id":"\' .. me .. n .. \'","text":"the quick brown customer asks about the lazy order number"}\') end\n');
    return file;
  };
  const conf = path.join(work, 'nginx.conf');
  const port = await freePort();
  fs.writeFileSync(conf, `daemon off; master_process off; pid ${work}/nginx.pid; error_log stderr crit; events {worker_connections 1024;}\n` +
    `http {access_log off; keepalive_requests 100000000; server {listen 127.0.0.1:${port}; location / {default_type application/json; return 200 '{"ok":true,"id":1}';}}}`);
  for (let round = 0; round < options.rounds; ++round) {
    const nginx = start(0, 'nginx', ['-c', conf]);
    await listening(port);
    note('webhook', 'nginx', wrk(`http://127.0.0.1:${port}/`, script('nginx', [['Content-Type', 'application/json']])));
    nginx.kill();
    if (servers.peer) {
      const server = await peer();
      note('webhook', 'peer', wrk(`http://127.0.0.1:${server.port}/`, script('peer', [['Content-Type', 'application/json']])));
      server.stop();
      const key = randomBytes(32);
      const mark = createHmac('sha256', key).update('hook').digest('base64url');
      const guarded = await peer(key.toString('hex'));
      note('webhook', 'peer with token and encryption', wrk(`http://127.0.0.1:${guarded.port}/`,
        script('guarded', [['Content-Type', 'application/json'], ['Authorization', `Bearer hook.${mark}`]])));
      guarded.stop();
    }
    const server = await hub();
    const visitor = await server.call('/api/v1/visitor/sessions', {site: 'demo', language: 'en'});
    note('webhook', 'hub', wrk(`${server.url}/api/v1/visitor/messages`,
      script('hub', [['Content-Type', 'application/json'], ['Authorization', `Bearer ${visitor.token}`]])));
    await server.stop();
  }
}

const median = list => list.sort((a, b) => a - b)[list.length >> 1];
const groups = new Map();
for (const r of results) groups.set(`${r.part} ${r.server}`, [...(groups.get(`${r.part} ${r.server}`) ?? []), r]);
console.log('\nmedians');
for (const [name, rows] of groups) {
  const figures = Object.entries(rows[0]).filter(([, v]) => typeof v === 'number')
    .map(([k]) => `${k}=${median(rows.map(r => r[k]))}`);
  console.log(`${name.padEnd(16)} ${figures.join(' ')}`);
}
fs.rmSync(work, {recursive: true, force: true});
process.exit(0);
