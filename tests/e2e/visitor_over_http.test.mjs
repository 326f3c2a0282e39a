// A visitor who uses no WebSocket: messages are posted, stored once, and read back; what is wrong is said as problem+json.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {after, before, test} from 'node:test';
import {Hub, json, tempFolder} from './lib/hub.mjs';

let hub, token;
before(async () => {
  hub = await Hub.start({data: tempFolder('visitor-http')});
  token = (await json(await ask('POST', 'sessions', {language: 'en'}))).token;
});
after(async () => {
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

function ask(method, what, body, headers = {}) {
  return fetch(`${hub.url}/api/v1/visitor/${what}`, {
    method, body: body && JSON.stringify(body),
    headers: {...(token ? {authorization: `Bearer ${token}`} : {}), 'content-type': 'application/json', ...headers}});
}
const post = (body, headers) => ask('POST', 'messages', body, headers);
async function upload(text) {
  const form = new FormData();
  form.append('file', new Blob([text], {type: 'text/plain'}), 'label.txt');
  return json(await fetch(`${hub.url}/api/v1/visitor/files`, {
    method: 'POST', headers: {authorization: `Bearer ${token}`}, body: form}));
}
async function refused(answer, status, words) {
  assert.equal(answer.status, status);
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  assert.match((await answer.json()).detail, words);
}

test('a posted message is stored once, however often it is sent', async () => {
  const answer = await post({id: 'm-1', text: 'where is my parcel?'});
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  const first = await answer.json();
  const again = await json(await post({id: 'm-1', text: 'where is my parcel?'}, {'x-request-id': 'a-client-s-own'}));
  assert.deepEqual({...again, duplicate: first.duplicate}, first);
  assert.notEqual(again.duplicate, first.duplicate);
  const {messages} = await json(await ask('GET', 'messages'));
  assert.equal(messages.filter(m => m.text === 'where is my parcel?').length, 1);
});

test('an upload goes with the message that names it', async () => {
  const file = await upload('the label of the parcel');
  await json(await post({id: 'm-2', text: 'here is the label', attachments: [file.id]}));
  await json(await post({id: 'm-3', text: '', attachments: [file.id]}));
  const {messages} = await json(await ask('GET', 'messages'));
  for (const text of ['here is the label', '']) {
    const kept = messages.find(m => m.author === 'customer' && m.text === text);
    assert.equal(kept?.attachments?.[0]?.name, 'label.txt', JSON.stringify(messages));
  }
});

test('many messages posted at once are each stored', async () => {
  const answers = await Promise.all(Array.from({length: 40}, (_, i) => post({id: `many-${i}`, text: `line ${i}`})));
  for (const answer of answers) assert.equal(answer.status, 200);
  const {messages} = await json(await ask('GET', 'messages?limit=500'));
  for (let i = 0; i < 40; ++i) assert.equal(messages.filter(m => m.text === `line ${i}`).length, 1);
});

test('what is wrong with a message is said', async () => {
  await refused(await post({id: '', text: 'x'}), 400, /an id of its own/);
  await refused(await post({id: 'e-1', text: ''}), 400, /empty/);
  await refused(await post({id: 'e-2', text: 'x'.repeat(9000)}), 413, /9000 bytes/);
  await refused(await post({id: 'e-3', text: 'x', colour: 'red'}), 400, /colour: unknown field/);
  await refused(await post({id: 'e-4', text: 'x', attachments: Array(11).fill('1')}), 413, /at most 10/);
  await refused(await post({id: 'e-5', text: 'x', attachments: ['77']}), 404, /no upload 77/);
  await refused(await post({id: 'e-6', text: 'x'}, {'content-type': 'text/plain'}), 415, /application\/json/);
  await refused(await post({id: 'e-7', text: 'x'}, {authorization: `${`Bearer ${token}`.slice(0, -1)}~`}), 401, /not valid here/);
  await refused(await post({id: 'e-8', text: 'x'}, {authorization: ''}), 401, /token/);
});
