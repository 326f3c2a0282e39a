// S3 on Douyin, WeCom and Xiaohongshu: whoever's ticket is resolved is told there, once; when the platform takes no more, the agent is
// asked to tell them.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {until} from './lib/hub.mjs';
import {Simulator} from './lib/simulator.mjs';
import {TicketDesk, times} from './lib/ticket_desk.mjs';

const account = 'b0000002-aaaa-4bbb-8ccc-000000000002';
const shops = {
  douyin: {
    instance: 'douyin-messages',
    yaml: url => `  douyin:
    use: douyin
    config: {url: '${url}', open_id: ${account}, language: zh-CN, receives: comments, others_to: douyin-messages,
      client_key: aw1234567890abcd, client_secret: 2f8a1c3d5e7b9a0c1d2e3f4a5b6c7d8e, refresh_token: rft.first}
  douyin-messages:
    use: douyin
    config: {url: '${url}', open_id: ${account}, language: zh-CN, receives: messages, account_of: douyin}
`,
    say: (user, text) => ({message: {user, text}}), users: ['cust-1', 'cust-2'], said: w => w.message?.content.text.text,
    closed: /must write again/,
  },
  wecom: {
    instance: 'wecom',
    yaml: url => `  wecom:
    use: wecom
    config: {url: '${url}', corp_id: wwa0b1c2d3e4f50617, secret: wecom-kf-secret-1, token: hubWecom1,
      encoding_aes_key: SHViRGV2S2V5MDFXaXRoTm9uQ2Fub25pY2FsQml0c0F, language: zh-CN}
`,
    say: (user, text) => ({say: {user, msgtype: 'text', text: {content: text}}}), users: ['wmCUST01', 'wmCUST02'],
    said: w => w.text?.content, closed: /must write again/,
  },
  xiaohongshu: {
    instance: 'xiaohongshu',
    yaml: url => `  xiaohongshu:
    use: xiaohongshu
    config:
      language: zh-CN
      messages: {send_url: '${url}/messages/send', test_url: '${url}/me',
        access_token: invited-token-1, secret: push-secret}
`,
    say: (user, text) => ({say: {user, text}}), users: ['xhs-1', 'xhs-2'], said: w => w.content?.text,
  },
};
const names = Object.keys(shops);
let desk;

before(async () => {
  let yaml = '';
  for (const name of names) {
    shops[name].simulator = await Simulator.ofChannel(name);
    yaml += shops[name].yaml(shops[name].simulator.url);
  }
  desk = await TicketDesk.open('s03-shops', yaml);
  for (const name of names) await shops[name].simulator.control({hub: `${desk.hub.url}/hooks/${name}`});
});
after(async () => {
  for (const name of names) shops[name].simulator?.stop();
  await desk?.close();
});

async function writes(name, user) {
  const {simulator, instance, say} = shops[name];
  await simulator.control(say(user, '快递丢了要赔偿'));
  const conversation = await desk.conversation(instance, name === 'wecom' ? `${user}@wkAAAABBBB0001` : user);
  return {conversation, ticket: await desk.ticket(conversation)};
}
const said = async name => (await shops[name].simulator.state()).written.map(shops[name].said);
const words = (ticket, text) => new RegExp(`^您的工单 #${ticket.number} 已处理：${text}$`);

for (const name of names) {
  test(`a customer on ${name} is told once, also by a hub that was killed before it could, and the agent sees it`, async () => {
    const {conversation, ticket} = await writes(name, shops[name].users[0]);
    await desk.resolve(ticket, '已补发');
    assert.match((await desk.delivery(conversation, 'sent')).text, words(ticket, '已补发'));
    assert.equal(times(await said(name), words(ticket, '已补发')), 1);

    const second = await desk.ticket(conversation);
    await shops[name].simulator.control({fail: 'broken', times: 100000});
    await desk.resolve(second, '运费已退');
    await desk.killed(() => shops[name].simulator.control({fail: '', times: 0}));
    await until(async () => (await desk.notices(conversation)).find(n => words(second, '运费已退').test(n.text))?.delivery === 'sent',
      `the notice on ${name}`, 40);
    assert.equal(times(await said(name), words(second, '运费已退')), 1);
  });
}

for (const name of names.filter(name => shops[name].closed)) {
  test(`on ${name}, after the time in which the shop may answer, the agent is asked to tell them`, async () => {
    const {conversation, ticket} = await writes(name, shops[name].users[1]);
    await shops[name].simulator.control({hours: 50});
    await desk.resolve(ticket, '赔偿款 86 元原路退回');
    await desk.isTask(conversation, shops[name].closed);
    assert.equal(times(await said(name), /86 元/), 0);
  });
}

test('what became of a ticket is not written under a Douyin video, where everybody reads it: the agent is asked to tell them', async () => {
  const {simulator} = shops.douyin;
  const {comment_id: comment} = await simulator.control({comment: {user: 'cust-1', text: '快递丢了要赔偿'}});
  const conversation = await desk.conversation('douyin', 'cust-1');
  const ticket = await desk.ticket(conversation);
  await desk.resolve(ticket, '赔偿款 86 元原路退回');
  await desk.isTask(conversation, /人人可见/);
  const {replies} = await simulator.control({under: comment});
  assert.equal(times(replies.map(r => r.content), /86 元/), 0);
});
