// A shop's data on its way: SQLite → MariaDB → SQLite by `qiao migrate`, and out of a backup that was taken while customers
// wrote (F19). After each move the same conversations are there, searches find the same, and customers go on.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {Agent, Visitor} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder, until} from './lib/hub.mjs';
import {MariaDb} from './lib/mariadb.mjs';

const store = text => `store:\n${text}`;

/** What an agent who may see everything sees. */
async function picture(hub) {
  const agent = new Agent(hub);
  await agent.login('zhouxue');
  const list = await agent.rest('GET', '/api/v1/conversations?view=any&limit=200');
  const found = await agent.rest('GET', `/api/v1/conversations?view=any&search=${encodeURIComponent('退貨')}`);
  const ids = list.conversations.map(c => c.id).sort();
  const transcripts = [];
  for (const id of ids) {
    const page = await agent.rest('GET', `/api/v1/conversations/${id}/messages?limit=200`).catch(() => null);
    if (page) transcripts.push(page.messages.map(m => [m.seq, m.author, m.text ?? m.content?.text]));
  }
  return {
    conversations: list.conversations.map(c => [c.id, c.contact, c.contact_name, c.preview, c.state, c.last_seq]).sort(),
    hits: found.hits.map(h => [h.conversation, h.seq, h.snippet]).sort(),
    transcripts};
}

async function converse(hub, count, word) {
  const visitors = [];
  for (let i = 0; i < count; ++i) {
    const visitor = new Visitor(hub);
    await visitor.connect();
    await visitor.say(`${word} ${i}: 我要退货，订单 SO-2026-${i}`);
    visitors.push(visitor);
  }
  await until(async () => visitors.every(v => v.frames.some(f => f.t === 'msg' && f.author !== 'customer')), 'answers');
  visitors.forEach(v => v.close());
  return visitors;
}

const settled = () => new Promise(resolve => setTimeout(resolve, 3000));  // what follows from messages is written lazily

test('a shop moves to MariaDB and back, with the same conversations', {timeout: 300000}, async t => {
  const data = tempFolder('move');
  const config = copyConfig(data);
  const server = await MariaDb.start();
  const files = path.join(path.dirname(config), 'conf.d', 'store.yaml');
  const run = () => Hub.start({data: path.join(data, 'data'), config});

  let hub = await run();
  await converse(hub, 6, '第一天');
  await settled();
  const before = await picture(hub);
  assert.equal(before.conversations.length, 6);
  assert.equal(before.hits.length, 6);
  server.keepFor(config);
  const refused = hub.command('migrate', '--from', 'sqlite', '--to', 'mysql', '--config', config, '--data', hub.data);
  assert.notEqual(refused.code, 0, 'not while the hub runs');
  assert.match(refused.stderr, /store\.locked/);
  await hub.stop();

  const bytes = fs.readFileSync(path.join(hub.data, 'qiao.db'));
  const out = hub.command('migrate', '--from', 'sqlite', '--to', 'mysql', '--config', config, '--data', hub.data);
  assert.equal(out.code, 0, out.stderr + out.stdout);
  t.diagnostic(out.stdout.trim().split('\n').at(-1));
  assert.ok(fs.readFileSync(path.join(hub.data, 'qiao.db')).equals(bytes), 'the source stays untouched');
  const again = hub.command('migrate', '--from', 'sqlite', '--to', 'mysql', '--config', config, '--data', hub.data);
  assert.match(again.stderr, /transfer\.not_empty/);

  fs.renameSync(path.join(hub.data, 'qiao.db'), path.join(data, 'old.db'));  // so that nobody can read it by mistake
  hub = await run();
  assert.deepEqual(await picture(hub), before);
  await converse(hub, 2, '第二天');
  await settled();
  const later = await picture(hub);
  assert.equal(later.conversations.length, 8);
  await hub.stop();

  const back = hub.command('migrate', '--from', 'mysql', '--to', 'sqlite', '--config', config, '--data', hub.data);
  assert.equal(back.code, 0, back.stderr + back.stdout);
  fs.rmSync(files);
  hub = await run();
  assert.deepEqual(await picture(hub), later);
  await hub.stop();
  await server.remove();
  fs.rmSync(data, {recursive: true, force: true});
});

