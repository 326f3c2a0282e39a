// The mini program's chat client against a hub that says exactly what a test wants: other conversations, lost frames, odd orders.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {afterEach, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import ts from 'typescript';
import {root, tempFolder} from './lib/hub.mjs';

let ChatClient, folder;

class Phone {
  storage = new Map();
  sockets = [];
  logins = 0;
  connectSocket() {
    const socket = {on: {}, sent: [], closed: false};
    this.sockets.push(socket);
    return {
      onOpen: handler => { socket.on.open = handler; },
      onMessage: handler => { socket.on.message = handler; },
      onClose: handler => { socket.on.close = handler; },
      onError: handler => { socket.on.error = handler; },
      send: ({data}) => { socket.sent.push(JSON.parse(data)); },
      close: () => { socket.closed = true; },
    };
  }
  getStorageSync(key) { return structuredClone(this.storage.get(key) ?? ''); }
  setStorageSync(key, value) { this.storage.set(key, structuredClone(value)); }
  login({success}) { this.logins += 1; success({code: `code-${this.logins}`}); }
  request({success}) { success({statusCode: 200, data: {identity: 'PAYLOAD.SIGNATURE'}}); }
  uploadFile({success}) { success({statusCode: 200, data: '{"id":"77","name":"a.jpg","media_type":"image/jpeg","size":4}'}); }
  get socket() { return this.sockets.at(-1); }
  of(kind) { return this.socket.sent.filter(frame => frame.t === kind); }
  says(frame) { this.socket.on.message({data: JSON.stringify(frame)}); }
  welcome(more = {}) {
    this.socket.on.open();
    this.says({t: 'welcome', token: 'token-1', visitor: 'v1', conversation: 'c1', state: 'bot', seq: 0, agent: '', ...more});
  }
}

const message = (seq, more = {}) => ({t: 'msg', conversation: 'c1', seq, after: seq - 1, id: `${more.conversation ?? 'c1'}-${seq}`, author: 'agent', text: `第${seq}条`, at: '2026-11-22T08:00:00Z', ...more});
const clients = [];
function open(phone, more = {}) {
  const client = new ChatClient({wx: phone, hub: 'https://hub.example', site: 'mini', language: 'zh-CN', onChange: () => {}, ...more});
  clients.push(client);
  client.open();
  return client;
}
const texts = client => client.state.messages.map(m => m.text);

before(async () => {
  folder = tempFolder('miniprogram-client');
  const source = fs.readFileSync(path.join(root, 'connectors/wechat/miniprogram/qiao-chat/chat-client.ts'), 'utf8');
  const module = path.join(folder, 'chat-client.mjs');
  fs.writeFileSync(module, ts.transpileModule(source, {compilerOptions: {target: 'ES2018', module: 'ES2015'}}).outputText);
  ({ChatClient} = await import(pathToFileURL(module)));
  fs.rmSync(folder, {recursive: true, force: true});
});
afterEach(() => clients.splice(0).forEach(client => client.close()));

test('the messages of another conversation are shown, whatever numbers the first one had', () => {
  const phone = new Phone();
  const client = open(phone);
  phone.welcome({seq: 2});
  phone.says(message(1));
  phone.says(message(2));
  phone.says(message(1, {conversation: 'c2', text: '新的会话'}));
  assert.deepEqual(texts(client), ['新的会话']);
  client.send('好的');
  phone.says({t: 'ack', id: phone.of('msg')[0].id, seq: 2, message: 'x', conversation: 'c2', at: ''});
  assert.deepEqual(texts(client), ['新的会话', '好的']);
});

