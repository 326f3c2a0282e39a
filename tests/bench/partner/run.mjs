// Partner look-ups from memory: 5,000 a second, alone and beside chats, and as many as there can be, each beside an empty
// route of the same gateway. The hub is on one core, the generators on the other.
//
//   node tests/bench/partner/run.mjs [--rounds 3] [--secs 5] [--rate 5000] [--chats 500] [--smoke]
//
// Needs a release build. `chats` are messages a second that customers and agents write meanwhile (chat_load).
import {spawn, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {copyConfig, Hub, root, tempFolder} from '../../e2e/lib/hub.mjs';
import {ask, KeyOffice} from '../../e2e/lib/partner.mjs';

const options = {rounds: 3, secs: 5, rate: 5000, chats: 500, smoke: false};
for (let i = 2; i < process.argv.length; ++i) {
  const key = process.argv[i].slice(2);
  options[key] = key === 'smoke' ? true : Number(process.argv[++i]);
}
if (options.smoke) Object.assign(options, {rounds: 1, secs: 0.5, rate: 500, chats: 100});
const bin = process.env.QIAO_BIN ? path.dirname(process.env.QIAO_BIN) : path.join(root, 'build/release/bin');
const twoCores = spawnSync('taskset', ['-c', '1', 'true']).status === 0;
const pinned = (program, args) => twoCores ? ['taskset', ['-c', '1', path.join(bin, program), ...args.map(String)]]
  : [path.join(bin, program), args.map(String)];

const data = tempFolder('bench-partner');
const skus = Array.from({length: 1000}, (_, i) => `SKU-${i}`);
fs.writeFileSync(path.join(data, 'stock.csv'), 'sku,warehouse,warehouse_name,on_hand,reserved\n' +
  skus.map((sku, i) => `${sku},SH,Shanghai,${i},0\n${sku},HZ,Hangzhou,${i},1\n`).join(''));
const config = copyConfig(data);
fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'bench.yaml'), JSON.stringify({
  // Not to the pipe: nobody reads it while the load runs.
  hub: {log: {file: 'hub.log'}, limits: Object.fromEntries(['connections', 'connections_per_address', 'connections_per_second', 'requests_per_second',
    'session_requests_per_second'].map(key => [key, 1000000]))},
  plugins: {
    bot: {enabled: false},
    web: {config: {visitor_messages_per_second: 100000, new_visitors_per_minute: 1000000}},
    erp: {config: {stock: {file: path.join(data, 'stock.csv')}}},
  }}));
const hub = await Hub.start({data: path.join(data, 'hub'), config});
process.on('exit', () => {
  hub.process.kill();
  fs.rmSync(data, {recursive: true, force: true});
});
if (twoCores) spawnSync('taskset', ['-acp', '0', String(hub.process.pid)]);
const office = await new KeyOffice(hub).login();
const {secret} = await office.make({name: 'Bench', kind: 'server', per_minute: 1000000, per_day: 1000000000});

const post = async (where, body) => {
  const answer = await fetch(hub.url + where, {method: 'POST', body: JSON.stringify(body),
    headers: {'content-type': 'application/json', authorization: `Bearer ${office.token}`}});
  if (!answer.ok) throw new Error(`${where}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
const tokens = [];
for (let i = 0; i < 10; ++i) {
  const who = {login: `bench${i}`, password: 'a long bench password'};
  await post('/api/v1/agents', {...who, name: `Bench ${i}`, role: 'agent', groups: ['after-sales'], capacity: 100});
  tokens.push((await post('/api/v1/login', {...who, token: true})).token);
}
fs.writeFileSync(path.join(data, 'tokens'), tokens.join('\n') + '\n');

const answer = await ask(hub, secret, '/stock?sku=SKU-7');
if (answer.status !== 200) throw new Error(`the look-up does not work: ${answer.status} ${await answer.text()}`);

const lookups = ['--path', '/api/partner/v1/stock?sku=', '--values', skus.join(','), '--key', secret];
const empty = ['--path', '/healthz'];
function load(what, args) {
  const [command, list] = pinned('partner_load', ['--port', hub.port, '--pid', hub.process.pid, '--secs', options.secs,
    '--warm', options.smoke ? 0.2 : 1, ...what, ...args]);
  const done = spawnSync(command, list, {encoding: 'utf8'});
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout);
}

function startChats() {
  const [command, list] = pinned('chat_load', ['qiao', '--port', hub.port, '--pid', hub.process.pid, '--mode', 'rate', '--rate', options.chats,
    '--secs', options.secs + 3, '--warm', 0.2, '--agent-tokens', path.join(data, 'tokens')]);
  const child = spawn(command, list, {stdio: ['ignore', 'pipe', 'inherit']});
  let out = '';
  child.stdout.on('data', chunk => (out += chunk));
  return new Promise((resolve, reject) => child.once('exit', code =>
    code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`chat_load ended with ${code}`))));
}

const rows = [];
const note = (name, figures) => {
  rows.push({name, ...figures});
  console.log(JSON.stringify(rows.at(-1)));
};
for (let round = 0; round < options.rounds; ++round) {
  const rate = ['--rate', options.rate];
  note('empty route', load(empty, rate));
  note('look-up', load(lookups, rate));
  const chats = startChats();
  await new Promise(resolve => setTimeout(resolve, 1500));  // its customers are there
  note('look-up beside chats', load(lookups, rate));
  note('chats meanwhile', await chats);
  note('empty route, as many as can be', load(empty, []));
  note('look-up, as many as can be', load(lookups, []));
}
await hub.stop();

const median = (name, figure) => rows.filter(r => r.name === name).map(r => r[figure]).sort((a, b) => a - b)[options.rounds >> 1];
const ratio = (a, b, figure) => (median(a, figure) / median(b, figure)).toFixed(2);
console.log(`\nmedians of ${options.rounds}`);
for (const name of ['empty route', 'look-up', 'look-up beside chats'])
  console.log(`${name.padEnd(22)} ${median(name, 'per_s')}/s  p50 ${median(name, 'p50_us')} us  p99 ${median(name, 'p99_us')} us  refused ${median(name, 'refused')}`);
for (const name of ['empty route, as many as can be', 'look-up, as many as can be'])
  console.log(`${name.padEnd(32)} ${median(name, 'per_s')}/s  ${median(name, 'server_us_each')} us of the hub each`);
console.log(`ratio to the empty route: processor time ${ratio('look-up, as many as can be', 'empty route, as many as can be', 'server_us_each')}, ` +
  `rate ${ratio('look-up, as many as can be', 'empty route, as many as can be', 'per_s')}, p99 at ${options.rate}/s ${ratio('look-up', 'empty route', 'p99_us')}`);
const p99 = median('look-up beside chats', 'p99_us');
const refused = rows.reduce((n, r) => n + (r.refused ?? 0), 0);
if (!options.smoke && (p99 > 20000 || refused > 0 || median('look-up beside chats', 'per_s') < options.rate * 0.99)) {
  console.error(`missed: ${options.rate}/s beside chats with p99 below 20 ms and none refused`);
  process.exit(1);
}
process.exit(0);
