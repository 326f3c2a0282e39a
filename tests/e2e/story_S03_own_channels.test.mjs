// S3 by e-mail, in the shop's app and on a platform that is described in YAML: whoever's ticket is resolved is told there, once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Mail, PASSWORD} from '../support/mail/mail.mjs';
import {appYaml, phone, register} from './lib/app_customer.mjs';
import {Visitor} from './lib/client.mjs';
import {root, until} from './lib/hub.mjs';
import {bodyOf, emailYaml, header, letter} from './lib/letters.mjs';
import {Simulator} from './lib/simulator.mjs';
import {TicketDesk, times} from './lib/ticket_desk.mjs';

const SHOP = 'support@shop.test', LIN = 'lin@customer.test';
let mail, apns, shopchat, desk, app;

before(async () => {
  [mail, apns, shopchat] = await Promise.all([Mail.start(), Simulator.ofChannel('apns'), Simulator.ofChannel('webhook')]);
  const example = fs.readFileSync(path.join(root, 'config/examples/webhook.yaml'), 'utf8')
    .replace('enabled: false', 'enabled: true')
    .replace('https://api.shopchat.example', shopchat.url)
    .replace('${file:secrets/shopchat-webhook}', shopchat.said.webhook_secret)
    .replace('${file:secrets/shopchat-webhook-old}', 'the-old-secret')
    .replace('${file:secrets/shopchat-api}', shopchat.said.api_secret);
  const webhook = example.slice(example.indexOf('plugins:\n') + 'plugins:\n'.length);
  desk = await TicketDesk.open('s03-own', emailYaml(mail, SHOP, PASSWORD) + appYaml(apns, 'secret-of-the-app') + webhook);
});
after(async () => {
  app?.close();
  apns?.stop();
  shopchat?.stop();
  await desk?.close();
  await mail?.stop();
});

const mails = text => mail.mails(LIN).filter(raw => bodyOf(raw).includes(text));

test('a mail is answered in its thread when the ticket is resolved, once, though the hub was killed before it could', async () => {
  await mail.send(LIN, SHOP, letter({from: LIN, name: 'Lin', to: SHOP, id: 'lost', subject: 'Lost parcel', text: 'My parcel is lost, I want my money back'}));
  const conversation = await desk.conversation('email', undefined);
  const first = await desk.ticket(conversation);
  await desk.resolve(first, 'the parcel was found');
  const words = `Your request #${first.number} is resolved: the parcel was found`;
  assert.ok((await desk.delivery(conversation, 'sent')).text.startsWith(words));
  await until(() => mails(words).length > 0, 'the mail');
  assert.equal(header(mails(words)[0], 'In-Reply-To'), '<lost@customer.test>');
  assert.match(header(mails(words)[0], 'Subject'), /Lost parcel/);

  const second = await desk.ticket(conversation);
  await mail.stopSmtp();
  await desk.resolve(second, 'the postage was refunded');
  await desk.killed(() => mail.startSmtp());
  await until(async () => (await desk.notices(conversation)).find(n => /postage/.test(n.text))?.delivery === 'sent', 'the report', 40);
  await until(() => mails('the postage was refunded').length > 0, 'the second mail');
  assert.equal(mails('the postage was refunded').length, 1);
  assert.equal(mails(words).length, 1);
});

async function openApp() {
  const token = app?.token;
  app = new Visitor(desk.hub, {site: 'app'});
  app.token = token;
  app.onframe = frame => {
    if (frame.t === 'msg' && frame.author !== 'customer') app.send({t: 'got', seq: frame.seq});
  };
  await app.connect({receipts: true});
}
const pushes = async () => (await apns.state()).written;

test('an open app is told over its socket; one that sleeps is woken once, also by a hub that was killed', async () => {
  await openApp();
  assert.equal((await register(desk.hub, app.token)).status, 204);
  const {conversation: id} = await app.say('快递丢了要赔偿');
  const conversation = await desk.boss.rest('GET', `/api/v1/conversations/${id}`);
  const first = await desk.ticket(conversation);
  await desk.resolve(first, '已补发');
  const told = await app.message('system', new RegExp(`您的工单 #${first.number} 已处理：已补发`));
  assert.equal((await desk.delivery(conversation, 'delivered')).seq, told.seq);
  assert.equal((await pushes()).length, 0);

  const second = await desk.ticket(conversation);
  await until(async () => (await desk.transcript(conversation)).every(m => m.delivery !== 'pending'), 'the app to have everything');
  app.close();
  await app.closed;
  await desk.resolve(second, '运费已退');
  await desk.killed();
  await until(async () => (await pushes()).length > 0, 'the push', 40);
  const notice = async () => (await desk.notices(conversation)).find(n => /运费已退/.test(n.text));
  await until(async () => (await notice()).delivery === 'sent', 'the agent to see that the phone was told');
  await openApp();
  await app.message('system', /运费已退/);
  await until(async () => (await notice()).delivery === 'delivered', 'the agent to see that it arrived');
  const all = await pushes();
  assert.equal(all.length, 1);
  assert.equal(all[0].token, phone);
  assert.equal(JSON.stringify(all[0].payload).includes('运费'), false);
  assert.equal(new Set(app.frames.filter(f => f.t === 'msg' && /运费已退/.test(f.text)).map(f => f.seq)).size, 1);
});

test('a platform of YAML alone is told once, though the hub was killed before it could', async () => {
  const posted = await shopchat.control({to: `${desk.hub.url}/hooks/shopchat`,
    post: {events: [{type: 'message.created', id: '1', customer: {id: 'c1', name: '王芳'}, message: {text: '快递丢了要赔偿'}}]}});
  assert.equal(posted.status, 200);
  const conversation = await desk.conversation('shopchat', 'c1');
  const said = async () => (await shopchat.state()).written.map(m => m.text);
  const first = await desk.ticket(conversation);
  await desk.resolve(first, '已补发');
  await desk.delivery(conversation, 'sent');
  assert.equal(times(await said(), /工单 #\d+ 已处理：已补发/), 1);

  const second = await desk.ticket(conversation);
  await shopchat.control({fail: 'broken', times: 100000});
  await desk.resolve(second, '运费已退');
  await desk.killed(() => shopchat.control({fail: '', times: 0}));
  await until(async () => (await desk.notices(conversation)).find(n => /运费已退/.test(n.text))?.delivery === 'sent', 'the notice', 40);
  assert.equal(times(await said(), /运费已退/), 1);
});