test('whose token is over becomes another visitor, whose messages are shown and who is told apart anew', () => {
  const phone = new Phone();
  const client = open(phone, {login: 'https://hub.example/hooks/mini/login'});
  phone.welcome({seq: 1});
  phone.says({t: 'identified', id: 'login', verified: true});
  phone.says(message(1, {text: '旧的'}));
  client.send('没发出去的');
  phone.socket.on.close({code: 4401, reason: ''});
  assert.equal(client.state.verified, false);
  client.resume();
  phone.socket.on.open();
  assert.equal(phone.of('hello')[0].token, undefined);
  phone.says({t: 'welcome', token: 'token-2', visitor: 'v2', conversation: '', state: 'bot', seq: 0, agent: ''});
  assert.equal(phone.logins, 2);
  const [again] = phone.of('msg');
  assert.equal(again.text, '没发出去的');
  phone.says({t: 'ack', id: again.id, seq: 1, message: 'x', conversation: 'c9', at: ''});
  phone.says(message(2, {conversation: 'c9', text: '您好'}));
  assert.deepEqual(texts(client), ['没发出去的', '您好']);
});

test('a message that another one overtook is shown in its place', () => {
  const phone = new Phone();
  const client = open(phone);
  phone.welcome({seq: 0});
  phone.says(message(1));
  phone.says(message(3));
  phone.says(message(2));
  assert.deepEqual(texts(client), ['第1条', '第2条', '第3条']);
});

test('after a cut it resumes before what is missing, and a jump over a private note is none', () => {
  const phone = new Phone();
  const client = open(phone);
  phone.welcome({seq: 0});
  phone.says(message(1));
  phone.says(message(3, {after: 1}));
  phone.says(message(5));
  phone.socket.on.close({code: 1006, reason: ''});
  client.resume();
  phone.socket.on.open();
  assert.equal(phone.of('hello')[0].last_seq, 3);
  phone.says({t: 'welcome', token: 'token-1', visitor: 'v1', conversation: 'c1', state: 'bot', seq: 5, agent: ''});
  phone.says(message(4));
  phone.says(message(5));
  assert.deepEqual(texts(client), ['第1条', '第3条', '第4条', '第5条']);
});

test('who asks for a person while there is no connection is heard with the next one', () => {
  const phone = new Phone();
  const client = open(phone);
  client.handoff();
  client.typing(true);
  client.read();
  assert.deepEqual(phone.socket.sent, [], 'nothing may come before hello');
  phone.welcome({seq: 1});
  assert.equal(phone.of('handoff').length, 1);
  phone.socket.on.close({code: 1006, reason: ''});
  client.resume();
  phone.welcome({seq: 1});
  assert.equal(phone.of('handoff').length, 0, 'once');
});

test('a rating that cannot be sent stays on the screen', () => {
  const phone = new Phone();
  const client = open(phone);
  phone.welcome({seq: 1});
  phone.says({t: 'rate'});
  phone.socket.on.close({code: 1006, reason: ''});
  client.rate(5);
  assert.equal(client.state.rate, true);
  client.resume();
  phone.welcome({seq: 1});
  client.rate(5);
  assert.equal(client.state.rate, false);
  assert.equal(phone.of('rate')[0].score, 5);
});

test('an own picture is shown, not an empty bubble', async () => {
  const phone = new Phone();
  const client = open(phone);
  phone.welcome({seq: 0});
  const id = await client.sendFile('wxfile://tmp/a.jpg');
  assert.deepEqual(phone.of('msg')[0].attachments, ['77']);
  phone.says({t: 'ack', id, seq: 1, message: 'x', conversation: 'c1', at: ''});
  const [file] = client.state.messages[0].attachments;
  assert.equal(file.media_type, 'image/jpeg');
  assert.equal(file.local, 'wxfile://tmp/a.jpg');
});

test('a page that comes back finds out at once that its socket is dead', t => {
  const phone = new Phone();
  const client = open(phone);
  phone.welcome({seq: 0});
  const now = Date.now();
  t.mock.method(Date, 'now', () => now + 100_000);
  const sockets = phone.sockets.length;
  client.resume();
  assert.equal(phone.sockets.length, sockets + 1);
});
