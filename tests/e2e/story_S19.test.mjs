// S19: a customer asks for a copy of everything and then to be forgotten. Both reach the whole hub, a kill in between is made good,
// and afterwards nothing of them is found: not by search, not in the database, its log, the uploads or the files of the hub.
import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Agent, Visitor} from './lib/client.mjs';
import {copyConfig, Hub, json, tempFolder, until} from './lib/hub.mjs';

const secret = 'secret-of-the-shop';
// Words that stand nowhere else; in the upload too.
const canary = {word: '榴莲千层盒', phone: '13612345678', email: 'lin.canary@example.com', note: '不要在上午打电话'};
let hub, boss, lin, contact, conversation;
const clients = [];

before(async () => {
  const data = tempFolder('s19');
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'sites.yaml'),
                   `plugins:\n  web:\n    config:\n      sites:\n        shop: {identify_secret: ${secret}}\n`);
  hub = await Hub.start({data, config});
  boss = await loggedIn('admin');
});
after(async () => {
  clients.forEach(c => c.close());
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

async function loggedIn(login) {
  const one = new Agent(hub);
  clients.push(one);
  await one.login(login);
  return one;
}
async function visitor() {
  const one = new Visitor(hub, {site: 'shop'});
  clients.push(one);
  await one.connect();
  return one;
}
async function upload(who, name, text) {
  const form = new FormData();
  form.append('file', new Blob([text], {type: 'text/plain'}), name);
  return json(await fetch(`${hub.url}/api/v1/visitor/files`, {
    method: 'POST', headers: {authorization: `Bearer ${who.token}`}, body: form}));
}
/** Every byte below the data folder, but the configuration that the test wrote. */
function everything() {
  const found = [];
  for (const entry of fs.readdirSync(hub.data, {recursive: true, withFileTypes: true})) {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    if (entry.isFile() && !file.includes('/generations/')) found.push(Buffer.from(file), fs.readFileSync(file));
  }
  return Buffer.concat(found);
}
const contactCommand = (...args) => hub.command('contact', ...args, '--data', hub.data, '--config', hub.config);

test('somebody talks, uploads, has a ticket and a note', async () => {
  lin = await visitor();
  const said = await lin.say(`我买的${canary.word}坏了，转人工`);
  conversation = said.conversation;
  const file = await upload(lin, 'photo.txt', `${canary.word} 的照片`);
  lin.send({t: 'msg', id: 'with-file', text: '照片', attachments: [file.id]});
  await lin.frame(f => f.t === 'ack' && f.id === 'with-file', 'the ack of the upload');
  const payload = Buffer.from(JSON.stringify({
    name: '林小满', phone: canary.phone, email: canary.email, exp: Math.floor(Date.now() / 1000) + 60})).toString('base64url');
  await json(await fetch(`${hub.url}/api/v1/visitor/identify`, {
    method: 'POST', headers: {authorization: `Bearer ${lin.token}`, 'content-type': 'application/json'},
    body: JSON.stringify({identity: `${payload}.${createHmac('sha256', secret).update(payload).digest('hex')}`})}));
  contact = (await boss.rest('GET', `/api/v1/conversations/${conversation}`)).contact;
  await boss.rest('PATCH', `/api/v1/contacts/${contact}`, {note: canary.note, tags: ['vip'], attributes: {size: canary.word}});
  await boss.rest('POST', '/api/v1/tickets', {conversation, department: 'after-sales', subject: canary.word, description: canary.word});
  // The index follows the messages a few seconds later.
  await until(async () => (await boss.rest('GET', `/api/v1/conversations?view=all&search=${encodeURIComponent(canary.word)}`))
    .conversations.length === 1, 'the search to find it');
});

test('the copy holds everything and reads without the hub', async () => {
  const folder = path.join(hub.data, 'copy-for-lin');
  const done = contactCommand('export', `phone:${canary.phone}`, '--out', folder, '--language', 'zh-CN');
  assert.equal(done.code, 0, done.stdout + done.stderr);
  const page = fs.readFileSync(path.join(folder, 'index.html'), 'utf8');
  for (const text of [canary.word, `+86${canary.phone}`, canary.email, canary.note, '林小满', 'photo.txt']) assert.ok(page.includes(text), text);
  for (const part of ['contact', 'conversations', 'tickets', 'uploads']) JSON.parse(fs.readFileSync(path.join(folder, `${part}.json`), 'utf8'));
  const files = fs.readdirSync(path.join(folder, 'files'));
  assert.equal(files.length, 1);
  assert.ok(fs.readFileSync(path.join(folder, 'files', files[0]), 'utf8').includes(canary.word));
  assert.equal(fs.statSync(folder).mode & 0o077, 0, 'nobody else reads it');
  assert.equal(contactCommand('export', contact, '--out', folder).code, 1, 'never into a folder in which something is');
  fs.rmSync(folder, {recursive: true});
});

test('an erasure says what it means, and is for administrators', async () => {
  assert.equal(contactCommand('erase', contact).code, 64);
  const agent = await loggedIn('liting');
  await assert.rejects(agent.rest('POST', `/api/v1/contacts/${contact}/erase`), /403/);
});

test('erased, nothing is left anywhere, though the hub was killed at once', async () => {
  const before = hub.port;
  const erasing = boss.rest('POST', `/api/v1/contacts/${contact}/erase`).catch(() => 'killed');
  await new Promise(resolve => setImmediate(resolve));
  await hub.kill();
  await erasing;
  hub.port = before;
  await hub.start();
  boss = await loggedIn('admin');
  // Whatever had been begun goes on by itself; if nothing had, this begins it, and a second time does no harm.
  const done = contactCommand('erase', contact, '--yes');
  assert.ok(done.code === 0 || /not_found/.test(done.stderr), done.stdout + done.stderr);
  await until(async () => !(await boss.rest('GET', '/api/v1/contacts?limit=200')).contacts.some(c => c.id === contact), 'the contact to be gone', 40);

  const search = await boss.rest('GET', `/api/v1/conversations?view=all&search=${encodeURIComponent(canary.word)}`);
  assert.equal(search.conversations.length, 0);
  for (const path of [`contacts/${contact}`, `conversations/${conversation}`]) {
    const answer = await fetch(`${hub.url}/api/v1/${path}`, {headers: {authorization: `Bearer ${boss.token}`}});
    assert.equal(answer.status, 404, path);
  }
  const tickets = await boss.rest('GET', '/api/v1/tickets?view=all');
  assert.ok(!tickets.tickets.some(t => t.contact === contact));
  assert.equal((await boss.rest('GET', `/api/v1/contacts?search=${canary.phone}`)).contacts.length, 0);
  await hub.stop();
  const all = everything();
  for (const text of Object.values(canary)) assert.ok(!all.includes(Buffer.from(text)), `"${text}" is still there`);
  await hub.start();
  boss = await loggedIn('admin');
  const audit = hub.command('audit', 'list', '--data', hub.data, '--config', hub.config);
  assert.match(audit.stdout, /contact\.erased/);
  assert.ok(audit.stdout.includes(contact));
});

test('their browser begins anew, and everybody else notices nothing', async () => {
  const again = new Visitor(hub, {site: 'shop'});
  clients.push(again);
  again.token = lin.token;
  await assert.rejects(again.connect(), /4401/);
  const fresh = await visitor();
  const said = await fresh.say('退货流程');
  assert.notEqual(said.conversation, conversation);
  await fresh.message('bot', /./);
});
