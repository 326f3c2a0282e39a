// S4 with WeChat: an official account and a mini program in the same inbox as everything else; what agents answer arrives there.
// S3 with WeChat: the resolved ticket is told by template message when free text is not allowed any more.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {serve} from '../simulators/lib/server.mjs';
import {make} from '../simulators/channels/systems/wechat.mjs';
import {Agent} from './lib/client.mjs';
import {copyConfig, Hub, json, tempFolder, until} from './lib/hub.mjs';

let hub, official, mini;
const agents = [];

/** A simulated account with what its customers do. */
class Account {
  static async open(options) {
    const account = new Account();
    const system = make({option: (name, fallback) => options[name] ?? fallback, hub: ''});
    account.server = await serve(system, {});
    account.credentials = Object.fromEntries([...system.hint.matchAll(/(\w+) (\S+)/g)].map(([, name, value]) => [name, value]));
    return account;
  }
  async control(wish) {
    return json(await fetch(`${this.server.url}/_sim`, {method: 'POST', body: JSON.stringify(wish)}));
  }
  async written(via) {
    const {written} = await json(await fetch(`${this.server.url}/_sim`));
    return written.filter(entry => entry.via === via);
  }
  says(user, Content) {
    return this.control({push: {FromUserName: user, MsgType: 'text', Content}});
  }
  /** Waits until the customer has got a text like this through the API. */
  async got(user, pattern) {
    let found;
    await until(async () => (found = (await this.written('api')).find(m => m.to === user && pattern.test(m.content ?? ''))), `${pattern} at ${user}`);
    return found;
  }
}

async function agent(login) {
  const a = new Agent(hub);
  agents.push(a);
  await a.login(login);
  await a.connect();
  return a;
}

const yaml = (name, account, more) => `  ${name}:
    use: wechat
    required: false
    config:
      app_id: ${account.credentials.app_id}
      secret: ${account.credentials.secret}
      token: ${account.credentials.token}
      aes_key: ${account.credentials.aes_key}
      url: ${account.server.url}
${more.map(line => `      ${line}\n`).join('')}`;

before(async () => {
  official = await Account.open({kind: 'official_account', hook: '/hooks/wechat'});
  mini = await Account.open({kind: 'mini_program', format: 'json', hook: '/hooks/wechat-mini'});
  const data = tempFolder('s04-wechat');
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'wechat.yaml'), `plugins:
${yaml('wechat', official, ['passive_wait: 3s', 'menus: false', 'notices:', '  ticket.resolved:', '    template_id: TPL-RESOLVED',
    '    fields: {character_string1: "{number}", thing2: "{title}", thing3: "{text}"}'])}
${yaml('wechat-mini', mini, ['kind: mini_program', 'welcome: 您好，这里是小程序客服'])}`);
  hub = await Hub.start({data, config});
  await official.control({hub: hub.url});
  await mini.control({hub: hub.url});
});
after(async () => {
  agents.forEach(agent => agent.close());
  await hub?.stop();
  official?.server.close();
  mini?.server.close();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

test('the bot answers with the post, then a person does through the API', async () => {
  const asked = await official.says('oLINXIAO', '退货流程');
  assert.match(asked.shown ?? '', /退货/, JSON.stringify(asked));
  assert.equal(asked.tries[0], 1);
  assert.deepEqual(await official.written('api'), []);

  const liting = await agent('liting');
  await official.says('oLINXIAO', '我的退货审核3天了没动静，转人工');
  const {conversation} = await liting.frame(f => f.t === 'conversation' && f.what === 'assigned' && f.conversation.channel === 'wechat', 'the assignment');
  const {messages} = await liting.rest('GET', `/api/v1/conversations/${conversation.id}/messages`);
  assert.deepEqual(messages.filter(m => m.author === 'customer').map(m => m.text), ['退货流程', '我的退货审核3天了没动静，转人工']);

  await liting.reply(conversation.id, '您好，审核已通过，退款 1–3 天到账😀');
  await official.got('oLINXIAO', /审核已通过，退款 1–3 天到账😀/);

  await official.control({media: {id: 'PIC1', type: 'image', name: 'PIC1.jpg',
    base64: Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]), Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0'), Buffer.from([0xff, 0xd9])]).toString('base64')}});
  await official.control({push: {FromUserName: 'oLINXIAO', MsgType: 'image', PicUrl: 'http://p.example/1', MediaId: 'PIC1'}});
  const picture = await liting.frame(f => f.t === 'msg' && f.author === 'customer' && f.attachments?.length === 1, 'the picture');
  assert.equal(picture.attachments[0].media_type, 'image/jpeg');
});

test('a mini program\'s customer is in the same inbox, with the page they came from', async () => {
  await mini.control({push: {FromUserName: 'oMINI_1', MsgType: 'event', Event: 'user_enter_tempsession', SessionFrom: 'goods=88'}});
  await mini.got('oMINI_1', /小程序客服/);
  await mini.control({push: {FromUserName: 'oMINI_1', MsgType: 'miniprogrampage', Title: '羽绒服', AppId: mini.credentials.app_id, PagePath: 'pages/item?id=88',
    ThumbUrl: 'https://p.example/t.jpg', ThumbMediaId: 'M'}});
  await mini.says('oMINI_1', '系统报错，转人工');
  const admin = await agent('admin');
  let conversation;
  await until(async () => {
    const {conversations} = await admin.rest('GET', '/api/v1/conversations?view=any&channel=wechat-mini');
    return (conversation = conversations[0])?.state === 'queued' || conversation?.state === 'assigned';
  }, 'the handoff');
  await admin.rest('POST', `/api/v1/conversations/${conversation.id}/take`);
  await admin.rest('POST', `/api/v1/conversations/${conversation.id}/messages`, {client_id: 'r1', text: '请问报错内容是什么？', note: false, attachments: []});
  await mini.got('oMINI_1', /请问报错内容是什么/);
});

test('a resolved ticket is told by template message outside the window', async () => {
  const admin = await agent('admin');
  await official.says('oZHANG', '快递丢了要赔偿，转人工');
  let conversation;
  await until(async () => {
    const {conversations} = await admin.rest('GET', '/api/v1/conversations?view=any&channel=wechat');
    return (conversation = conversations.find(c => c.user === 'oZHANG'));
  }, 'the conversation');
  const ticket = await admin.rest('POST', '/api/v1/tickets', {conversation: conversation.id, department: 'logistics', subject: '快递丢失', description: '客户要求赔偿',
    fields: {order_number: 'QX20261120-0088'}});
  await until(async () => (await official.written('api')).concat(await official.written('passive')).some(m => m.to === 'oZHANG'), 'something said to the customer');
  await official.control({close: 'oZHANG'});
  await admin.rest('POST', `/api/v1/tickets/${ticket.id}/resolve`, {resolution: '已确认丢件，赔偿款 86 元原路退回。'});
  let sent;
  await until(async () => (sent = (await official.written('template')).find(m => m.to === 'oZHANG')), 'the template message');
  assert.equal(sent.template, 'TPL-RESOLVED');
  assert.equal(sent.data.character_string1, String(ticket.number));
  assert.equal(sent.data.thing2, '快递丢失');
});