for (const engine of ['sqlite', 'mysql']) {
  test(`F19: a backup taken under load on ${engine} is restored to both kinds of database`, {timeout: 300000}, async t => {
    const data = tempFolder('restore');
    const config = copyConfig(data);
    const conf = path.join(path.dirname(config), 'conf.d', 'store.yaml');
    const server = await MariaDb.start();
    const backup = `  backup: {every: 1m, folder: ../backups, keep: {last: 2}}\n`;
    const mysql = database => `  kind: mysql\n  socket: ${server.socket}\n  database: ${database}\n  user: root\n`;
    if (engine === 'mysql') server.sql('CREATE DATABASE qiao');
    fs.writeFileSync(conf, store(engine === 'mysql' ? mysql('qiao') + backup : backup));

    const hub = await Hub.start({data: path.join(data, 'data'), config});
    const backups = path.join(data, 'backups');
    const names = () => fs.existsSync(backups) ? fs.readdirSync(backups).filter(n => /^backup-\d+T\d+Z$/.test(n)) : [];
    await until(async () => names().length === 1, 'the first backup of the schedule', 30);
    assert.equal(hub.command('backup', 'verify', path.join(backups, names()[0])).code, 0);
    // One more by hand, while a customer writes.
    const visitor = new Visitor(hub);
    await visitor.connect();
    let written = 0;
    const say = () => visitor.say(`写着写着 ${++written}`);
    for (let i = 0; i < 5; ++i) await say();
    const archive = path.join(backups, 'by-hand');
    const taking = spawn(hub.program, ['backup', archive, '--config', config, '--data', hub.data], {stdio: 'inherit'});
    const taken = new Promise(resolve => taking.once('exit', resolve));
    let over = false;
    taken.then(() => { over = true; });
    while (!over) {
      await say();
      await new Promise(resolve => setTimeout(resolve, 60));  // as fast as one visitor may
    }
    assert.equal(await taken, 0);
    assert.ok(written > 5, 'the customer went on writing');
    await visitor.say('备份以后才写的');
    visitor.close();
    await hub.stop();
    const verified = hub.command('backup', 'verify', archive);
    assert.equal(verified.code, 0, verified.stderr);
    assert.ok(!JSON.stringify(fs.readdirSync(backups, {recursive: true})).includes('master'), 'the master key is in no backup');

    for (const target of ['sqlite', 'mysql']) {
      const restored = path.join(data, `restored-${target}`);
      fs.mkdirSync(path.join(restored, 'keys'), {recursive: true});
      fs.copyFileSync(path.join(data, 'data/keys/master.key'), path.join(restored, 'keys/master.key'));
      if (target === 'mysql') server.sql('CREATE DATABASE restored');
      fs.writeFileSync(conf, target === 'mysql' ? store(mysql('restored')) : '');
      const done = hub.command('restore', archive, '--config', config, '--data', restored);
      assert.equal(done.code, 0, done.stderr + done.stdout);
      const second = await Hub.start({data: restored, config});
      const agent = new Agent(second);
      await agent.login('zhouxue');
      const list = await agent.rest('GET', '/api/v1/conversations?view=any');
      assert.equal(list.conversations.length, 1);
      const found = await agent.rest('GET', `/api/v1/conversations?view=any&search=${encodeURIComponent('写着写着')}`);
      assert.equal(found.hits.length, 1, 'texts are readable with the master key');
      assert.ok(list.conversations[0].last_seq <= written * 3 + 3);
      const missing = await agent.rest('GET', `/api/v1/conversations?view=any&search=${encodeURIComponent('备份以后')}`);
      assert.equal(missing.hits.length, 0);
      await second.stop();
      t.diagnostic(`${engine} → ${target}: ${done.stdout.trim().split('\n').at(-1)}`);
    }
    await server.remove();
    fs.rmSync(data, {recursive: true, force: true});
  });
}
