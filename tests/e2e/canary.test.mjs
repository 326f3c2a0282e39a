// What is stored is unreadable without the key: texts that are easy to recognise go through every door of the real hub, then
// every file of its data, its log, its backup and, with QIAO_TEST_STORE=mysql, the database server's files are searched for
// them byte by byte.
import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {Agent, Visitor} from './lib/client.mjs';
import {binary, copyConfig, Hub, json, tempFolder, until} from './lib/hub.mjs';
import {MariaDb} from './lib/mariadb.mjs';
import {scan} from './lib/scan.mjs';

const onMysql = process.env.QIAO_TEST_STORE === 'mysql';
const mark = () => randomBytes(6).toString('hex');
const texts = {
  'customer name': `金丝雀${mark()}`,
  'claimed name': `Kanarie ${mark()}`,
  phone: `+86139${String(Date.now()).slice(-8)}`,
  'e-mail': `canary-${mark()}@example.org`,
  address: `鸟巢路 ${mark()} 号`,
  'order number': `SO-CANARY-${mark()}`,
  'message of a customer': `我的包裹在哪里 ${mark()}`,
  'message of an agent': `马上为您查询 ${mark()}`,
  'private note': `note-${mark()}`,
  'file name': `quittung-${mark()}`,
  'content of a file': `the bytes of an upload ${mark()}`,
  'rating comment': `comment-${mark()}`,
  'ticket subject': `subject-${mark()}`,
  'ticket description': `description-${mark()}`,
  'ticket field': `field-${mark()}`,
  'ticket comment': `ticket-comment-${mark()}`,
  'ticket resolution': `resolution-${mark()}`,
  'contact note': `contact-note-${mark()}`,
  'contact attribute': `attribute-${mark()}`,
  'dead letter': `poison-${mark()}`,
};
const masterKey = randomBytes(32).toString('hex');
const secrets = {'master key': masterKey, 'password at a login': `Pass-${mark()}-wort`};

async function upload(hub, visitor, name, content) {
  const form = new FormData();
  form.append('file', new Blob([content], {type: 'text/plain'}), name);
  return json(await fetch(`${hub.url}/api/v1/visitor/files`, {
    method: 'POST', headers: {authorization: `Bearer ${visitor.token}`}, body: form}));
}

test('the scanner finds what is there, in every form', () => {
  const folder = tempFolder('canary-control');
  const text = '金丝雀 canary 1';
  fs.writeFileSync(path.join(folder, 'utf8'), `x${text}x`);
  fs.writeFileSync(path.join(folder, 'utf16'), Buffer.from(`xx${text}`, 'utf16le'));
  fs.writeFileSync(path.join(folder, 'hex'), Buffer.from(text).toString('hex'));
  for (const before of ['', 'a', 'ab', 'abc']) {
    fs.writeFileSync(path.join(folder, `base64${before}`), Buffer.from(`${before}${text}z`).toString('base64'));
  }
  const {hits, files} = scan([folder], {text});
  assert.equal(files, 7);
  assert.deepEqual([...new Set(hits.map(h => h.split(', ')[2]))].sort(),
    ['base64', 'base64a', 'base64ab', 'base64abc', 'hex', 'utf16', 'utf8']);
  assert.deepEqual(scan([folder], {other: 'not in any of them'}).hits, []);
  fs.rmSync(folder, {recursive: true, force: true});
});

