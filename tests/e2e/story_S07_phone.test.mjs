// S7: the phone rings. Before anybody answers, the agent sees name, last purchase, earlier consultations and preferences: from
// the CRM, and from the web site where this person talked before. Then the call, its recording, a missed one, and a call back.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {openBrowser, person} from './lib/browser.mjs';
import {Agent, Visitor} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder, until} from './lib/hub.mjs';
import {signed} from './lib/identity.mjs';
import {login} from './lib/pages.mjs';
import {Telephone} from './lib/telephone.mjs';

const secret = 'a-secret-that-only-the-shop-and-its-hub-know';
const pictures = process.env.QIAO_PICTURES;
const keep = async (page, name) => pictures && page.screenshot({path: path.join(pictures, `${name}.png`)});
const lin = {user: 'u-1001', name: '林晓雨', phone: '+8613512340001'};
let hub, browser, telephone, office;

before(async () => {
  if (pictures) fs.mkdirSync(pictures, {recursive: true});
  telephone = await Telephone.start('freeswitch');
  const data = tempFolder('s07p');
  const crm = path.join(data, 'crm.db');
  const made = spawnSync('sqlite3', [crm], {encoding: 'utf8', input: `
    CREATE TABLE customer (id TEXT, name TEXT, phone TEXT, tier TEXT, owner TEXT, last_purchase TEXT, city TEXT);
    INSERT INTO customer VALUES ('C-1001', '林晓雨', '13512340001', '金卡', '陈晨', '2026-11-02 口红 豆沙色', '杭州');
  `});
  assert.equal(made.status, 0, `sqlite3: ${made.error ?? made.stderr}`);
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 's07p.yaml'), `
plugins:
  web:
    config:
      sites:
        demo: {name: 鲜桥生鲜, identify_secret: ${secret}}
  crm:
    use: crm-sql
    config:
      connection: {engine: sqlite, file: ${crm}}
      customers:
        by_id: SELECT id AS crm_id, name, phone, tier, owner, last_purchase, city AS 城市 FROM customer WHERE id = :crm_id
        by_phone: SELECT id AS crm_id, name, phone, tier, owner, last_purchase, city AS 城市 FROM customer WHERE phone IN (:phones)
  voice:
    use: voice
    config:
      system: freeswitch
      host: 127.0.0.1
      port: ${telephone.about.esl}
      secret: ${telephone.about.password}
      agents: {liting: "1005", zhouxue: "1006"}
      dial_action: "&bridge(sofia/gateway/main/{number})"
      recording_url: https://pbx.example.com/recordings/{file}
      missed_group: after-sales
`);
  hub = await Hub.start({data, config});
  await until(async () => (await telephone.state()).lines === 1, 'the hub to log in at the exchange');
  office = new Agent(hub);
  await office.login('zhouxue');
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await hub?.stop();
  await telephone?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

/** Where the frame with the agent's own state is hidden. */
async function loginOnPhone(page, name) {
  await page.goto(`${hub.url}/workspace/`);
  await page.getByTestId('login-name').fill(name);
  await page.getByTestId('login-password').fill('qiao-demo-2026');
  await page.getByTestId('login-submit').click();
  await page.getByTestId('conversation-list').waitFor();
}

/** The conversation of a caller. */
async function conversationOf(number) {
  const {conversations} = await office.rest('GET', '/api/v1/conversations?view=any&channel=voice&limit=50');
  return conversations.find(c => c.user === number);
}
const notesOf = async conversation =>
  (await office.rest('GET', `/api/v1/conversations/${conversation.id}/messages?limit=50`)).messages.filter(m => m.note);

