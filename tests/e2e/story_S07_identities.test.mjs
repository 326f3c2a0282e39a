// S7: the same person in the shop's page and in its app is one contact as soon as both have proven the same phone number or
// UnionID; what nobody has proven joins nobody; a merge can be taken apart.
import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Agent, Visitor} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder, until} from './lib/hub.mjs';

const secrets = {shop: 'secret-of-the-shop', app: 'secret-of-the-app'};
let hub, agent, boss;
const clients = [];

before(async () => {
  const data = tempFolder('s07');
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'sites.yaml'), `plugins:
  web:
    config:
      sites:
        shop: {name: 鲜到家, identify_secret: ${secrets.shop}}
        app: {name: 鲜到家 App, in_app: true, identify_secret: ${secrets.app}}
`);
  hub = await Hub.start({data, config});
  agent = await loggedIn('liting');
  boss = await loggedIn('admin');
});
after(async () => {
  clients.forEach(c => c.close());
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

async function loggedIn(login) {
  const one = new Agent(hub);
  clients.push(one);
  await one.login(login);
  return one;
}
async function visitor(site) {
  const one = new Visitor(hub, {site});
  clients.push(one);
  await one.connect();
  return one;
}
function signed(site, who, seconds = 300) {
  const payload = Buffer.from(JSON.stringify({...who, exp: Math.floor(Date.now() / 1000) + seconds})).toString('base64url');
  return `${payload}.${createHmac('sha256', secrets[site]).update(payload).digest('hex')}`;
}
let count = 0;
async function identify(who, frame) {
  const id = `i${++count}`;
  who.send({t: 'identify', id, ...frame});
  return who.frame(f => f.id === id && (f.t === 'identified' || f.t === 'error'), 'the answer to identify');
}
async function contactOf(conversation) {
  return (await boss.rest('GET', `/api/v1/conversations/${conversation}`)).contact;
}

test('a forged, foreign or old identity counts for nothing', async () => {
  const v = await visitor('shop');
  const phone = {phone: '13500135001'};
  for (const identity of [signed('app', phone), signed('shop', phone, -10), `${signed('shop', phone).slice(0, -1)}x`, 'nonsense']) {
    const answer = await identify(v, {identity});
    assert.equal(answer.t, 'error', identity);
    assert.match(answer.code, /^web\.(bad_identity|identity_over)$/);
  }
  const found = await boss.rest('GET', '/api/v1/contacts?search=13500135001');
  assert.equal(found.contacts.length, 0);
});

test('page and app with one proven phone number and UnionID are one contact with one timeline', async () => {
  const web = await visitor('shop');
  const asked = await web.say('退货流程');
  const app = await visitor('app');
  const ordered = await app.say('我的订单到哪了，转人工');
  const before = [await contactOf(asked.conversation), await contactOf(ordered.conversation)];
  assert.notEqual(before[0], before[1]);

  assert.equal((await identify(web, {identity: signed('shop', {name: '王芳', phone: '135 0013 5000', unionid: 'o-1'})})).verified, true);
  assert.equal((await identify(app, {identity: signed('app', {user: 'u42', phone: '+8613500135000', unionid: 'o-1'})})).verified, true);
  await until(async () => (await contactOf(ordered.conversation)) === before[0], 'the conversations to have one contact');

  const contact = await agent.rest('GET', `/api/v1/contacts/${before[1]}`);
  assert.equal(contact.id, before[0], 'the old id leads to the same person');
  assert.equal(contact.name, '王芳');
  assert.equal(contact.phone, '135****5000');
  assert.equal(contact.identities.length, 2);
  assert.equal(contact.conversations, 2);
  const timeline = await boss.rest('GET', `/api/v1/contacts/${contact.id}/timeline`);
  const talks = timeline.items.filter(i => i.kind === 'conversation').map(i => i.id);
  assert.deepEqual(new Set(talks), new Set([asked.conversation, ordered.conversation]));
  const ringing = await boss.rest('GET', '/api/v1/contacts?search=135-0013-5000');
  assert.equal(ringing.contacts[0].id, contact.id);

  const {merges} = await boss.rest('GET', `/api/v1/contacts/${contact.id}/merges`);
  assert.equal(merges.length, 1);
  await boss.rest('POST', `/api/v1/contacts/merges/${merges[0].id}/undo`);
  await until(async () => (await contactOf(ordered.conversation)) === before[1], 'the app conversation to be on its own again');
  assert.equal((await boss.rest('GET', `/api/v1/contacts/${before[0]}`)).identities.length, 1);
});

test('what a customer only says is shown as not proven and joins nobody', async () => {
  const one = await visitor('shop');
  const first = await one.say('我是老客户');
  assert.equal((await identify(one, {identity: signed('shop', {phone: '13500135002'})})).verified, true);
  const other = await visitor('shop');
  const second = await other.say('我也是老客户，转人工');
  assert.equal((await identify(other, {name: '李四', phone: '13500135002'})).verified, false);
  const ids = [await contactOf(first.conversation), await contactOf(second.conversation)];
  assert.notEqual(ids[0], ids[1]);
  const {suggestions} = await boss.rest('GET', `/api/v1/contacts/${ids[1]}/merges`);
  assert.deepEqual(suggestions.map(s => [s.contact, s.reason]), [[ids[0], 'phone']]);
});
