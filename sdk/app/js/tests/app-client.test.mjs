// The built package as an app uses it, against a server that speaks the protocol's frames.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { AppClient, ChatClient } from './built/index.js';

class FakeSocket {
  readyState = 0;
  sent = [];
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  welcome(frame = {}) {
    this.readyState = 1;
    this.onopen?.({});
    this.says({ t: 'welcome', token: 'token-1', visitor: 'v1', conversation: '', state: 'bot', seq: 0, ...frame });
  }
  says(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  of(kind) {
    return this.sent.filter((f) => f.t === kind);
  }
}

const clients = [];
afterEach(() => clients.splice(0).forEach((client) => client.stop()));

function storage() {
  const values = new Map();
  return {
    get length() {
      return values.size;
    },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

function app(Client = AppClient, answer = () => new Response('{}')) {
  const calls = [];
  const sockets = [];
  const kept = storage();
  const client = new Client({
    hub: 'https://hub.example/',
    site: 'app',
    language: 'zh-CN',
    storage: kept,
    random: () => 0,
    createSocket: (url) => {
      const socket = new FakeSocket();
      socket.url = url;
      sockets.push(socket);
      return socket;
    },
    fetch: (url, { method, headers, body }) => {
      calls.push({ url, method, token: headers.Authorization, body: body && JSON.parse(body) });
      return Promise.resolve(answer(method));
    },
  });
  clients.push(client);
  return { client, calls, kept, socket: () => sockets[sockets.length - 1], sockets };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));
const message = (seq, more = {}) => ({ t: 'msg', conversation: 'c1', seq, after: seq - 1, id: `m${seq}`, author: 'agent', text: '您好', at: '2026-11-22T08:00:00Z', ...more });

test('an app says that it confirms what it gets, and confirms it', () => {
  const { client, socket } = app();
  client.start();
  socket().welcome();
  assert.equal(socket().url, 'wss://hub.example/api/v1/visitor');
  assert.equal(socket().of('hello')[0].receipts, true);
  socket().says(message(1));
  socket().says(message(2));
  assert.deepEqual(socket().of('got'), [{ t: 'got', seq: 1 }, { t: 'got', seq: 2 }]);
  socket().says(message(4, { after: 3 }));
  assert.equal(socket().of('got').at(-1).seq, 2, 'nothing behind a gap is confirmed');
  client.stop();
});

test('what stood behind a gap is confirmed once the gap is closed', () => {
  const { client, socket } = app();
  client.start();
  socket().welcome();
  socket().says(message(1));
  socket().says(message(3));
  assert.equal(socket().of('got').at(-1).seq, 1);
  socket().says(message(2, { author: 'customer' }));
  assert.equal(socket().of('got').at(-1).seq, 3);
  socket().says(message(3));
  assert.equal(socket().of('got').length, 2, 'once');
  client.stop();
});

test('a page confirms nothing: nobody wakes it', () => {
  const { client, socket } = app(ChatClient);
  client.start();
  socket().welcome();
  socket().says(message(1));
  assert.equal(socket().of('hello')[0].receipts, undefined);
  assert.equal(socket().of('got').length, 0);
  client.stop();
});

test('the device is registered once there is a visitor, and again with another token', async () => {
  const { client, calls, socket, sockets } = app();
  client.setDevice({ provider: 'apns', token: 'a1b2', sandbox: true });
  client.start();
  assert.equal(calls.length, 0);
  socket().welcome();
  await settled();
  assert.equal(calls.length, 1);
  assert.equal(calls[0].method, 'PUT');
  assert.equal(calls[0].url, 'https://hub.example/api/v1/visitor/device');
  assert.equal(calls[0].token, 'Bearer token-1');
  const { utc_offset, ...device } = calls[0].body;
  assert.deepEqual(device, { provider: 'apns', token: 'a1b2', sandbox: true, language: 'zh-CN' });
  assert.equal(typeof utc_offset, 'number');
  client.stop();
  client.start();
  assert.equal(sockets.length, 2);
  socket().welcome();
  await settled();
  assert.equal(calls.length, 1, 'the same device is not registered twice');
  client.setDevice({ provider: 'apns', token: 'c3d4' });
  await settled();
  assert.equal(calls[1].body.token, 'c3d4');
  client.stop();
});

test('a registration that failed is tried with the next connection', async () => {
  let broken = true;
  const { client, calls, socket } = app(AppClient, () => new Response('{}', { status: broken ? 503 : 200 }));
  client.setDevice({ provider: 'fcm', token: 't1' });
  client.start();
  socket().welcome();
  await settled();
  broken = false;
  client.stop();
  client.start();
  socket().welcome();
  await settled();
  assert.equal(calls.length, 2);
  client.stop();
});

test('after a logout the device is forgotten and nothing of the conversation stays', async () => {
  const { client, calls, kept, socket } = app();
  client.setDevice({ provider: 'getui', token: 'cid 1' });
  client.start();
  socket().welcome();
  socket().says(message(1));
  client.send('还没发出去');
  assert.equal(await client.logout(), true);
  assert.equal(calls.at(-1).method, 'DELETE');
  assert.equal(calls.at(-1).url, 'https://hub.example/api/v1/visitor/device?provider=getui&token=cid%201');
  assert.equal(kept.length, 0);
  assert.deepEqual(client.messages(), []);
  client.start();
  socket().onopen?.({});
  socket().readyState = 1;
  assert.equal(socket().of('hello')[0].token, undefined, 'the next user is another visitor');
  client.stop();
});

test('a logout without a network says so and forgets all the same', async () => {
  const { client, socket, kept } = app(AppClient, (method) => (method === 'DELETE' ? Promise.reject(new Error('offline')) : new Response('{}')));
  client.setDevice({ provider: 'jpush', token: 'r1' });
  client.start();
  socket().welcome();
  await settled();
  assert.equal(await client.logout(), false);
  assert.equal(kept.length, 0);
});

test('a signed identity, and a user id with its hash, go to the hub once', () => {
  const { client, socket } = app();
  client.identify('header.claims.signature');
  client.start();
  socket().welcome();
  assert.equal(socket().of('identify')[0].identity, 'header.claims.signature');
  client.identify({ user: 'u88', user_hash: 'ab' });
  assert.equal(socket().of('identify')[1].user_hash, 'ab');
  assert.equal(socket().of('identify').length, 2);
  client.stop();
});
