// S3 for a caller: a telephone takes no text. What became of their ticket reaches them where else they write to the shop; when there is
// nowhere, the agent who opened the ticket is asked to call back, and does so by a click.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {openBrowser, person} from './lib/browser.mjs';
import {Visitor} from './lib/client.mjs';
import {until} from './lib/hub.mjs';
import {signed} from './lib/identity.mjs';
import {messengers} from './lib/messengers.mjs';
import {login} from './lib/pages.mjs';
import {Simulator} from './lib/simulator.mjs';
import {Telephone} from './lib/telephone.mjs';
import {TicketDesk, times} from './lib/ticket_desk.mjs';

const secret = 'a-secret-that-only-the-shop-and-its-hub-know';
const pictures = process.env.QIAO_PICTURES;
const keep = async (page, name) => pictures && page.screenshot({path: path.join(pictures, `${name}.png`)});
let telephone, whatsapp, browser, desk;

before(async () => {
  if (pictures) fs.mkdirSync(pictures, {recursive: true});
  [telephone, whatsapp, browser] = await Promise.all([Telephone.start('freeswitch'), Simulator.ofChannel('whatsapp'), openBrowser()]);
  desk = await TicketDesk.open('s03-phone', `  web:
    config:
      sites:
        demo: {name: 鲜桥生鲜, identify_secret: ${secret}}
  voice:
    use: voice
    config:
      system: freeswitch
      host: 127.0.0.1
      port: ${telephone.about.esl}
      secret: ${telephone.about.password}
      language: zh-CN
      agents: {liting: "1005"}
  whatsapp:
    use: whatsapp
    config:
      ${messengers.whatsapp.config(whatsapp.url)}
`);
  await whatsapp.control({hub: `${desk.hub.url}/hooks/whatsapp`});
  await until(async () => (await telephone.state()).lines === 1, 'the hub to log in at the exchange');
});
after(async () => {
  await browser?.close();
  whatsapp?.stop();
  await desk?.close();
  await telephone?.stop();
});

/** Somebody calls and is served; their conversation, which is over. */
async function served(call, number) {
  await telephone.act({do: 'ring', call, from: number, extension: '1005'});
  await telephone.act({do: 'answer', call, extension: '1005'});
  await telephone.act({do: 'hangup', call});
  const conversation = await desk.conversation('voice', `+86${number}`);
  await until(async () => (await desk.boss.rest('GET', `/api/v1/conversations/${conversation.id}/messages?limit=50`)).messages
    .some(m => m.note && /已结束/.test(m.text)), 'the end of the call to be noted');
  return conversation;
}
const said = async () => (await whatsapp.state()).written.map(m => m.text?.body);