test(`nothing that people write is readable in any file${onMysql ? ', on MariaDB' : ''}`, {timeout: 400000}, async t => {
  const folder = tempFolder('canary');
  const data = path.join(folder, 'hub');
  const backup = path.join(folder, 'backup');
  const config = copyConfig(folder);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'canary.yaml'), [
    'hub:', '  log:', '    level: debug', '    file: hub.log',
    'vault:', '  key: ${env:QIAO_TEST_MASTER_KEY}',
    'plugins:', '  thrower:', '    use: fixture-thrower', '    required: false', ''].join('\n'));
  const server = onMysql ? await MariaDb.start(['--innodb-log-file-size=8M']) : null;
  server?.keepFor(config);
  const env = {QIAO_TEST_MASTER_KEY: masterKey};
  const args = ['--plugin-dir', path.join(path.dirname(path.dirname(binary)), 'fixtures/thrower')];
  let hub = await Hub.start({data, config, env, args});
  let output = '';

  const visitor = new Visitor(hub);
  await visitor.connect();
  const agent = new Agent(hub);
  await agent.login('liting');
  await agent.connect();
  const admin = new Agent(hub);
  await admin.login('admin');

  visitor.send({t: 'identify', id: 'i1', name: texts['claimed name'], phone: texts.phone, email: texts['e-mail']});
  await visitor.say(`${texts['message of a customer']}: ${texts['order number']}, ${texts.address}, ${texts.phone}, ${texts['e-mail']}`);
  await visitor.say(`this is poison: ${texts['dead letter']}`);
  const file = await upload(hub, visitor, `${texts['file name']}.txt`, texts['content of a file']);
  visitor.send({t: 'msg', id: 'with-file', text: '', attachments: [file.id]});
  const stored = await visitor.frame(f => f.t === 'ack' && f.id === 'with-file', 'ack of the file');
  const conversation = stored.conversation ?? visitor.welcome.conversation?.id ??
    (await admin.rest('GET', '/api/v1/conversations?view=all')).conversations[0].id;
  visitor.send({t: 'handoff'});
  await until(async () => (await admin.rest('GET', `/api/v1/conversations/${conversation}`)).state !== 'bot', 'the handoff');
  await agent.rest('POST', `/api/v1/conversations/${conversation}/take`, {}).catch(() => {});
  const owner = (await admin.rest('GET', `/api/v1/conversations/${conversation}`)).agent;
  const person = owner === agent.me.id ? agent : admin;
  if (person === admin) {
    await admin.rest('POST', `/api/v1/conversations/${conversation}/take`, {});
    await admin.connect();
  }
  await person.reply(conversation, texts['message of an agent']);
  await person.reply(conversation, texts['private note'], {note: true});

  const {contact} = await admin.rest('GET', `/api/v1/conversations/${conversation}`);
  await admin.rest('PATCH', `/api/v1/contacts/${contact}`, {
    name: texts['customer name'], phone: texts.phone, email: texts['e-mail'], note: texts['contact note'],
    attributes: {nest: texts['contact attribute']}});
  await until(async () => (await admin.rest('GET', `/api/v1/conversations/${conversation}`)).contact_name === texts['customer name'],
    'the new name in the conversation');
  await admin.rest('POST', `/api/v1/contacts/${contact}/reveal`, {});

  const ticket = await admin.rest('POST', '/api/v1/tickets', {
    conversation, department: 'logistics', subject: texts['ticket subject'], description: texts['ticket description'],
    fields: {order_number: texts['order number'], where: texts['ticket field']}});
  await admin.rest('POST', `/api/v1/tickets/${ticket.id}/comment`, {text: texts['ticket comment']});
  await admin.rest('POST', `/api/v1/tickets/${ticket.id}/resolve`, {resolution: texts['ticket resolution']});
  await admin.rest('POST', `/api/v1/conversations/${conversation}/resolve`, {});
  await visitor.frame(f => f.t === 'rate', 'the question for a rating');
  visitor.send({t: 'rate', score: 5, comment: texts['rating comment']});
  const refused = await fetch(`${hub.url}/api/v1/login`, {
    method: 'POST', headers: {'content-type': 'application/json'},
    body: JSON.stringify({login: secrets['password at a login'], password: secrets['password at a login']})});
  assert.equal(refused.status, 401);

  // A dead letter shows to the operator what its file does not.
  let letter = '';
  await until(() => {
    const id = hub.command('dead-letters', 'list', '--data', data, '--config', config).stdout.match(/^(\d+)/m)?.[1];
    if (!id) return false;
    letter = hub.command('dead-letters', 'show', id, '--data', data, '--config', config).stdout;
    return letter.includes(texts['dead letter']);
  }, 'the dead letter');

  const folders = server ? [data, backup, path.join(server.folder, 'data')] : [data, backup];
  const run = (...words) => {
    process.env.QIAO_TEST_MASTER_KEY = masterKey;
    const done = hub.command(...words, '--data', data, '--config', config);
    output += done.stdout + done.stderr;
    assert.equal(done.code, 0, done.stderr);
    return done.stdout;
  };
  await new Promise(resolve => setTimeout(resolve, 3000));  // what is written lazily is written
  run('backup', backup);
  run('key', 'rotate');
  await until(() => !/still wrapped/.test(run('key', 'status')), 'the keys to be wrapped anew');
  assert.match(run('audit', 'verify'), /is whole/);
  assert.match(run('audit', 'list', '--limit', '1000'), /contact\.reveal/);
  const during = scan(folders, {...texts, ...secrets});
  assert.deepEqual(during.hits, [], 'while the hub runs');

  const metrics = await (await fetch(`${hub.url}/metrics`)).text();
  const description = await (await fetch(`${hub.url}/api/openapi.json`)).text();
  output += hub.output + metrics + description;
  [visitor, agent, admin].forEach(c => c.close());
  assert.equal((await hub.stop()).code, 0);
  const after = scan(folders, {...texts, ...secrets});
  assert.deepEqual(after.hits, [], 'after the hub stopped');
  assert.ok(after.files > 10 && after.bytes > 100_000, `${after.files} files with ${after.bytes} bytes were looked at`);

  // All of it is there for who has the key.
  hub = await Hub.start({data, config, env, args});
  const again = new Agent(hub);
  await again.login('admin');
  const messages = JSON.stringify(await again.rest('GET', `/api/v1/conversations/${conversation}/messages?limit=100`));
  for (const name of ['message of a customer', 'order number', 'address', 'message of an agent', 'private note', 'file name']) {
    assert.ok(messages.includes(texts[name]), `${name} is in the transcript`);
  }
  const kept = JSON.stringify(await again.rest('GET', `/api/v1/tickets/${ticket.id}`));
  for (const name of ['ticket subject', 'ticket description', 'ticket field', 'ticket comment', 'ticket resolution']) {
    assert.ok(kept.includes(texts[name]), `${name} is in the ticket`);
  }
  const link = JSON.parse(messages).messages.flatMap(m => m.attachments ?? []).find(a => a.id === file.id).url;
  assert.equal(await (await fetch(hub.url + link)).text(), texts['content of a file']);
  output += hub.output;
  await hub.stop();

  // Without the key it does not start, and says which one it needs.
  const other = hub.command('audit', 'verify', '--data', data, '--config', config);
  process.env.QIAO_TEST_MASTER_KEY = randomBytes(32).toString('hex');
  const wrong = hub.command('audit', 'verify', '--data', data, '--config', config);
  assert.equal(other.code, 0, other.stderr);
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /vault\.wrong_key.*encrypted under the master key [0-9a-f]{12}/);
  for (const [name, secret] of Object.entries(secrets)) {
    assert.ok(!output.includes(secret) && !wrong.stderr.includes(secret), `${name} is in the output`);
  }
  t.diagnostic(`${Object.keys(texts).length + 2} texts in ${after.files} files, ${(after.bytes / 1e6).toFixed(1)} MB: none found`);
  await server?.remove();
  fs.rmSync(folder, {recursive: true, force: true});
});