test('the agent knows the caller before answering', async () => {
  // Yesterday on the web site, logged in.
  const visitor = new Visitor(hub);
  await visitor.connect();
  const id = randomUUID();
  visitor.send({t: 'identify', id, identity: signed(secret, lin)});
  await visitor.frame(f => f.t === 'identified' && f.id === id, 'identified');
  await visitor.say('退货流程');
  await visitor.message('bot', /./);
  const known = (await office.rest('GET', '/api/v1/contacts?search=%2B8613512340001')).contacts[0];
  await office.rest('PATCH', `/api/v1/contacts/${known.id}`, {attributes: {preferences: '只要哑光色号，顺丰'}});
  visitor.close();

  const desk = await person(browser, {width: 1440, height: 900});
  await login(desk, hub, 'liting');
  const pocket = await person(browser, {width: 360, height: 740, locale: 'en'});
  await loginOnPhone(pocket, 'liting');

  const rings = Date.now();
  await telephone.act({do: 'ring', call: 'c1', from: '013512340001', to: '4008', extension: '1005', queue: 'sales'});
  const card = desk.getByTestId('call-popup').and(desk.locator('[data-state=ringing]'));
  await card.getByTestId('call-name').getByText('林晓雨').waitFor();
  console.log(`the caller's name was on the screen ${Date.now() - rings} ms after the phone rang`);
  await card.getByTestId('summary-last-purchase').getByText('口红 豆沙色').waitFor();
  await card.getByTestId('summary-preferences').getByText('只要哑光色号').waitFor();
  await card.getByTestId('summary-asked-before').waitFor();
  await card.getByTestId('call-company').getByText('金卡').waitFor();
  // An agent may not see numbers in full.
  assert.match(await card.getByTestId('call-number').innerText(), /135\*\*\*\*0001/);
  await keep(desk, 's07-phone-rings');
  await pocket.getByTestId('call-name').waitFor();
  await pocket.getByTestId('summary-last-purchase').first().waitFor();
  await keep(pocket, 's07-phone-rings-360-en');
  assert.deepEqual((await telephone.state()).open, ['c1'], 'nobody has answered yet');

  await telephone.act({do: 'answer', call: 'c1', extension: '1005'});
  await desk.locator('[data-testid=call-popup][data-state=answered]').getByTestId('call-time').waitFor();
  await telephone.act({do: 'hold', call: 'c1'});
  await desk.locator('[data-testid=call-popup][data-state=held]').waitFor();
  await telephone.act({do: 'unhold', call: 'c1'});
  await desk.getByTestId('call-open').click();
  await desk.getByTestId('dialogue').waitFor();
  await telephone.act({do: 'record', call: 'c1', file: '/var/recordings/c1.wav'});
  await telephone.act({do: 'hangup', call: 'c1'});
  await desk.getByTestId('call-popup').waitFor({state: 'detached'});
  await desk.getByTestId('dialogue-message').filter({hasText: '李婷 接听'}).waitFor();
  await keep(desk, 's07-phone-noted');

  const conversation = await conversationOf('+8613512340001');
  assert.equal(conversation.contact_name, '林晓雨', 'the call belongs to the person who was known');
  const notes = await notesOf(conversation);
  assert.match(notes[0].text, /来电 135\*\*\*\*0001，队列 sales|来电 135\*\*\*\*0001/);
  const last = notes.at(-1);
  assert.match(last.text, /来电 135\*\*\*\*0001 已结束：李婷 接听/);
  assert.equal(last.cards?.[0]?.url, 'https://pbx.example.com/recordings/c1.wav');
  assert.deepEqual(desk.errors, []);
  assert.deepEqual(pocket.errors, []);
  await pocket.context().close();
  await desk.context().close();
});

test('a missed call waits in the queue, and is called back by a click', async () => {
  const desk = await person(browser, {width: 1440, height: 900});
  await login(desk, hub, 'zhouxue');
  await telephone.act({do: 'ring', call: 'c2', from: '13900001111', name: '王先生', extension: '1006'});
  await desk.getByTestId('call-name').getByText('王先生').waitFor();
  await telephone.act({do: 'hangup', call: 'c2', cause: 'cancel'});
  await desk.getByTestId('call-popup').waitFor({state: 'detached'});
  let conversation;
  await until(async () => {
    conversation = await conversationOf('+8613900001111');
    return conversation && conversation.state !== 'bot';
  }, 'the missed call to be in the queue or with somebody');
  assert.ok(['queued', 'assigned'].includes(conversation.state), conversation.state);
  assert.equal(conversation.handoff_reason, 'missed_call');
  assert.match((await notesOf(conversation)).at(-1).text, /未接来电 139\*\*\*\*1111/);

  await desk.goto(`${hub.url}/workspace/#/c/${conversation.id}`);
  await desk.getByTestId('handoff-reason').getByText('未接来电').waitFor();
  await desk.getByTestId('call-dial').click();
  await until(async () => (await telephone.state()).orders.length === 1, 'the exchange to ring the agent');
  const [order] = (await telephone.state()).orders;
  assert.equal(order.extension, '1006');
  assert.equal(order.number, '13900001111');
  const card = desk.getByTestId('call-popup');
  await card.getByText('呼出').waitFor();
  await telephone.act({do: 'answer', call: order.call});
  await desk.locator('[data-testid=call-popup][data-state=answered]').waitFor();
  await keep(desk, 's07-phone-calls-back');
  await telephone.act({do: 'hangup', call: order.call});
  await card.waitFor({state: 'detached'});
  await until(async () => /呼出 139\*\*\*\*1111 已结束：周雪 通话/.test((await notesOf(conversation)).at(-1).text), 'the call back to be noted');
  assert.deepEqual(desk.errors, []);
  await desk.context().close();
});
