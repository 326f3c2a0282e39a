// S4, the app's part: a customer of the shop's app writes and is known by what the shop's server signed; an agent answers; what the
// app has not got wakes the phone, without a word of it, also when the hub is killed in between.
import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {appYaml, phone, register} from './lib/app_customer.mjs';
import {Agent, Visitor} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder, until} from './lib/hub.mjs';
import {Simulator} from './lib/simulator.mjs';

const secret = 'secret-of-the-app';
let hub, apns, agent, boss, app, conversation;

before(async () => {
  apns = await Simulator.ofChannel('apns');
  const data = tempFolder('s04-app');
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'app.yaml'), `plugins:\n${appYaml(apns, secret)}`);
  hub = await Hub.start({data, config});
  boss = new Agent(hub);
  await boss.login('admin');
  agent = new Agent(hub);
  await agent.login('liting');
  await agent.connect();
});
after(async () => {
  app?.close();
  agent?.close();
  await hub?.stop();
  apns?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

function jwt(claims) {
  const now = Math.floor(Date.now() / 1000);
  const part = value => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({alg: 'HS256', typ: 'JWT'})}.${part({iat: now, exp: now + 3600, jti: 'j1', ...claims})}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
async function open() {
  const token = app?.token;
  app = new Visitor(hub, {site: 'app'});
  app.token = token;
  app.onframe = frame => {
    if (frame.t === 'msg' && frame.author !== 'customer') app.send({t: 'got', seq: frame.seq});
  };
  return app.connect({receipts: true});
}
const pushes = async () => (await apns.state()).written;

test('the customer of the app is known by what the shop signed, and a person takes over', async () => {
  await open();
  app.send({t: 'identify', id: 'i1', identity: jwt({sub: 'u88', name: '王芳'})});
  assert.equal((await app.frame(f => f.id === 'i1', 'the answer to identify')).verified, true);
  assert.equal((await register(hub, app.token)).status, 204);
  assert.equal((await register(hub, 'forged')).status, 401);
  conversation = (await app.say('我的订单到哪了？转人工')).conversation;
  await boss.rest('POST', `/api/v1/conversations/${conversation}/transfer`, {to_agent: agent.me.id, to_group: '', note: ''});
  const view = await boss.rest('GET', `/api/v1/conversations/${conversation}`);
  const contact = await boss.rest('GET', `/api/v1/contacts/${view.contact}`);
  assert.equal(contact.name, '王芳');
  assert.ok(contact.claims.some(c => c.kind === 'app_user' && c.verified), JSON.stringify(contact.claims));
});

test('an open app gets the answer, says so, and is not woken for it', async () => {
  const sent = await agent.reply(conversation, '您好，我帮您查一下');
  await app.message('agent', /帮您查/);
  await agent.frame(f => f.t === 'delivery' && f.seq === sent.seq && f.state === 'delivered', 'the agent to see that it arrived');
  const quiet = (await pushes()).length;
  assert.equal(quiet, 0);
});

test('an app that sleeps is woken once, without a word of the message', async () => {
  app.close();
  await app.closed;
  const sent = await agent.reply(conversation, '包裹在上海转运中心');
  await until(async () => (await pushes()).length === 1, 'the push');
  const [push] = await pushes();
  assert.equal(push.token, phone);
  assert.equal(push.headers['apns-topic'], 'com.example.shop');
  assert.equal(push.payload.aps.alert.body.includes('包裹'), false);
  assert.ok(push.payload.aps.badge >= 1);
  assert.equal(push.payload.hub.c, conversation);
  await agent.frame(f => f.t === 'delivery' && f.seq === sent.seq && f.state === 'sent', 'the agent to see that the phone was told');
  await open();
  await app.message('agent', /上海转运/);
  app.send({t: 'read', seq: sent.seq});
  await agent.frame(f => f.t === 'delivery' && f.seq === sent.seq && f.state === 'delivered', 'the agent to see that it arrived');
  await agent.frame(f => f.t === 'conversation' && f.conversation.read_by_customer >= sent.seq, 'the agent to see that it was read');
});

test('a hub that is killed before it woke the phone does so when it is back', async () => {
  app.close();
  await app.closed;
  await agent.reply(conversation, '今天送到');
  await hub.kill();
  assert.equal((await pushes()).length, 1);
  await hub.start();
  await until(async () => (await pushes()).length === 2, 'the push after the restart', 40);
  await open();
  await app.message('agent', /今天送到/);
  assert.equal((await pushes()).length, 2);
});
