// S4 with Xiaohongshu, as config/examples/xiaohongshu.yaml is shipped: an invited company's private messages and comments come through
// the documented adapter into an instance each and are answered where they were written; the shop's events stand beside them. The hub
// is killed while a push waits for its answer, and while an answer waits for the platform's: everything is there once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {openBrowser, person} from './lib/browser.mjs';
import {Agent} from './lib/client.mjs';
import {copyConfig, Hub, root, tempFolder, until} from './lib/hub.mjs';
import {login} from './lib/pages.mjs';
import {Simulator} from './lib/simulator.mjs';

const pictures = process.env.QIAO_PICTURES;  // a folder: the pages are kept there to be looked at
let xhs, hub, config, boss, liting, browser;

before(async () => {
  xhs = await Simulator.ofChannel('xiaohongshu');
  const data = tempFolder('s04-xiaohongshu');
  config = copyConfig(data);
  const {app_id, app_secret, refresh_token, access_token, push_secret} = xhs.said;
  const folder = path.dirname(config);
  fs.mkdirSync(path.join(folder, 'secrets'), {recursive: true});
  for (const [name, value] of Object.entries({'xiaohongshu-secret': app_secret, 'xiaohongshu-refresh-token': refresh_token,
    'xiaohongshu-token': access_token, 'xiaohongshu-push-secret': push_secret})) {
    fs.writeFileSync(path.join(folder, 'secrets', name), `${value}\n`);
  }
  // The example, with the part for invited companies switched on.
  fs.writeFileSync(path.join(folder, 'conf.d', 'xiaohongshu.yaml'), fs.readFileSync(path.join(root, 'config/examples/xiaohongshu.yaml'), 'utf8')
    .replaceAll(/^( {2}| {6})# /gm, '$1')
    .replaceAll('enabled: false', 'enabled: true')
    .replaceAll('https://partner.example.com', xhs.url)
    .replace(/app_id: .*/, `app_id: ${app_id}\n        url: ${xhs.url}/ark/open_api/v3/common_controller`));
  hub = await Hub.start({data, config});
  await xhs.control({hub: `${hub.url}/hooks/xiaohongshu`});
  await arrive();
});
after(async () => {
  boss?.close();
  liting?.close();
  await browser?.close();
  await hub?.stop();
  xhs?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

async function arrive() {
  boss?.close();
  liting?.close();
  [boss, liting] = await Promise.all([Agent.at(hub, 'admin'), Agent.at(hub, 'liting')]);
}
const says = (user, text, more) => xhs.control({say: {user, text, ...more}});
const written = async () => (await xhs.state()).written;
const transcript = async id => (await boss.rest('GET', `/api/v1/conversations/${id}/messages`)).messages;
const said = async id => (await transcript(id)).filter(m => m.author === 'customer').map(m => m.text);
async function conversationOn(channel, user) {
  let found;
  await until(async () => {
    const {conversations} = await boss.rest('GET', `/api/v1/conversations?view=any&channel=${channel}`);
    return (found = conversations.find(c => c.user === user));
  }, `a conversation of ${user} on ${channel}`);
  return found;
}
/** Does something during which Xiaohongshu keeps an answer back, and kills the hub while it waits for it. */
async function killedAt(call, something) {
  await xhs.control({keep_back: call});
  const done = something();
  await until(async () => (await xhs.state()).kept_back > 0, `the hub to wait for ${call}`);
  await hub.kill();
  const result = await done;
  await xhs.control({keep_back: ''});
  await hub.start();
  await arrive();
  return result;
}

test('a private message is answered by the bot, then by a person', async () => {
  assert.equal((await says('xhs-1', '退货流程')).status, 200);
  await until(async () => (await written()).some(m => m.user_id === 'xhs-1' && /退货/.test(m.content.text)), 'the answer of the bot');
  await says('xhs-1', '我的退货审核3天了没动静，转人工');
  const {conversation} = await liting.frame(f => f.t === 'conversation' && f.what === 'assigned' && f.conversation.channel === 'xiaohongshu', 'the assignment');
  assert.equal(conversation.contact_name, '小明');
  assert.deepEqual(await said(conversation.id), ['退货流程', '我的退货审核3天了没动静，转人工']);
  await liting.reply(conversation.id, '审核已通过，退款 1–3 天到账');
  await until(async () => (await written()).some(m => m.content.text === '审核已通过，退款 1–3 天到账'), 'the answer');
  assert.ok((await written()).every(m => !m.comment_id), 'nothing of it is public');
});

test('a comment of the same customer is a conversation of its own, with its note, and answered under it', async () => {
  assert.equal((await says('xhs-1', '这件外套有卡其色吗', {note: 'n1', comment: 'c1'})).status, 200);
  const {id} = await conversationOn('xiaohongshu-comments', 'xhs-1');
  const [comment] = await transcript(id);
  assert.equal(comment.text, '这件外套有卡其色吗');
  assert.deepEqual(comment.cards.map(c => [c.kind, c.title, c.url]), [['post', '秋冬穿搭', 'https://www.xiaohongshu.com/explore/n1']]);
  await boss.rest('POST', `/api/v1/conversations/${id}/take`, {});
  await boss.reply(id, '有的，卡其色现在有货');
  await until(async () => (await written()).some(m => m.comment_id === 'c1' && m.note_id === 'n1' && m.content.text === '有的，卡其色现在有货'), 'the answer under the comment');
  assert.ok((await written()).every(m => !m.comment_id || !/为您服务|正在为您转接/.test(m.content.text)), 'who serves is nobody else\'s business');
});

test('the shop\'s event stands beside the private conversation, also after its token has ended', async () => {
  assert.equal((await xhs.control({probe: true})).status, 200);
  const {id} = await conversationOn('xiaohongshu', 'xhs-1');
  await xhs.control({expire: true});
  assert.equal((await xhs.control({order: {number: 'P7001', tag: 'msg_after_sale_create', status: 7}})).status, 200);
  assert.ok((await transcript(id)).some(m => m.text === '售后单已创建：订单 P7001，状态 7'));
  assert.ok((await xhs.state()).calls['oauth.refreshToken'] >= 1);
  assert.equal((await xhs.control({unsigned: true, order: {number: 'P7001', tag: 'msg_after_sale_transfer'}})).status, 401);
  assert.equal((await xhs.control({unsigned: true, say: {user: 'xhs-2', text: '假的'}})).status, 401);
  const tested = hub.command('connector', 'test', 'xiaohongshu', '--data', hub.data, '--config', config);
  assert.equal(tested.code, 0, tested.stdout + tested.stderr);
  assert.match(tested.stdout, /shop: the app \S+ is authorised; messages: the token is good/);
});

test('kill -9 while a push, an event or an answer is under way: everything once', async () => {
  const {id} = await conversationOn('xiaohongshu', 'xhs-1');
  const before = await said(id);
  const lost = await killedAt('/picture.png', () => says('xhs-1', '看这张', {picture: `${xhs.url}/picture.png`}));
  assert.equal(lost.status, 0, 'it was not acknowledged');
  assert.deepEqual((await xhs.control({again: true})).answers, [200]);
  await xhs.control({twice: true});
  await says('xhs-1', '收到了吗');
  await xhs.control({twice: false});
  assert.deepEqual(await said(id), [...before, '看这张', '收到了吗']);
  assert.equal((await transcript(id)).filter(m => m.attachments?.length === 1).length, 1);

  await killedAt('/common_controller', () => xhs.control({order: {number: 'P7001', tag: 'msg_fulfillment_status_change', status: 8}}));
  assert.deepEqual((await xhs.control({again: true})).answers, [200]);
  assert.equal((await transcript(id)).filter(m => m.text === '订单状态变更：订单 P7001，状态 8').length, 1);

  const comments = (await conversationOn('xiaohongshu-comments', 'xhs-1')).id;
  await killedAt('/comments/reply', () => boss.reply(comments, '尺码也齐'));  // it stands there, the hub does not know
  await until(async () => (await transcript(comments)).find(m => m.text === '尺码也齐')?.delivery === 'sent', 'the report');
  assert.equal((await written()).filter(m => m.content.text === '尺码也齐').length, 1);
});

for (const [size, width, height] of [['desk', 1440, 900], ['phone', 360, 740]]) {
  test(`the agent sees on a ${size} the note beside the comment, and that everybody reads along`, async () => {
    browser ??= await openBrowser();
    const page = await person(browser, {width, height});
    await login(page, hub, 'admin');
    const {id} = await conversationOn('xiaohongshu-comments', 'xhs-1');
    await page.locator(`[data-testid=conversation-item][data-id="${id}"]`).click();
    const dialogue = page.getByTestId('dialogue');
    await page.locator('.dialogue-head').getByText('小红书评论').filter({visible: true}).waitFor();
    const card = dialogue.locator('[data-testid=message-card][data-kind=post]');
    await card.getByText('秋冬穿搭').waitFor();
    assert.equal(await card.getAttribute('href'), 'https://www.xiaohongshu.com/explore/n1');
    await page.getByTestId('public-thread').waitFor();
    if (pictures) await page.screenshot({path: `${pictures}/xiaohongshu-${size}.png`});
    assert.ok(!(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)), 'it is wider than the screen');
    assert.deepEqual(page.errors, []);
    await page.context().close();
  });
}
