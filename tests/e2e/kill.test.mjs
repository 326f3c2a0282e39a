// Promises P1–P3 under kill -9: what was acknowledged is kept once, in order, without gaps. This process is the outside
// recorder: it outlives the hub and remembers every acknowledgement.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {Agent, Visitor} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder} from './lib/hub.mjs';

const rounds = Number(process.env.QIAO_KILLS ?? 50);
const rate = 500;      // messages a second, all visitors together
const customers = 20;

/** A customer who keeps writing; what is not acknowledged is sent again with its id after each return. */
class Writer {
  constructor(hub) {
    this.hub = hub;
    this.acked = new Map();    // client id → {seq, text}
    this.pending = new Map();  // client id → text
    this.screen = new Map();   // seq → id of what was shown
    this.count = 0;
    this.problems = [];
  }
  async connect() {
    this.client = new Visitor(this.hub);
    this.client.token = this.token;
    this.client.onframe = f => this.frame(f);
    await this.client.connect(this.lastSeq ? {last_seq: this.lastSeq} : {});
    this.token = this.client.token;
    for (const [id, text] of this.pending) this.client.send({t: 'msg', id, text});
  }
  write() {
    if (this.client.socket.readyState !== 1) return;
    const id = randomUUID();
    const text = `message ${++this.count} of ${this.token.slice(3, 12)}`;
    this.pending.set(id, text);
    this.client.send({t: 'msg', id, text});
  }
  frame(f) {
    if (f.t === 'ack') {
      const before = this.acked.get(f.id);
      if (before && before.seq !== f.seq) this.problems.push(`${f.id} was acknowledged as ${before.seq} and as ${f.seq}`);
      if (!this.pending.has(f.id) && !before) this.problems.push(`an ack for ${f.id}, which was never sent`);
      if (!before) this.acked.set(f.id, {seq: f.seq, text: this.pending.get(f.id), conversation: f.conversation});
      this.pending.delete(f.id);
      this.conversation = f.conversation;
      this.see(f.seq, f.message);
    } else if (f.t === 'msg') {
      this.see(f.seq, f.id);
    }
  }
  see(seq, id) {
    const shown = this.screen.get(seq);
    if (shown && shown !== id) this.problems.push(`two messages with seq ${seq}: ${shown} and ${id}`);
    this.screen.set(seq, id);
    this.lastSeq = Math.max(this.lastSeq ?? 0, seq);
  }
}

test(`kill -9 under ${rate} messages a second, ${rounds} rounds: nothing lost, nothing doubled, no gap`, {timeout: 900000}, async t => {
  const data = tempFolder('kill');
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'load.yaml'),
    'plugins:\n  web:\n    config:\n      visitor_messages_per_second: 1000\n      new_visitors_per_minute: 100000\n');
  const hub = await Hub.start({data, config});
  const writers = Array.from({length: customers}, () => new Writer(hub));
  let recoveries = [];
  for (let round = 0; round < rounds; ++round) {
    await Promise.all(writers.map(w => w.connect()));
    const end = Date.now() + 200 + Math.random() * 1300;
    let due = Date.now();
    let next = 0;
    while (Date.now() < end) {
      while (due <= Date.now()) {
        writers[next++ % customers].write();
        due += 1000 / rate;
      }
      await new Promise(resolve => setTimeout(resolve, 2));
    }
    await hub.kill();
    const began = Date.now();
    await hub.start();
    recoveries.push(Date.now() - began);
  }
  await Promise.all(writers.map(w => w.connect()));
  for (const w of writers) {
    for (const id of [...w.pending.keys()]) await w.client.frame(f => f.t === 'ack' && f.id === id, `the last ack of ${id}`, 30);
  }

  const agent = new Agent(hub);
  await agent.login('admin');
  let stored = 0;
  for (const w of writers) {
    assert.deepEqual(w.problems, []);
    const rows = [];
    for (let before = 0; before !== 1; before = rows[0].seq) {  // the newest page first, then back to the beginning
      const page = await agent.rest('GET', `/api/v1/conversations/${w.conversation}/messages?before=${before}&limit=500`);
      rows.unshift(...page.messages);
    }
    rows.forEach((row, i) => assert.equal(row.seq, i + 1, 'no gap, no inversion'));
    const ids = rows.filter(r => r.author === 'customer').map(r => r.client_id);
    assert.equal(new Set(ids).size, ids.length, 'no message twice');
    const bySeq = new Map(rows.map(r => [r.seq, r]));
    for (const [id, {seq, text}] of w.acked) {
      assert.equal(bySeq.get(seq)?.text, text, `the acknowledged message ${id} is stored at its seq`);
    }
    assert.equal(ids.length, w.acked.size, 'exactly what was sent is stored');
    stored += ids.length;
    w.client.close();
  }
  await hub.stop();
  recoveries.sort((a, b) => a - b);
  t.diagnostic(`${rounds} kills, ${stored} messages; ready again after ${recoveries[recoveries.length >> 1]} ms (median), ` +
    `${recoveries.at(-1)} ms (worst)`);
  fs.rmSync(data, {recursive: true, force: true});
});