test('a caller who also writes on WhatsApp is told there, once, and the agent sees it at the call', async () => {
  await whatsapp.control({say: {user: '8613511135111', text: '快递还没到'}});
  const chat = await desk.conversation('whatsapp', '8613511135111');
  const call = await served('c1', '13511135111');
  await until(async () => (await desk.boss.rest('GET', `/api/v1/conversations/${call.id}`)).contact ===
    (await desk.boss.rest('GET', `/api/v1/conversations/${chat.id}`)).contact, 'the number to be one person');
  const ticket = await desk.ticket(call);
  await desk.resolve(ticket, '快件已找到，明天送达');
  const notice = await desk.delivery(call, 'sent');
  assert.match(notice.delivery_detail, /whatsapp/);
  const told = new RegExp(`^您的工单 #${ticket.number} 已处理：快件已找到，明天送达$`);
  await until(async () => times(await said(), told) === 1, 'WhatsApp to have it');
  await desk.killed();
  await until(async () => (await telephone.state()).lines >= 1, 'the hub to be back');
  assert.equal(times(await said(), told), 1);

  const page = await person(browser, {width: 1440, height: 900});
  await login(page, desk.hub, 'liting');
  await page.goto(`${desk.hub.url}/workspace/#/c/${call.id}`);
  await page.locator('[data-testid=dialogue-message][data-delivery=sent]').filter({hasText: '已改由 whatsapp 告知客户'}).waitFor();
  await page.getByTestId('no-text').waitFor();
  await keep(page, 's03-caller-told-elsewhere');
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('a caller reads it in the chat of the web site while that is open, and is called back when they have left', async () => {
  const call = await served('c3', '13700003333');
  const visitor = new Visitor(desk.hub);
  await visitor.connect();
  visitor.send({t: 'identify', id: 'i1', identity: signed(secret, {user: 'u-3333', name: '王芳', phone: '+8613700003333'})});
  await visitor.frame(f => f.t === 'identified' && f.id === 'i1', 'identified');
  const {conversation: chat} = await visitor.say('在吗');
  await until(async () => (await desk.boss.rest('GET', `/api/v1/conversations/${call.id}`)).contact_name === '王芳', 'them to be one person');
  const first = await desk.ticket(call);
  await desk.resolve(first, '快件已找到');
  await visitor.message('system', new RegExp(`工单 #${first.number} 已处理：快件已找到`));
  assert.match((await desk.delivery(call, 'sent')).delivery_detail, /web/);

  visitor.close();
  await visitor.closed;
  await until(async () => !(await desk.boss.rest('GET', `/api/v1/conversations/${chat}/window`)).open, 'the hub to know that they left');
  const second = await desk.ticket(call);
  await desk.resolve(second, '运费已退');
  await until(async () => (await desk.notices(call)).find(n => /运费已退/.test(n.text))?.delivery === 'failed', 'the hub to find no way');
  assert.equal((await desk.agent.rest('GET', `/api/v1/conversations/${call.id}`)).handoff_reason, 'not_told');
});

test('a caller of whom nothing else is known is called back by whoever opened the ticket', async () => {
  const call = await served('c2', '13900002222');
  const ticket = await desk.ticket(call);
  await desk.agent.rest('POST', `/api/v1/conversations/${call.id}/resolve`, {});
  const page = await person(browser, {width: 1440, height: 900});
  await login(page, desk.hub, 'liting');
  const pocket = await person(browser, {width: 360, height: 740, locale: 'en'});
  await desk.resolve(ticket, '赔偿款 86 元原路退回');
  await desk.isTask(call, /回拨/);

  await page.getByTestId('conversation-item').filter({hasText: '赔偿款 86 元'}).click();
  const task = page.getByTestId('not-told');
  await task.getByText('客户还没有收到通知').waitFor();
  await page.getByTestId('handoff-reason').getByText('客户未收到通知').waitFor();
  await page.locator('[data-testid=dialogue-message][data-delivery=failed]').filter({hasText: '赔偿款 86 元'}).waitFor();
  await keep(page, 's03-caller-to-call-back');

  await pocket.goto(`${desk.hub.url}/workspace/`);
  await pocket.getByTestId('login-name').fill('liting');
  await pocket.getByTestId('login-password').fill('qiao-demo-2026');
  await pocket.getByTestId('login-submit').click();
  await pocket.getByTestId('conversation-list').waitFor();
  await pocket.goto(`${desk.hub.url}/workspace/#/c/${call.id}`);
  await pocket.getByTestId('not-told').waitFor();
  await keep(pocket, 's03-caller-to-call-back-360-en');

  await task.getByTestId('call-dial').click();
  await until(async () => (await telephone.state()).orders.length === 1, 'the exchange to ring the agent');
  const [order] = (await telephone.state()).orders;
  assert.equal(order.number, '13900002222');
  await telephone.act({do: 'answer', call: order.call});
  await telephone.act({do: 'hangup', call: order.call});
  await page.getByTestId('dialogue-message').filter({hasText: '已结束：李婷 通话'}).waitFor();
  await page.getByTestId('resolve').click();
  await task.waitFor({state: 'detached'});
  for (const one of [page, pocket]) {
    assert.deepEqual(one.errors, []);
    await one.context().close();
  }
});
