// S4 with 微信客服 (WeCom), as config/examples/wecom.yaml is shipped: a WeChat user is greeted, the bot answers, a person takes over in
// text and pictures, and the customer says how it was. WeCom's callback carries no message, so the hub is killed between the callback
// and what it fetches: nothing is lost, nothing stands there twice.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {openBrowser, person} from './lib/browser.mjs';
import {Agent} from './lib/client.mjs';
import {copyConfig, Hub, json, root, tempFolder, until} from './lib/hub.mjs';
import {login} from './lib/pages.mjs';
import {Simulator} from './lib/simulator.mjs';

const account = 'wkAAAABBBB0001';
const pictures = process.env.QIAO_PICTURES;  // a folder: the pages are kept there to be looked at
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
let wecom, hub, config, boss, liting, browser;

before(async () => {
  wecom = await Simulator.ofChannel('wecom');
  const data = tempFolder('s04-wecom');
  config = copyConfig(data);
  const {corp_id, secret, token, encoding_aes_key} = wecom.said;
  const folder = path.dirname(config);
  fs.mkdirSync(path.join(folder, 'secrets'), {recursive: true});
  for (const [name, value] of Object.entries({'wecom-secret': secret, 'wecom-token': token, 'wecom-aes-key': encoding_aes_key})) {
    fs.writeFileSync(path.join(folder, 'secrets', name), `${value}\n`);
  }
  // The example, with everything that it offers switched on.
  fs.writeFileSync(path.join(folder, 'conf.d', 'wecom.yaml'), fs.readFileSync(path.join(root, 'config/examples/wecom.yaml'), 'utf8')
    .replace('enabled: false', 'enabled: true')
    .replaceAll(/^ {6}# /gm, '      ')
    .replace(/wwa[0-9a-f]+/, corp_id)
    .replace(/wk[A-Za-z0-9]{8,}/, account)
    .replace('config:\n', `config:\n      url: ${wecom.url}\n`));
  hub = await Hub.start({data, config});
  await wecom.control({hub: `${hub.url}/hooks/wecom`});
  await arrive();
});
after(async () => {
  boss?.close();
  liting?.close();
  await browser?.close();
  await hub?.stop();
  wecom?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

async function arrive() {
  boss?.close();
  liting?.close();
  [boss, liting] = await Promise.all([Agent.at(hub, 'admin'), Agent.at(hub, 'liting')]);
}
const text = (user, content, more = {}) => ({user, msgtype: 'text', text: {content, ...more}});
const says = (user, content, more) => wecom.control({say: text(user, content, more)});
const written = async to => (await wecom.state()).written.filter(m => m.to === to);
const conversations = async () => (await boss.rest('GET', '/api/v1/conversations?view=any&channel=wecom')).conversations;
const transcript = async id => (await boss.rest('GET', `/api/v1/conversations/${id}/messages`)).messages;
const said = async id => (await transcript(id)).filter(m => m.author === 'customer').map(m => m.text);
async function conversationOf(user) {
  let found;
  await until(async () => (found = (await conversations()).find(c => c.user === `${user}@${account}`)), `a conversation of ${user}`);
  return found;
}
/** Does something whose answer WeCom keeps back, and kills the hub while it waits for it. */
async function killedAt(call, something) {
  await wecom.control({keep_back: call});
  await something();
  await until(async () => (await wecom.state()).kept_back > 0, `the hub to wait for ${call}`);
  await hub.kill();
  await wecom.control({keep_back: ''});
  await hub.start();
  await arrive();
}

test('who opens the chat is greeted with a menu, and a tap on it is a question', async () => {
  await wecom.control({event: {event_type: 'enter_session', user: 'wmCUST01', scene: 'site', scene_param: 'sku%3DA-7', welcome_code: 'WC1'}});
  let greeting;
  await until(async () => (greeting = (await wecom.state()).written.find(m => m.code === 'WC1')), 'the greeting');
  assert.equal(greeting.msgmenu.head_content, '您好，请问有什么可以帮您？');
  const [tracking, site] = greeting.msgmenu.list;
  assert.equal(site.view.url, 'https://shop.example.com');
  await says('wmCUST01', tracking.click.content, {menu_id: tracking.click.id});
  const {id} = await conversationOf('wmCUST01');
  await until(async () => (await said(id)).length > 0, 'the question');
  assert.deepEqual(await said(id), ['我的快递到哪了']);
  assert.match((await transcript(id))[0].text, /客户进入了会话，场景：site，参数：sku=A-7/);
  await until(async () => (await written('wmCUST01')).length > 0, 'the answer of the bot');
});

test('a callback of several pages brings texts and a picture; the bot answers, then a person', async () => {
  await wecom.control({page: 1, empty_pages: true, media: {id: 'PIC1', name: '坏了.png', type: 'image/png', base64: png.toString('base64')}});
  await wecom.control({burst: [text('wmCUST02', '退货流程'), {user: 'wmCUST02', msgtype: 'image', image: {media_id: 'PIC1'}},
    text('wmCUST02', '我的退货审核3天了没动静，转人工')]});
  const {conversation} = await liting.frame(f => f.t === 'conversation' && f.what === 'assigned' && f.conversation.channel === 'wecom', 'the assignment');
  assert.equal(conversation.user, `wmCUST02@${account}`);
  assert.equal((await wecom.control({sessions: true}))[`wmCUST02@${account}`], 1, 'the session stays with the assistant');
  await until(async () => (await said(conversation.id)).length === 3, 'all three messages');
  assert.deepEqual((await said(conversation.id)).filter(Boolean), ['退货流程', '我的退货审核3天了没动静，转人工']);
  const [picture] = (await transcript(conversation.id)).flatMap(m => m.attachments ?? []);
  assert.deepEqual([picture.name, picture.media_type], ['坏了.png', 'image/png']);
  assert.ok((await written('wmCUST02')).some(m => /退货/.test(m.text?.content ?? m.msgmenu?.head_content ?? '')), 'the bot answered the first question');
  await wecom.control({page: 1000, empty_pages: false});

  // The customer writes again, so that five messages may follow.
  await says('wmCUST02', '在吗');
  await until(async () => (await said(conversation.id)).length === 4, 'the fourth message');
  await liting.reply(conversation.id, '您好，审核已通过，退款 1–3 天到账😀');
  await until(async () => (await written('wmCUST02')).some(m => m.text?.content === '您好，审核已通过，退款 1–3 天到账😀'), 'the answer');
  const form = new FormData();
  form.append('file', new Blob([png], {type: 'image/png'}), '凭证.png');
  const proof = await json(await fetch(`${hub.url}/api/v1/files`, {method: 'POST', headers: {authorization: `Bearer ${liting.token}`}, body: form}));
  await liting.rest('POST', `/api/v1/conversations/${conversation.id}/messages`, {client_id: 'proof', text: '', note: false, attachments: [proof.id]});
  await until(async () => (await written('wmCUST02')).some(m => m.msgtype === 'image'), 'the picture');
  await until(async () => (await transcript(conversation.id)).filter(m => m.author === 'agent').every(m => m.delivery === 'sent'), 'both to be reported as sent');
  assert.equal((await wecom.control({sessions: true}))[`wmCUST02@${account}`], 1);
});

test('when it is over the customer is asked by a menu, and the tap is the rating', async () => {
  const {id} = await conversationOf('wmCUST02');
  await liting.rest('POST', `/api/v1/conversations/${id}/resolve`, {});
  let menu;
  await until(async () => (menu = (await written('wmCUST02')).find(m => m.msgmenu?.head_content === '请为本次服务评分')), 'the question');
  const {click} = menu.msgmenu.list.find(entry => entry.click.content === '满意');
  await says('wmCUST02', click.content, {menu_id: click.id});
  const {conversation} = await liting.frame(f => f.t === 'conversation' && f.conversation.id === id && f.conversation.rating > 0, 'the rating');
  assert.equal(conversation.rating, 4);
  assert.equal(conversation.state, 'resolved', 'a rating begins nothing new');
  await until(async () => (await written('wmCUST02')).some(m => m.text?.content === '谢谢您的评价'), 'the thanks');
  assert.equal((await said(id)).length, 4, 'a rating is no message');
});

test('kill -9 between the callback, the page, its cursor and the answer loses nothing and doubles nothing', async () => {
  const {id} = await conversationOf('wmCUST01');
  const before = await said(id);
  await killedAt('/sync_msg', () => says('wmCUST01', '第一句'));          // the callback is answered, no page has come
  await until(async () => (await said(id)).includes('第一句'), 'what the callback spoke of');

  const other = (await conversationOf('wmCUST02')).id;
  const then = await said(other);
  await killedAt('/customer/batchget', () => says('wmCUST02', '第二句'));   // the page is here, nothing of it is stored
  await until(async () => (await said(other)).includes('第二句'), 'the second sentence');
  assert.deepEqual(await said(other), [...then, '第二句']);

  await wecom.control({state: {user: 'wmCUST01', state: 4}, event: {event_type: 'session_status_change', user: 'wmCUST01', change_type: 3}});
  await killedAt('/service_state/trans', () => says('wmCUST01', '转人工'));  // stored, and the cursor stands before it
  await until(async () => (await said(id)).includes('转人工'), 'the third sentence');
  await says('wmCUST01', '第四句');
  await until(async () => (await said(id)).includes('第四句'), 'the next one');
  assert.deepEqual(await said(id), [...before, '第一句', '转人工', '第四句']);

  await boss.rest('POST', `/api/v1/conversations/${id}/take`, {});
  await killedAt('/send_msg', () => boss.reply(id, '马上为您查'));        // the customer has it, the hub does not know
  await until(async () => (await transcript(id)).find(m => m.text === '马上为您查')?.delivery === 'sent', 'the report');
  assert.equal((await written('wmCUST01')).filter(m => m.text?.content === '马上为您查').length, 1);
  assert.deepEqual((await transcript(id)).map(m => m.seq), (await transcript(id)).map((_, at) => at + 1));
});

test('an expired token heals by itself, and the operator can try the account', async () => {
  const {id} = await conversationOf('wmCUST01');
  await wecom.control({expire: true});
  await boss.reply(id, '包裹今天派送');
  await until(async () => (await written('wmCUST01')).some(m => m.text?.content === '包裹今天派送'), 'the answer');
  const tested = hub.command('connector', 'test', 'wecom', '--data', hub.data, '--config', config);
  assert.equal(tested.code, 0, tested.stdout + tested.stderr);
  assert.match(tested.stdout, /桥记旗舰店 \(wkAAAABBBB0001\), 1 of 2 servicers receiving/);
});

for (const [size, width, height] of [['desk', 1440, 900], ['phone', 360, 740]]) {
  test(`the agent sees on a ${size} who writes, where, and what may still be sent`, async () => {
    browser ??= await openBrowser();
    const page = await person(browser, {width, height});
    await login(page, hub, 'admin');
    const {id} = await conversationOf('wmCUST01');
    const row = page.locator(`[data-testid=conversation-item][data-id="${id}"]`);
    await row.getByText('小明').waitFor();
    await row.click();
    await page.getByTestId('dialogue').getByText('包裹今天派送').waitFor();
    await page.locator('.dialogue-head').getByText('微信客服').filter({visible: true}).waitFor();
    if (pictures) await page.screenshot({path: `${pictures}/wecom-${size}.png`});
    assert.ok(!(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)), 'it is wider than the screen');
    assert.deepEqual(page.errors, []);
    await page.context().close();
  });
}
