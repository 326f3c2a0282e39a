// S12 on the web channel: intent and keyword lead to the right group, the refund link comes at once, customers inside the
// product are served first.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Agent, Visitor} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder} from './lib/hub.mjs';

let hub;
const clients = [];
before(async () => {
  const data = tempFolder('s12');
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'sites.yaml'),
    'plugins:\n  web:\n    config:\n      sites:\n        demo: {name: 鲜桥生鲜}\n        app:\n          in_app: true\n');
  hub = await Hub.start({data, config});
});
after(async () => {
  clients.forEach(c => c.close());
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

async function visitor(options) {
  const v = new Visitor(hub, options);
  clients.push(v);
  await v.connect();
  return v;
}
async function agent(login) {
  const a = new Agent(hub);
  clients.push(a);
  await a.login(login);
  await a.connect();
  return a;
}
const group = v => v.frame(f => f.t === 'state' && f.group !== '', 'a group').then(f => f.group);

for (const [text, wanted] of [['配送延迟', 'logistics'], ['课程报名', 'sales'], ['系统报错', 'tech']]) {
  test(`${text} goes to ${wanted}`, async () => {
    const v = await visitor();
    await v.say(`${text}，请帮我转人工`);
    assert.equal(await group(v), wanted);
  });
}

test('退款 gets the refund link at once', async () => {
  const v = await visitor();
  await v.say('退款');
  const answer = await v.frame(f => f.t === 'msg' && f.author === 'bot', 'the bot');
  assert.match(JSON.stringify(answer), /refund/);
});

test('a customer inside the product comes before one who waits longer', async () => {
  const first = await visitor();
  await first.say('发票问题，转人工');
  assert.equal(await group(first), 'finance');
  const inApp = await visitor({site: 'app'});
  await inApp.say('发票问题，转人工');
  assert.equal(await group(inApp), 'finance');
  await first.frame(f => f.t === 'state' && f.place === 2, 'the second place for who came first');
  const sunmin = await agent('sunmin');
  const assigned = await sunmin.frame(f => f.t === 'conversation' && f.what === 'assigned', 'an assignment');
  assert.equal(assigned.conversation.site, 'app');
});

test('an agent of another group does not see the conversation', async () => {
  const v = await visitor();
  const said = await v.say('系统报错，转人工');
  assert.equal(await group(v), 'tech');
  const liting = await agent('liting');
  await assert.rejects(liting.rest('GET', `/api/v1/conversations/${said.conversation}`), /404/);
  await assert.rejects(liting.rest('GET', `/api/v1/conversations/${said.conversation}/messages`), /404/);
  await assert.rejects(liting.reply(said.conversation, 'hello'), /no such conversation/);
});
