import { describe, expect, it } from 'vitest';
import type { AgentMessage, Delivery } from '../src/shared/protocol';
import { applyDelivery, applyMessage, applyOlder, applyPage, hasGap, later, newDialogue, trim, type Dialogue } from '../src/workspace/store/dialogue';

const m = (seq: number, more: Partial<AgentMessage> = {}): AgentMessage => ({
  conversation: 'c1', seq, id: `m${seq}`, author: 'customer', text: `text ${seq}`, at: '2026-11-22T08:00:00.000Z', ...more,
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => m(from + i));
const seqs = (d: Dialogue) => d.messages.map((x) => x.seq);
function loaded(from: number, to: number): Dialogue {
  const d = newDialogue('c1');
  applyPage(d, range(from, to), from > 1);
  return d;
}

describe('a dialogue', () => {
  it('takes the newest page as its run and knows whether there is more', () => {
    const d = loaded(11, 20);
    expect([d.floor, d.top, d.hasOlder]).toEqual([11, 20, true]);
    expect(loaded(1, 3).hasOlder).toBe(false);
  });

  it('is loaded and empty for a conversation without messages', () => {
    const d = newDialogue('c1');
    applyPage(d, [], false);
    expect([d.loaded, d.hasOlder, d.messages.length]).toEqual([true, false, 0]);
    expect(applyMessage(d, m(1))).toBe('applied');
    expect(seqs(d)).toEqual([1]);
  });

  it('appends what follows', () => {
    const d = loaded(1, 3);
    expect(applyMessage(d, m(4))).toBe('applied');
    expect(seqs(d)).toEqual([1, 2, 3, 4]);
  });

  it('drops what it has', () => {
    const d = loaded(1, 3);
    expect(applyMessage(d, m(3))).toBe('duplicate');
    expect(applyMessage(d, m(1))).toBe('duplicate');
    expect(seqs(d)).toEqual([1, 2, 3]);
  });

  it('takes fresh file addresses and a newer delivery from a repetition, but never an older one', () => {
    const d = loaded(1, 1);
    applyMessage(d, m(2, { author: 'agent', delivery: 'read' }));
    applyMessage(d, m(2, { author: 'agent', delivery: 'sent', attachments: [{ id: 'a', name: 'n', media_type: 'image/png', size: 1, url: '/fresh' }] }));
    expect(d.messages[1]).toMatchObject({ delivery: 'read', attachments: [{ url: '/fresh' }] });
  });

  it('holds back what comes too early until the gap closes', () => {
    const d = loaded(1, 3);
    expect(applyMessage(d, m(6))).toBe('early');
    expect(applyMessage(d, m(5))).toBe('early');
    expect(hasGap(d)).toBe(true);
    expect(seqs(d)).toEqual([1, 2, 3]);
    applyMessage(d, m(4));
    expect(seqs(d)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(hasGap(d)).toBe(false);
  });

  it('reaches the same state from every order of the same frames', () => {
    const frames = range(4, 8);
    for (let round = 0; round < 200; round += 1) {
      const d = loaded(1, 3);
      const shuffled = [...frames, ...frames].sort(() => Math.random() - 0.5);
      for (const frame of shuffled) applyMessage(d, frame);
      expect(seqs(d)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(hasGap(d)).toBe(false);
    }
  });

  it('keeps frames that come before its first page', () => {
    const d = newDialogue('c1');
    expect(applyMessage(d, m(5))).toBe('early');
    expect(applyMessage(d, m(3))).toBe('early');
    applyPage(d, range(1, 4), false);
    expect(seqs(d)).toEqual([1, 2, 3, 4, 5]);
    expect(d.early).toEqual({});
  });

  it('closes a gap with a page of what came after', () => {
    const d = loaded(1, 3);
    applyMessage(d, m(7));
    applyPage(d, range(4, 6), true);
    expect(seqs(d)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('starts over when the hub has nothing to close a gap with', () => {
    const d = loaded(1, 3);
    applyMessage(d, m(7));
    applyPage(d, [], false);
    expect(d.loaded).toBe(false);
    applyPage(d, range(5, 7), true);
    expect(seqs(d)).toEqual([5, 6, 7]);
  });

  it('puts older pages in front, once and without a hole', () => {
    const d = loaded(11, 20);
    applyOlder(d, range(6, 10), true);
    applyOlder(d, range(6, 10), true);
    expect(d.floor).toBe(6);
    expect(seqs(d)).toEqual(range(6, 20).map((x) => x.seq));
    applyOlder(d, range(1, 3), true); // 4 and 5 are missing: not taken
    expect(d.floor).toBe(6);
    applyOlder(d, range(1, 5), false);
    expect([d.floor, d.hasOlder]).toEqual([1, false]);
  });

  it('cuts long dialogues at the old end and can load them again', () => {
    const d = loaded(1, 500);
    trim(d, 200);
    expect([d.floor, d.top, d.messages.length, d.hasOlder]).toEqual([301, 500, 200, true]);
    expect(applyMessage(d, m(501))).toBe('applied');
    expect(applyMessage(d, m(100))).toBe('duplicate');
    applyOlder(d, range(251, 300), true);
    expect(d.floor).toBe(251);
  });

  it('never moves a delivery backwards', () => {
    const order: Delivery[] = ['none', 'pending', 'unknown', 'sent', 'delivered', 'read', 'failed'];
    for (const a of order) for (const b of order) expect(later(a, b)).toBe(order.indexOf(b) > order.indexOf(a) ? b : a);
  });

  it('applies a delivery before, with and after its message', () => {
    const d = loaded(1, 1);
    applyDelivery(d, 2, 'delivered', '');
    applyMessage(d, m(2, { author: 'agent', delivery: 'pending' }));
    expect(d.messages[1]?.delivery).toBe('delivered');
    applyDelivery(d, 2, 'sent', '');
    expect(d.messages[1]?.delivery).toBe('delivered');
    applyDelivery(d, 2, 'failed', 'the customer has blocked the account');
    expect(d.messages[1]?.delivery).toBe('failed');
    expect(d.deliveries[2]?.detail).toBe('the customer has blocked the account');
  });
});
