// S3 on Telegram, WhatsApp, Messenger, LINE and Slack: whoever's ticket is resolved is told there, once, in their language; when the
// platform takes nothing any more, by template, or the agent is asked to tell them.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {until} from './lib/hub.mjs';
import {messengers} from './lib/messengers.mjs';
import {Simulator} from './lib/simulator.mjs';
import {TicketDesk, times} from './lib/ticket_desk.mjs';

const english = new Set(['telegram', 'slack']);
const more = {whatsapp: `
      notices:
        ticket.resolved: {name: ticket_resolved, language: zh_CN, parameters: [number, text]}`};
const names = Object.keys(messengers);
const simulators = {}, conversations = {};
let desk;

before(async () => {
  let yaml = '';
  for (const name of names) {
    simulators[name] = await Simulator.ofChannel(name);
    yaml += `  ${name}:\n    use: ${name}\n    config:\n      ${messengers[name].config(simulators[name].url)}${more[name] ?? ''}\n`;
  }
  desk = await TicketDesk.open('s03-messengers', yaml);
  for (const name of names) await simulators[name].control({hub: `${desk.hub.url}/hooks/${name}`});
  for (const name of names) {
    await simulators[name].control({say: messengers[name].say(english.has(name) ? 'My parcel is lost, I want my money back' : '快递丢了要赔偿')});
    conversations[name] = await desk.conversation(name);
  }
});
after(async () => {
  for (const name of names) simulators[name]?.stop();
  await desk?.close();
});

const said = async name => (await simulators[name].state()).written.map(messengers[name].said);
const words = (name, number) => english.has(name) ? new RegExp(`^Your request #${number} is resolved: refunded ${name}$`) :
  new RegExp(`^您的工单 #${number} 已处理：已退款 ${name}$`);
const resolution = name => `${english.has(name) ? 'refunded' : '已退款'} ${name}`;

for (const name of names) {
  test(`a customer on ${name} is told once, in their language, and the agent sees it`, async () => {
    const ticket = await desk.ticket(conversations[name]);
    await desk.resolve(ticket, resolution(name));
    const notice = await desk.delivery(conversations[name], 'sent');
    assert.match(notice.text, words(name, ticket.number));
    assert.equal(times(await said(name), words(name, ticket.number)), 1);
  });
}

test('a hub that is killed between the resolution and the sending tells each of them once', async () => {
  const tickets = {};
  for (const name of names) {
    simulators[name].before = (await said(name)).length;
    tickets[name] = await desk.ticket(conversations[name]);
    await simulators[name].control({fail: 'broken', times: 100000});
  }
  await Promise.all(names.map(name => desk.resolve(tickets[name], resolution(name))));
  await desk.killed(async () => {
    for (const name of names) await simulators[name].control({fail: '', times: 0});
  });
  for (const name of names) {
    const told = words(name, tickets[name].number);
    await until(async () => (await desk.notices(conversations[name])).find(n => told.test(n.text))?.delivery === 'sent', `the notice on ${name}`);
    assert.equal(times(await said(name), told), 1, name);
  }
});

test('LINE, which knows what it has taken, is not told twice by a hub that was killed before it heard so', async () => {
  const ticket = await desk.ticket(conversations.line);
  await simulators.line.control({spend_tokens: true, swallow: 1});
  await desk.resolve(ticket, resolution('line'));
  const told = words('line', ticket.number);
  await until(async () => times(await said('line'), told) === 1, 'LINE to have it');
  await desk.killed();
  await until(async () => (await desk.notices(conversations.line)).find(n => told.test(n.text))?.delivery === 'sent', 'the report');
  assert.equal(times(await said('line'), told), 1);
});

test('on WhatsApp after 24 hours the template goes out, and its receipt comes back', async () => {
  await simulators.whatsapp.control({say: {user: '8613522222222', text: '快递丢了要赔偿'}});
  const conversation = await desk.conversation('whatsapp', '8613522222222');
  const ticket = await desk.ticket(conversation);
  await simulators.whatsapp.control({close: '8613522222222'});
  await desk.resolve(ticket, '赔偿款 86 元原路退回');
  await desk.delivery(conversation, 'sent');
  const sent = (await simulators.whatsapp.state()).written.filter(m => m.to === '8613522222222' && m.type === 'template');
  assert.equal(sent.length, 1);
  assert.equal(sent[0].template.name, 'ticket_resolved');
  assert.deepEqual(sent[0].template.components[0].parameters.map(p => p.text), [String(ticket.number), '赔偿款 86 元原路退回']);
  await simulators.whatsapp.control({status: {id: sent[0].id, status: 'delivered'}});
  await desk.delivery(conversation, 'delivered');
});

test('on Messenger after 24 hours, where there are no templates, the agent is asked to tell them', async () => {
  await simulators.messenger.control({say: {user: 'PSID2', text: '快递丢了要赔偿'}});
  const conversation = await desk.conversation('messenger', 'PSID2');
  const ticket = await desk.ticket(conversation);
  await simulators.messenger.control({close_all: true});
  await desk.resolve(ticket, '赔偿款 86 元原路退回');
  await desk.isTask(conversation, /24/);
  assert.equal(times(await said('messenger'), /86 元/), 0);
});

test('who has blocked the bot on Telegram is the agent\'s to tell', async () => {
  await simulators.telegram.control({say: {user: 77, text: '快递丢了要赔偿'}});
  const conversation = await desk.conversation('telegram', '77');
  const ticket = await desk.ticket(conversation);
  await simulators.telegram.control({block: 77});
  await desk.resolve(ticket, '赔偿款 86 元原路退回');
  await desk.isTask(conversation, /./);
});
