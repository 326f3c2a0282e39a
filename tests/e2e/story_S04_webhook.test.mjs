// S4 for a platform without a connector: described in YAML alone, as config/examples/webhook.yaml is shipped. Its customers write, agents
// answer; what a wrong mapping could not take stays with the dead letters and comes in after the operator has mended it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Agent} from './lib/client.mjs';
import {copyConfig, Hub, root, tempFolder, until} from './lib/hub.mjs';
import {Simulator} from './lib/simulator.mjs';

let shopchat, hub, boss, fragment, config;

before(async () => {
  shopchat = await Simulator.ofChannel('webhook');
  const data = tempFolder('s04-webhook');
  config = copyConfig(data);
  fragment = path.join(path.dirname(config), 'conf.d', 'webhook.yaml');
  configure('/customer/identifier');
  hub = await Hub.start({data, config});
  boss = new Agent(hub);
  await boss.login('admin');
});
after(async () => {
  await hub?.stop();
  shopchat?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

/** The example with the simulator's address and secrets; `user`: where the customer's id is looked for. */
function configure(user) {
  const text = fs.readFileSync(path.join(root, 'config/examples/webhook.yaml'), 'utf8')
    .replace('enabled: false', 'enabled: true')
    .replace('https://api.shopchat.example', shopchat.url)
    .replace('${file:secrets/shopchat-webhook}', shopchat.said.webhook_secret)
    .replace('${file:secrets/shopchat-webhook-old}', 'the-old-secret')
    .replace('${file:secrets/shopchat-api}', shopchat.said.api_secret)
    .replace('user: /customer/id\n', `user: ${user}\n`);
  fs.writeFileSync(fragment, text);
}
const post = events => shopchat.control({to: `${hub.url}/hooks/shopchat`, post: {events}});
const said = (id, text) => ({type: 'message.created', id, customer: {id: 'c1', name: '王芳'}, message: {text}});
const qiao = (...words) => hub.command(...words, '--data', hub.data, '--config', config);
const conversations = async () => (await boss.rest('GET', '/api/v1/conversations?view=any&channel=shopchat')).conversations;

test('a message that the mapping cannot read is kept, and comes in when the mapping is mended', async () => {
  assert.equal((await post([said('1', '在吗')])).status, 200);
  let id;
  await until(() => (id = qiao('dead-letters', 'list').stdout.match(/^(\d+)/m)?.[1]), 'the dead letter');
  assert.match(qiao('dead-letters', 'show', id).stdout, /has no user/);
  assert.equal((await conversations()).length, 0);

  configure('/customer/id');
  const reloaded = qiao('reload');
  assert.equal(reloaded.code, 0, reloaded.stderr);
  const replayed = qiao('dead-letters', 'replay', id);
  assert.equal(replayed.code, 0, replayed.stderr);
  await until(async () => (await conversations()).length === 1, 'the conversation');
  const [{id: conversation}] = await conversations();
  const {messages} = await boss.rest('GET', `/api/v1/conversations/${conversation}/messages`);
  assert.equal(messages[0].text, '在吗');
});

test('the customer writes again, an agent answers on the platform', async () => {
  assert.equal((await post([said('2', '转人工')])).status, 200);
  const [{id: conversation}] = await conversations();
  await boss.rest('POST', `/api/v1/conversations/${conversation}/take`);
  await boss.rest('POST', `/api/v1/conversations/${conversation}/messages`, {client_id: 'a1', text: '在的，请讲', note: false, attachments: []});
  await until(async () => (await shopchat.state()).written.some(m => m.text === '在的，请讲' && m.to === 'c1'), 'the answer on the platform');
  const tested = qiao('connector', 'test', 'shopchat');
  assert.equal(tested.code, 0, tested.stderr);
});
