// F3: the database server is killed and started again under load. Acknowledgements are withheld, senders are told to come
// again, messages flow within 5 s of its return, and the hub is never restarted. QIAO_KILLS sets the rounds.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {test} from 'node:test';
import {copyConfig, Hub, tempFolder, until} from './lib/hub.mjs';
import {MariaDb} from './lib/mariadb.mjs';
import {allowLoad, spread, verify, Writer, writeUntil} from './lib/writers.mjs';

const rounds = Number(process.env.QIAO_KILLS ?? 5);
const rate = 500;
const customers = 20;

test(`F3: the database is killed under ${rate} messages a second, ${rounds} rounds`, {timeout: 1800000}, async t => {
  const data = tempFolder('f3');
  const config = copyConfig(data);
  allowLoad(config);
  const server = await MariaDb.start();
  server.keepFor(config);
  const hub = await Hub.start({data, config});
  const pid = hub.process.pid;
  const writers = Array.from({length: customers}, () => new Writer(hub));
  await Promise.all(writers.map(w => w.connect()));
  const lastAck = () => Math.max(...writers.map(w => w.lastAck ?? 0));
  const back = [];
  let over = false;
  const load = writeUntil(writers, rate, () => over);
  for (let round = 0; round < rounds; ++round) {
    const before = lastAck();
    await until(() => lastAck() > before, 'messages to flow');
    await new Promise(resolve => setTimeout(resolve, 300 + Math.random() * 700));
    const refusals = writers.reduce((sum, w) => sum + w.refused, 0);
    await server.kill();
    const gone = Date.now();  // acknowledgements of what was sent before may still be on their way
    await new Promise(resolve => setTimeout(resolve, 500 + Math.random() * 2000));
    const early = writers.flatMap(w => [...w.acked.keys()].filter(id => w.sent.get(id) > gone));
    assert.equal(early.length, 0, 'nothing that was sent without a database is acknowledged');
    assert.ok(writers.reduce((sum, w) => sum + w.refused, 0) > refusals, 'senders are told');
    const refusal = writers.find(w => w.lastRefusal).lastRefusal;
    assert.ok(refusal.retry_after > 0, `the refusal says when to come again: ${JSON.stringify(refusal)}`);
    assert.equal((await fetch(`${hub.url}/readyz`)).status, 503, 'the hub says that it cannot serve');
    await server.start();
    const returned = Date.now();
    await until(() => lastAck() > returned, 'messages to flow again', 10);
    back.push(lastAck() - returned);
    assert.ok(back.at(-1) <= 5000, `messages flow ${back.at(-1)} ms after the database returned`);
  }
  over = true;
  await load;
  assert.equal(hub.process.pid, pid);
  assert.equal(hub.process.exitCode, null, 'the hub was never restarted');
  const stored = await verify(hub, writers);
  await hub.stop();
  await server.remove();
  t.diagnostic(`${rounds} outages, ${stored} messages; flowing again ${spread(back)} after the server`);
  fs.rmSync(data, {recursive: true, force: true});
});
