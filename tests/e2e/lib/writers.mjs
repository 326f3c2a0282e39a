// Customers who keep writing through faults, and remember from outside the hub what was acknowledged to them.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {Agent, Visitor} from './client.mjs';

/** A customer; what is not acknowledged is sent again with its id, after each return and when the hub asks for it. */
export class Writer {
  constructor(hub) {
    this.hub = hub;
    this.acked = new Map();    // client id → {seq, text}
    this.pending = new Map();  // client id → text
    this.sent = new Map();     // client id → when it was first sent
    this.screen = new Map();   // seq → id of what was shown
    this.count = 0;
    this.refused = 0;
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
    this.sent.set(id, Date.now());
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
      this.lastAck = Date.now();
      this.see(f.seq, f.message);
    } else if (f.t === 'msg') {
      this.see(f.seq, f.id);
    } else if (f.t === 'error') {
      ++this.refused;
      this.lastRefusal = f;
      // As the widget does: later, with the same id.
      setTimeout(() => {
        if (this.pending.has(f.id) && this.client.socket.readyState === 1) {
          this.client.send({t: 'msg', id: f.id, text: this.pending.get(f.id)});
        }
      }, 500 + Math.random() * 500);
    }
  }
  see(seq, id) {
    const shown = this.screen.get(seq);
    if (shown && shown !== id) this.problems.push(`two messages with seq ${seq}: ${shown} and ${id}`);
    this.screen.set(seq, id);
    this.lastSeq = Math.max(this.lastSeq ?? 0, seq);
  }
}

/** Lets the web channel take the load of a test. */
export function allowLoad(config) {
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'load.yaml'),
    'plugins:\n  web:\n    config:\n      visitor_messages_per_second: 1000\n      new_visitors_per_minute: 100000\n');
}

/** Writes at `rate` messages a second, all writers together, until `end` (a time, or a function that says so). */
export async function writeUntil(writers, rate, end) {
  const over = typeof end === 'function' ? end : () => Date.now() >= end;
  let due = Date.now();
  let next = 0;
  while (!over()) {
    while (due <= Date.now()) {
      writers[next++ % writers.length].write();
      due += 1000 / rate;
    }
    await new Promise(resolve => setTimeout(resolve, 2));
  }
}

/** Waits for the last acknowledgements, then compares with what an agent reads; the number of messages stored. */
export async function verify(hub, writers) {
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
  return stored;
}

/** "12 ms (median), 40 ms (worst)". */
export function spread(times) {
  const sorted = [...times].sort((a, b) => a - b);
  return `${sorted[sorted.length >> 1]} ms (median), ${sorted.at(-1)} ms (worst)`;
}
