// S4, e-mail: a customer's mail is in the same inbox as everything else; the agent answers there and the answer arrives in the
// customer's mailbox, in the same thread. Killed in between, the hub loses no mail and doubles none.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Mail, PASSWORD} from '../support/mail/mail.mjs';
import {Agent} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder, until} from './lib/hub.mjs';
import {bodyOf, emailYaml, header, letter as compose} from './lib/letters.mjs';

const SHOP = 'support@shop.test';
const LIN = 'lin@customer.test';
let mail, hub, agent, conversation;

before(async () => {
  mail = await Mail.start();
  const data = tempFolder('s04-email');
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'email.yaml'), `plugins:\n${emailYaml(mail, SHOP, PASSWORD)}`);
  hub = await Hub.start({data, config});
  agent = await loggedIn();
});
after(async () => {
  agent?.close();
  await hub?.stop();
  await mail?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

async function loggedIn() {
  const one = new Agent(hub);
  await one.login('liting');
  await one.connect();
  return one;
}
const letter = (id, subject, text, more = '') => compose({from: LIN, name: '林小姐', to: SHOP, id, subject, text, more});

test('a mail is answered in the inbox, and the answer stands below it in the customer\'s mailbox', async () => {
  await mail.send(LIN, SHOP, letter('one', '退货审核', '我的退货审核3天了没动静，请转人工'));
  const assigned = await agent.frame(f => f.t === 'conversation' && f.what === 'assigned', 'the mail reaches an agent', 30);
  conversation = assigned.conversation.id;
  assert.equal(assigned.conversation.channel, 'email');
  assert.equal(assigned.conversation.contact_name, '林小姐');
  agent.send({t: 'watch', conversation, seq: 0});
  await agent.frame(f => f.t === 'msg' && f.author === 'customer' && /退货审核3天了/.test(f.text), 'its text');

  await agent.reply(conversation, '您好，我是李婷，马上为您查审核进度。');
  await until(() => mail.mails(LIN).some(raw => bodyOf(raw).includes('马上为您查审核进度')), 'the answer in the mailbox');
  const answer = mail.mails(LIN).find(raw => bodyOf(raw).includes('马上为您查审核进度'));
  assert.equal(header(answer, 'In-Reply-To'), '<one@customer.test>');
  assert.match(header(answer, 'References'), /<one@customer\.test>$/);
  assert.equal(header(answer, 'Auto-Submitted'), '', 'a person wrote it');
  await agent.frame(f => f.t === 'delivery' && f.state === 'sent', 'the report that it was sent');

  await mail.send(LIN, SHOP, letter('two', 'Re: 退货审核', '好的，谢谢！\n\n在 2026年11月22日，桥梁小店 写道：\n> 您好，我是李婷',
    `In-Reply-To: ${header(answer, 'Message-ID')}\n`));
  const next = await agent.frame(f => f.t === 'msg' && f.author === 'customer' && /谢谢/.test(f.text), 'the next mail');
  assert.equal(next.conversation, conversation);
  assert.equal(next.text, '好的，谢谢！', 'without what it quotes');
  assert.equal(next.attachments[0].name, 'Re 退货审核.eml', 'which is in the original');
});

test('killed while mails come, the hub has each of them once', async () => {
  const wanted = Array.from({length: 12}, (_, i) => `第${i + 1}封信`);
  for (const [i, text] of wanted.entries()) await mail.send(LIN, SHOP, letter(`many-${i}`, 'Re: 退货审核', text));
  await agent.frame(f => f.t === 'msg' && f.text === wanted[1], 'the first of them');
  agent.close();
  await hub.kill();
  await hub.start();
  agent = await loggedIn();
  agent.send({t: 'watch', conversation, seq: 0});
  for (const text of wanted) await agent.frame(f => f.t === 'msg' && f.text === text, text, 30);
  for (const text of wanted) assert.equal(new Set(agent.frames.filter(f => f.t === 'msg' && f.text === text).map(f => f.seq)).size, 1, text);
});
