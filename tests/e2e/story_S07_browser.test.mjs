// S7: before answering, the agent sees name, last purchase, earlier consultations and preferences: from the CRM and from every
// channel that this person used. Here the app and the web site, joined by the shop's own login.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {openBrowser, person} from './lib/browser.mjs';
import {Agent, Visitor} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder} from './lib/hub.mjs';
import {signed} from './lib/identity.mjs';
import {login, widget} from './lib/pages.mjs';

const secret = 'a-secret-that-only-the-shop-and-its-hub-know';
const pictures = process.env.QIAO_PICTURES;
const keep = async (page, name) => pictures && page.screenshot({path: path.join(pictures, `${name}.png`)});
let hub, browser;

/** What the shop's server signs for a customer who is logged in there. */
const lin = {user: 'u-1001', name: '林晓雨', phone: '+8613512340001'};

before(async () => {
  if (pictures) fs.mkdirSync(pictures, {recursive: true});
  const data = tempFolder('s07');
  const crm = path.join(data, 'crm.db');
  const made = spawnSync('sqlite3', [crm], {encoding: 'utf8', input: `
    CREATE TABLE customer (id TEXT, name TEXT, phone TEXT, tier TEXT, owner TEXT, last_purchase TEXT, city TEXT);
    CREATE TABLE sale (number TEXT, customer TEXT, placed_at TEXT, status TEXT, amount TEXT, currency TEXT, sku TEXT, name TEXT,
      quantity REAL, price TEXT);
    INSERT INTO customer VALUES ('C-1001', '林晓雨', '13512340001', '金卡', '陈晨', '2026-11-02 口红 豆沙色', '杭州');
    INSERT INTO sale VALUES ('QF20261102151200', 'C-1001', '2026-11-02 15:12:00', '已完成', '129.00', 'CNY', 'K-203', '口红 豆沙色', 1, '129.00');
  `});
  assert.equal(made.status, 0, `sqlite3: ${made.error ?? made.stderr}`);
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 's07.yaml'), `
plugins:
  web:
    config:
      sites:
        demo: {name: 鲜桥生鲜, identify_secret: ${secret}}
        app: {name: 鲜桥 App, in_app: true, identify_secret: ${secret}}
  crm:
    use: crm-sql
    config:
      connection: {engine: sqlite, file: ${crm}}
      customers:
        by_id: SELECT id AS crm_id, name, phone, tier, owner, last_purchase, city AS 城市 FROM customer WHERE id = :crm_id
        by_phone: SELECT id AS crm_id, name, phone, tier, owner, last_purchase, city AS 城市 FROM customer WHERE phone IN (:phones)
      orders:
        query: SELECT number, placed_at, status, amount, currency, sku, name, quantity, price FROM sale WHERE customer = :crm_id
`);
  hub = await Hub.start({data, config});
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

/** Says who a client written from the protocol alone is. */
async function identify(visitor, fields) {
  const id = randomUUID();
  visitor.send({t: 'identify', id, identity: signed(secret, fields)});
  const answer = await visitor.frame(f => (f.t === 'identified' || f.t === 'error') && f.id === id, 'identified');
  assert.equal(answer.verified, true, JSON.stringify(answer));
}

