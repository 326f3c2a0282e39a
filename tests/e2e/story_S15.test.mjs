// S15: an operator changes routing and switches a plugin off and on; only what changed is touched, nothing in flight is
// lost, and a bad file leaves the running hub as it was.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Agent, Visitor} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder} from './lib/hub.mjs';

let hub, routing, tickets;
const clients = [];
const rules = group => `plugins:\n  routing:\n    config:\n      rules:\n        - keywords: [奇遇周]\n          group: ${group}\n`;

before(async () => {
  const data = tempFolder('s15');
  const config = copyConfig(data);
  routing = path.join(path.dirname(config), 'conf.d', 'routing.yaml');
  tickets = path.join(path.dirname(config), 'conf.d', 'tickets.yaml');
  fs.writeFileSync(routing, rules('sales'));
  // One customer writes as fast as they are answered, which nobody types.
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'web.yaml'), 'plugins:\n  web:\n    config:\n      visitor_messages_per_second: 10000\n');
  hub = await Hub.start({data, config});
});
after(async () => {
  clients.forEach(c => c.close());
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

async function visitor() {
  const v = new Visitor(hub);
  clients.push(v);
  await v.connect();
  return v;
}
async function groupOf(text) {
  const v = await visitor();
  await v.say(`${text}，转人工`);
  return (await v.frame(f => f.t === 'state' && f.group !== '', 'a group')).group;
}
const check = () => hub.command('check', '--config', hub.config);
const reload = () => hub.command('reload', '--config', hub.config, '--data', hub.data);

test('a changed rule holds after the reload, and a customer in service notices nothing', async () => {
  const agent = new Agent(hub);
  clients.push(agent);
  await agent.login('liting');
  await agent.connect();
  const inService = await visitor();
  const first = await inService.say('苹果坏了一半，转人工');
  await agent.frame(f => f.t === 'conversation' && f.what === 'assigned', 'the assignment');

  assert.equal(await groupOf('奇遇周'), 'sales');
  fs.writeFileSync(routing, rules('finance'));
  const checked = check();
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  const reloaded = reload();
  assert.equal(reloaded.code, 0, reloaded.stdout + reloaded.stderr);
  assert.match(reloaded.stdout, /routing/);
  assert.doesNotMatch(reloaded.stdout, /inbox/, 'what did not change is not touched');
  assert.equal(await groupOf('奇遇周'), 'finance');

  const second = await inService.say('还在吗');
  assert.equal(second.conversation, first.conversation);
  await agent.reply(first.conversation, '在的');
  await inService.message('agent', /在的/);
});

test('a mistake is named by file, line and key, and changes nothing', async () => {
  fs.writeFileSync(routing, rules('tech').replace('keywords', 'keywrods'));
  for (const done of [check(), reload()]) {
    assert.equal(done.code, 78, done.stdout + done.stderr);
    assert.match(done.stdout + done.stderr, /routing\.yaml:5:\d+: error\[config\.unknown_key\].*keywrods.*did you mean "keywords"/);
  }
  assert.equal(await groupOf('奇遇周'), 'finance');
  fs.writeFileSync(routing, rules('finance'));
});

test('a plugin goes off and on while messages flow, and none is lost', async () => {
  const writer = await visitor();
  let stop = false;
  const acks = [];
  const flow = (async () => {
    for (let i = 0; !stop; ++i) acks.push(await writer.say(`message ${i}`));
  })();
  const admin = new Agent(hub);
  await admin.login('admin');
  const listed = async () => (await fetch(`${hub.url}/api/v1/tickets`, {headers: {authorization: `Bearer ${admin.token}`}})).status;
  assert.equal(await listed(), 200);
  const reloaded = () => {
    const done = reload();
    assert.equal(done.code, 0, done.stdout + done.stderr);
  };
  fs.writeFileSync(tickets, 'plugins:\n  tickets:\n    enabled: false\n');
  reloaded();
  assert.equal(await listed(), 404);
  fs.rmSync(tickets);
  reloaded();
  assert.equal(await listed(), 200);
  stop = true;
  await flow;
  assert.ok(acks.length > 0);
  assert.ok(acks.every((a, i) => i === 0 || a.seq > acks[i - 1].seq), 'in order');
});
