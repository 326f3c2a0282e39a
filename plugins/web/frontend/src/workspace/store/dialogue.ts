/**
 * The messages of one conversation as the workspace holds them: one unbroken run from `floor` to `top`, whatever order frames
 * and pages arrive in. What comes too early waits in `early` until the run reaches it.
 */

import type { AgentMessage, Delivery } from '../../shared/protocol';

export interface Dialogue {
  conversation: string;
  /** The first page is here. */
  loaded: boolean;
  /** Sorted by seq, without a gap. */
  messages: AgentMessage[];
  floor: number;
  top: number;
  hasOlder: boolean;
  early: Record<number, AgentMessage>;
  /** States that came before their message, and the reasons of failures, by seq. */
  deliveries: Record<number, { state: Delivery; detail: string }>;
}

export type Applied = 'applied' | 'duplicate' | 'early';

export function newDialogue(conversation: string): Dialogue {
  return { conversation, loaded: false, messages: [], floor: 0, top: 0, hasOlder: false, early: {}, deliveries: {} };
}

// Nothing moves backwards. "unknown" may still turn into anything that is certain.
const RANK: Record<Delivery, number> = { none: 0, pending: 1, unknown: 2, sent: 3, delivered: 4, read: 5, failed: 6 };

export function later(a: Delivery | undefined, b: Delivery | undefined): Delivery {
  const left = a ?? 'none';
  const right = b ?? 'none';
  return RANK[right] > RANK[left] ? right : left;
}

export function applyMessage(d: Dialogue, message: AgentMessage): Applied {
  if (d.loaded && message.seq <= d.top) {
    if (message.seq < d.floor) return 'duplicate'; // its page has not been asked for; it will bring the message
    const index = message.seq - d.floor;
    const held = d.messages[index];
    // The same message again: fresh addresses of attachments, perhaps a newer delivery state.
    if (held) d.messages[index] = { ...message, delivery: later(held.delivery, message.delivery) };
    return 'duplicate';
  }
  if (!d.loaded || message.seq > d.top + 1) {
    d.early[message.seq] = message;
    return 'early';
  }
  append(d, message);
  drain(d);
  return 'applied';
}

/** The newest page (`GET …/messages?limit=50`), or what `after=top` gave. */
export function applyPage(d: Dialogue, messages: AgentMessage[], more: boolean): void {
  const page = [...messages].sort((a, b) => a.seq - b.seq);
  if (!d.loaded) {
    d.loaded = true;
    d.messages = [];
    d.floor = page[0]?.seq ?? 1;
    d.top = d.floor - 1;
    d.hasOlder = page.length > 0 && d.floor > 1;
    for (const message of page) append(d, message);
    drain(d);
    return;
  }
  for (const message of page) applyMessage(d, message);
  // Nothing follows what the hub gave, yet something waits behind a hole: the hub knows no message there any more.
  if (!more && hasGap(d)) {
    const next = Math.min(...Object.keys(d.early).map(Number));
    if (page.length === 0 || next > (page[page.length - 1]?.seq ?? 0)) restart(d);
  }
}

/** A page of `before=floor`. */
export function applyOlder(d: Dialogue, messages: AgentMessage[], more: boolean): void {
  const page = messages.filter((m) => m.seq < d.floor).sort((a, b) => a.seq - b.seq);
  // Only an unbroken run may be put in front.
  const run: AgentMessage[] = [];
  for (let i = page.length - 1, want = d.floor - 1; i >= 0; i -= 1, want -= 1) {
    const message = page[i];
    if (!message || message.seq !== want) break;
    run.unshift(withDelivery(d, message));
  }
  if (run.length > 0) {
    d.messages = [...run, ...d.messages];
    d.floor = run[0]?.seq ?? d.floor;
  }
  d.hasOlder = d.floor > 1 && (more || run.length > 0);
}

export function applyDelivery(d: Dialogue, seq: number, state: Delivery, detail: string): void {
  const known = d.deliveries[seq];
  const next = later(known?.state, state);
  d.deliveries[seq] = { state: next, detail: next === state ? detail : (known?.detail ?? '') };
  const message = d.messages[seq - d.floor];
  if (message && message.seq === seq) message.delivery = later(message.delivery, state);
}

export function hasGap(d: Dialogue): boolean {
  return d.loaded && Object.keys(d.early).length > 0;
}

/** Long dialogues are cut at the old end while the reader is at the new one; scrolling up loads them again. */
export function trim(d: Dialogue, keep: number): void {
  if (d.messages.length <= keep * 2) return;
  d.messages = d.messages.slice(-keep);
  d.floor = d.messages[0]?.seq ?? d.floor;
  d.hasOlder = true;
}

function append(d: Dialogue, message: AgentMessage): void {
  d.messages.push(withDelivery(d, message));
  d.top = message.seq;
}

function drain(d: Dialogue): void {
  for (const key of Object.keys(d.early)) if (Number(key) <= d.top) delete d.early[Number(key)];
  for (let next = d.early[d.top + 1]; next; next = d.early[d.top + 1]) {
    delete d.early[next.seq];
    append(d, next);
  }
}

function withDelivery(d: Dialogue, message: AgentMessage): AgentMessage {
  const known = d.deliveries[message.seq];
  return known ? { ...message, delivery: later(message.delivery, known.state) } : message;
}

function restart(d: Dialogue): void {
  d.loaded = false;
  d.messages = [];
  d.early = {};
  d.floor = 0;
  d.top = 0;
}
