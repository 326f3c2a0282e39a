/** The telephone calls on this agent's phones, as frames tell them. Frames may come twice; a call that is over stays over. */

import { reactive } from 'vue';
import type { CallFrame } from '../../shared/protocol';

export interface ShownCall extends CallFrame {
  key: string;
  /** When somebody began to talk, by this machine's clock; 0: nobody yet. */
  talking_since: number;
}

export interface CallDeskOptions {
  onRing?: (call: ShownCall) => void;
  onMissed?: (call: CallFrame) => void;
  now?: () => number;
}

const REMEMBERED = 50;

export class CallDesk {
  /** By key, in the order in which they came. */
  readonly shown: Record<string, ShownCall> = reactive({});
  private readonly hidden = new Set<string>();
  private readonly over: string[] = [];

  constructor(private readonly options: CallDeskOptions = {}) {}

  receive(frame: CallFrame): void {
    const key = `${frame.channel}/${frame.call}`;
    const before = this.shown[key];
    if (frame.state === 'ended' || frame.state === 'missed' || !frame.mine) {
      // Only what rang here and was answered nowhere was missed; one phone of several falling silent ends nothing.
      if (frame.state === 'missed' && !this.over.includes(key)) this.options.onMissed?.(frame);
      if (frame.state === 'missed' || (frame.state === 'ended' && before?.talking_since)) this.remember(key);
      delete this.shown[key];
      this.hidden.delete(key);
      return;
    }
    if (this.over.includes(key)) return;
    const talks = frame.state !== 'ringing';
    const now = this.options.now?.() ?? Date.now();
    const call: ShownCall = {
      ...frame,
      key,
      // What was found out about the caller is not forgotten by an event that does not say it again.
      name: frame.name || before?.name || '',
      contact: frame.contact || before?.contact || '',
      conversation: frame.conversation || before?.conversation || '',
      talking_since: talks ? before?.talking_since || now : 0,
    };
    if (this.hidden.has(key)) return;
    this.shown[key] = call;
    if (!before && !talks && !frame.outbound) this.options.onRing?.(call);
  }

  /** The agent does not want to see it any more; it says nothing until it is over. */
  hide(key: string): void {
    this.hidden.add(key);
    delete this.shown[key];
  }

  clear(): void {
    for (const key of Object.keys(this.shown)) delete this.shown[key];
    this.hidden.clear();
    this.over.splice(0);
  }

  private remember(key: string): void {
    this.over.push(key);
    if (this.over.length > REMEMBERED) this.over.shift();
  }
}

/** "3:07" */
export function talkTime(since: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
