// S16: plugins are replaced by a new build while messages flow, and one that throws hurts nobody but itself.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Agent, Visitor} from './lib/client.mjs';
import {binary, copyConfig, Hub, tempFolder} from './lib/hub.mjs';

let hub, plugins;
const clients = [];
before(async () => {
  const data = tempFolder('s16');
  const config = copyConfig(data);
  // An installation of its own, so that its libraries can be replaced.
  const build = path.resolve(path.dirname(binary), '..');
  plugins = path.join(data, 'hub/plugins');
  fs.mkdirSync(plugins, {recursive: true});
  fs.mkdirSync(path.join(data, 'hub/bin'));
  const program = path.join(data, 'hub/bin/qiao');
  fs.copyFileSync(binary, program);
  for (const folder of ['lib', 'share']) fs.symlinkSync(path.join(build, folder), path.join(data, 'hub', folder));
  const libraries = fs.readdirSync(path.join(build, 'plugins')).filter(name => name.endsWith('.so')).map(name => path.join(build, 'plugins', name));
  libraries.push(path.join(build, 'fixtures/thrower/fixture-thrower.so'));
  for (const file of libraries) fs.copyFileSync(file, path.join(plugins, path.basename(file)));
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 's16.yaml'),
    'plugins:\n  thrower:\n    use: fixture-thrower\n    required: false\n');
  hub = await Hub.start({data, config, program});
});
after(async () => {
  clients.forEach(c => c.close());
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

/** A new build of a plugin: other bytes, therefore another generation. A library's tail is not code. */
function rebuild(name) {
  const file = path.join(plugins, `${name}.so`);
  const fresh = `${file}.new`;
  fs.writeFileSync(fresh, Buffer.concat([fs.readFileSync(file), Buffer.from('\n')]));
  fs.renameSync(fresh, file);
}
const generation = name =>
  hub.command('plugins', '--data', hub.data).stdout.split('\n').find(l => l.startsWith(`${name} `)).split(/\s+/)[3];

test('inbox, bot and routing are replaced under load: nothing lost, nothing twice, no gap', async () => {
  const visitor = new Visitor(hub);
  clients.push(visitor);
  await visitor.connect();
  let stop = false;
  const sent = [];
  const flow = (async () => {
    for (let i = 0; !stop; ++i) {
      const id = `flow-${i}`;
      // A refusal is honest: the same id is sent again, as every client of ours does.
      for (;;) {
        try {
          sent.push({id, ...(await visitor.say(`message ${i}`, id))});
          break;
        } catch (error) {
          assert.match(error.message, /was refused/);
          visitor.frames = visitor.frames.filter(f => f.id !== id);
        }
      }
      await new Promise(resolve => setTimeout(resolve, 55));  // below the 20 frames a second of a customer
    }
  })();
  for (const name of ['inbox', 'bot', 'routing', 'inbox']) {
    const before = generation(name);
    rebuild(name);
    const done = hub.command('reload', '--data', hub.data, '--plugin', name);
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.notEqual(generation(name), before, 'the new code runs');
    const count = sent.length;
    while (sent.length < count + 3) await new Promise(resolve => setTimeout(resolve, 20));
  }
  stop = true;
  await flow;
  const admin = new Agent(hub);
  await admin.login('admin');
  const {messages, more} = await admin.rest('GET', `/api/v1/conversations/${sent[0].conversation}/messages?limit=500`);
  assert.equal(more, false);
  messages.forEach((m, i) => assert.equal(m.seq, i + 1, 'no gap'));
  const stored = messages.filter(m => m.author === 'customer');
  assert.deepEqual(stored.map(m => m.text), sent.map((_, i) => `message ${i}`));
  assert.deepEqual(stored.map(m => m.seq), sent.map(s => s.seq));
});

test('the web plugin is replaced: its sockets come back and go on where they were', async () => {
  const visitor = new Visitor(hub);
  clients.push(visitor);
  await visitor.connect();
  const first = await visitor.say('在吗');
  rebuild('web');
  const done = hub.command('reload', '--data', hub.data, '--plugin', 'web');
  assert.equal(done.code, 0, done.stdout + done.stderr);
  assert.equal(await visitor.closed, 1012);
  const again = new Visitor(hub);
  clients.push(again);
  again.token = visitor.token;
  await again.connect({last_seq: first.seq});
  assert.equal(again.welcome.conversation, first.conversation);
  const second = await again.say('我回来了');
  assert.equal(second.conversation, first.conversation);
});

test('a plugin that throws is reported with the message it threw at, and the conversation goes on', async () => {
  const visitor = new Visitor(hub);
  clients.push(visitor);
  await visitor.connect();
  const poison = await visitor.say('this is poison');
  const next = await visitor.say('and this is not');
  assert.equal(next.conversation, poison.conversation);
  let listed = '';
  for (let i = 0; i < 100 && !listed.includes('this text is poison'); ++i) {
    listed = hub.command('dead-letters', 'list', '--data', hub.data).stdout;
  }
  assert.match(listed, /thrower/);
  assert.match(listed, /conversation\.message\.stored/);
  const metrics = await (await fetch(`${hub.url}/metrics`)).text();
  assert.match(metrics, /^qiao_bus_dead_letters_total [1-9]/m);
  assert.ok((await fetch(`${hub.url}/readyz`)).ok);
});
