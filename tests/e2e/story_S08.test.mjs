// S8: whether something is in stock is answered from the ERP, by the bot and for the agent; the customer's past orders are
// there, too. A hung ERP holds up nobody. The ERP is a real Tryton.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Tryton} from '../support/tryton/tryton.mjs';
import {Agent, Visitor} from './lib/client.mjs';
import {copyConfig, Hub, root, tempFolder, until} from './lib/hub.mjs';

let erp, hub, data, agent;
const clients = [];
before(async () => {
  erp = await Tryton.start({cache: process.env.QIAO_TRYTON_CACHE ?? path.join(root, 'build/dev/tryton')});
  data = tempFolder('s08');
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 's08.yaml'), JSON.stringify({plugins: {
    erp: {enabled: false},
    tryton: {use: 'tryton', required: false, config: {url: erp.url, database: 'erp', user: 'admin', password: 'tryton-test-1',
      stock_fresh_for: '1s', customer_fresh_for: '1s'}}}}));
  hub = await Hub.start({data: path.join(data, 'hub'), config});
  agent = new Agent(hub);
  await agent.login('admin');
  // The first answer may come after the deadline while both are starting.
  await until(async () => (await agent.rest('GET', '/api/v1/stock?sku=A-7')).sku === 'A-7', 'the first answer of the ERP');
}, {timeout: 400000});
after(async () => {
  clients.forEach(c => c.close());
  await hub?.stop();
  await erp?.stop();
  if (data) fs.rmSync(data, {recursive: true, force: true});
});

/** What the ERP says in the end: an answer that took too long on a busy machine is remembered for the next who asks. */
async function erpSays(query) {
  let answer;
  await until(async () => {
    try {
      answer = await agent.rest('GET', query);
    } catch (error) {
      if (/ 503 /.test(error.message)) return false;
      answer = {error: error.message};
    }
    return true;
  }, `the ERP to answer ${query}`);
  return answer;
}

async function customer() {
  const visitor = new Visitor(hub);
  clients.push(visitor);
  await visitor.connect();
  return visitor;
}

/** Says something and waits for the bot's next words. */
async function ask(visitor, text) {
  const before = visitor.frames.length;
  await visitor.say(text);
  return visitor.frame(f => visitor.frames.indexOf(f) >= before && f.t === 'msg' && f.author === 'bot', `the bot's answer to ${text}`);
}

test('the bot answers from the ERP, and the agent sees the same with the reservations', async () => {
  const visitor = await customer();
  const answer = await ask(visitor, 'A-7 还有货吗');
  assert.match(answer.text, /有货/);
  await until(async () => !(await agent.rest('GET', '/api/v1/stock?sku=A-7')).stale, 'a fresh answer');
  const stock = await agent.rest('GET', '/api/v1/stock?sku=A-7');
  assert.equal(stock.name, '羽绒服');
  assert.equal(stock.on_hand, 17);
  assert.equal(stock.available, 15);
  assert.equal(stock.source, 'tryton');
  assert.deepEqual(stock.levels.map(l => l.warehouse_name), ['广州仓', '上海仓']);
  const {products} = await erpSays(`/api/v1/products?search=${encodeURIComponent('口红')}`);
  assert.deepEqual(products.map(p => p.sku), ['A-8']);
  assert.match((await erpSays('/api/v1/stock?sku=B-1')).error, / 404 /);
});

test('past orders stand on the card of the customer whose phone number is known', async () => {
  const visitor = await customer();
  const {conversation} = await visitor.say('你好');
  const {contact} = await agent.rest('GET', `/api/v1/conversations/${conversation}`);
  const url = `/api/v1/contacts/${contact.id ?? contact}`;
  await until(async () => (await agent.rest('GET', url)).id, 'the contact of a first message');
  await agent.rest('PATCH', url, {phone: '13800138000'});
  let orders = [];
  await until(async () => {
    ({orders} = await agent.rest('GET', `${url}/orders`));
    return orders.length > 0;
  }, 'the orders of the CRM');
  assert.equal(orders.length, 2);
  assert.deepEqual(orders[0].lines.map(l => l.sku), ['A-7', 'A-9']);
  let summary, cards;
  await until(async () => {
    ({summary, cards} = await agent.rest('GET', `${url}/cards?language=zh-CN`));
    return cards.length > 0;
  }, 'the card of the CRM');
  assert.match(summary.last_purchase, /羽绒服/);
  assert.ok(cards.find(c => c.title === 'tryton').rows.some(r => r.value === '林晓'));
  const found = await erpSays(`/api/v1/orders?number=${orders[1].number}`);
  assert.equal(found.orders[0].lines[0].name, '口红 豆沙色');
});

test('a hung ERP holds up nobody: the chat goes on, old stock is shown as old, and all heals', async () => {
  const visitor = await customer();
  await visitor.say('在吗');
  erp.hang();
  await until(async () => (await agent.rest('GET', '/api/v1/stock?sku=A-7')).stale, 'stock to be shown as stale');
  const old = await agent.rest('GET', '/api/v1/stock?sku=A-7');
  assert.equal(old.available, 15);
  // Another conversation is served as ever while somebody asks about stock.
  const other = await customer();
  const [answer, hours] = await Promise.all([ask(visitor, 'A-7 还有货吗'), ask(other, '你们几点关门')]);
  assert.match(answer.text, /有货/);
  assert.match(answer.text, /数据/, 'the bot says how old its answer is');
  assert.ok(hours.text.length > 0);
  // What was never asked before is not known now; that is said, too.
  await assert.rejects(agent.rest('GET', '/api/v1/stock?sku=A-8'), /503.*erp\.unavailable/s);
  assert.ok((await fetch(`${hub.url}/readyz`)).ok);
  erp.wake();
  await until(async () => !(await agent.rest('GET', '/api/v1/stock?sku=A-7')).stale, 'the ERP to be asked again', 60);
});