test('the agent knows the customer before the first word', async () => {
  // Some days ago, in the app.
  const app = new Visitor(hub, {site: 'app'});
  await app.connect();
  await identify(app, {...lin, attributes: {preferences: '上午送达，不要辣'}});
  await app.say('退货流程');
  await app.message('bot', /退货/);
  app.close();

  // Now on the web site: another browser, the same login.
  const customer = await person(browser);
  const chat = await widget(customer, hub);
  await customer.evaluate(identity => window.qiao.identify(identity), signed(secret, lin));
  await chat.say('我的退货审核3天了没动静');

  const agent = await person(browser, {width: 1440, height: 900});
  await login(agent, hub, 'liting');
  const item = agent.getByTestId('conversation-item').filter({hasText: '林晓雨'}).first();
  await item.click();
  await agent.getByTestId('contact-shown-name').getByText('林晓雨').waitFor();
  await agent.getByTestId('summary-last-purchase').getByText('口红 豆沙色').waitFor();
  await agent.getByTestId('summary-asked-before').waitFor();
  assert.doesNotMatch(await agent.getByTestId('summary-asked-before').innerText(), /[a-z]_[a-z]/, 'words, no key of an intent');
  await agent.getByTestId('summary-preferences').getByText('上午送达').waitFor();
  await agent.getByTestId('profile-card').getByText('金卡').first().waitFor();
  await agent.getByTestId('contact-orders').getByText('QF20261102151200').waitFor();
  await agent.getByTestId('contact-facts').getByText('135****0001').waitFor();
  assert.equal(await agent.getByTestId('contact-identity').count(), 2, 'the app and the web site');
  await keep(agent, 's07-profile');

  // What they asked in the app, to read only.
  const earlier = agent.locator('[data-testid=timeline-item][data-kind=conversation] button');
  assert.equal(await earlier.count(), 1, 'the earlier conversation; the one on the screen is not repeated');
  await earlier.click();
  await agent.getByTestId('transcript').getByText('退货流程', {exact: true}).waitFor();
  await keep(agent, 's07-transcript');
  await agent.keyboard.press('Escape');

  assert.equal(await chat.messages('agent').count(), 0, 'nobody has answered yet');
  await agent.getByTestId('composer-input').fill('林女士您好，看到您的退货申请了，马上为您催审核。');
  await agent.getByTestId('composer-send').click();
  await chat.messages('agent').filter({hasText: '马上为您催审核'}).waitFor();
  assert.deepEqual(agent.errors, []);
  assert.deepEqual(customer.errors, []);
  await customer.context().close();
  await agent.context().close();
});

test('what becomes known while the agent looks is shown without a reload', async () => {
  const visitor = new Visitor(hub);
  await visitor.connect();
  const {conversation} = await visitor.say('快递丢了要赔偿');
  const page = await person(browser, {width: 1440, height: 900});
  await login(page, hub, 'admin');
  await page.goto(`${hub.url}/workspace/#/c/${conversation}`);
  await page.getByTestId('contact-facts').waitFor();
  await identify(visitor, {user: 'u-2002', name: '周先生', phone: '+8613523450002'});
  await page.getByTestId('contact-shown-name').getByText('周先生').waitFor();
  await page.getByTestId('contact-facts').getByText('135****0002').waitFor();

  // A forged signature proves nothing and changes nothing.
  visitor.send({t: 'identify', id: 'forged', identity: `${signed(secret, lin).split('.')[0]}.${'0'.repeat(64)}`});
  const refused = await visitor.frame(f => f.t === 'error' && f.id === 'forged', 'the refusal');
  assert.match(refused.code, /identity/);
  visitor.close();
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('a CRM that is gone delays nothing but its own card', async () => {
  const admin = new Agent(hub);
  await admin.login('admin');
  fs.renameSync(path.join(hub.data, 'crm.db'), path.join(hub.data, 'crm.away'));
  const visitor = new Visitor(hub);
  await visitor.connect();
  const {conversation} = await visitor.say('坏果怎么赔，转人工');
  await identify(visitor, {user: 'u-3003', name: '何敏', phone: '+8613534560003'});
  const page = await person(browser, {width: 1440, height: 900});
  await login(page, hub, 'admin');
  await page.goto(`${hub.url}/workspace/#/c/${conversation}`);
  await page.getByTestId('dialogue-message').first().waitFor();
  await page.getByTestId('contact-shown-name').getByText('何敏').waitFor();
  await page.getByTestId('composer-input').fill('您好');
  assert.deepEqual(page.errors, []);
  visitor.close();
  await page.context().close();
});