test('secrets of the configuration are printed as ***', () => {
  const folder = tempFolder('canary-config');
  const config = copyConfig(folder);
  const secret = `canary-secret-${mark()}`;
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'secrets.yaml'), [
    'hub:', '  listen: ${env:QIAO_TEST_SECRET}', '  io_threads: ${env:QIAO_TEST_SECRET}', '  log:', '    level: ${env:QIAO_TEST_SECRET}',
    'store:', '  kind: ${env:QIAO_TEST_SECRET}', '  password: ${env:QIAO_TEST_SECRET}',
    'vault:', '  key: ${env:QIAO_TEST_SECRET}', ''].join('\n'));
  process.env.QIAO_TEST_SECRET = secret;
  const hub = new Hub({data: path.join(folder, 'hub'), config});
  for (const words of [['check'], ['check', '--format', 'json'], ['run', '--data', path.join(folder, 'hub')], ['schema'], ['plugins'],
    ['backup', path.join(folder, 'none')], ['key', 'status'], ['audit', 'verify']]) {
    const done = hub.command(...words, '--config', config);
    const text = done.stdout + done.stderr;
    assert.ok(!text.includes(secret), `${words.join(' ')} prints it`);
    if (words[0] === 'check') assert.ok(text.includes('***'), text);
  }
  delete process.env.QIAO_TEST_SECRET;
  fs.rmSync(folder, {recursive: true, force: true});
});
