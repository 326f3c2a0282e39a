/** Brings what stands in the outbox to the hub: one message at a time, in the order of writing, until each is acknowledged. */

import type { Draft, Outbox } from './outbox.js';

export const ACK_WITHIN_MS = 10_000;

export interface CourierRoute {
  /** False when there is no connection: the draft stays and goes with the next one. */
  send(draft: Draft): boolean;
  /** No acknowledgement came in time: the connection is worth nothing. */
  onSilence(): void;
  /** What the outbox holds, or why something failed, is different now. */
  onChange(): void;
}

export class Courier {
  private inFlight: { id: string; timer: ReturnType<typeof setTimeout> } | null = null;
  private pausedUntil = 0;
  private pauseTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly outbox: Outbox,
    private readonly route: CourierRoute,
  ) {}

  post(draft: Draft): void {
    this.outbox.put(draft);
    this.route.onChange();
    this.flush();
  }

  /** Takes it out of the outbox: acknowledged, or seen as stored. The draft when it was still there. */
  settle(id: string): Draft | undefined {
    const draft = this.outbox.get(id);
    this.outbox.remove(id);
    if (this.inFlight?.id === id) this.clearInFlight();
    if (draft) this.route.onChange();
    return draft;
  }

  /** The hub did not store it. With `retryAfter` seconds it will; without, its writer decides. */
  refuse(id: string, reason: string, retryAfter: number): void {
    const draft = this.outbox.get(id);
    if (!draft) return; // about typing or reading: nobody waits for that
    if (this.inFlight?.id === id) this.clearInFlight();
    if (retryAfter > 0) this.pausedUntil = Date.now() + retryAfter * 1000;
    else this.outbox.put({ ...draft, failed: reason });
    this.route.onChange();
    this.flush();
  }

  retry(id: string): void {
    const draft = this.outbox.get(id);
    if (draft) this.post({ ...draft, failed: undefined });
  }

  discard(id: string): void {
    if (this.outbox.remove(id)) this.route.onChange();
  }

  /** The connection is gone or new: what was under way has to be sent again. */
  reset(): void {
    this.clearInFlight();
  }

  stop(): void {
    this.clearInFlight();
    clearTimeout(this.pauseTimer);
  }

  flush(): void {
    if (this.inFlight) return;
    const draft = this.outbox.all().find((d) => !d.failed);
    if (!draft) return;
    const wait = this.pausedUntil - Date.now();
    if (wait > 0) {
      clearTimeout(this.pauseTimer);
      this.pauseTimer = setTimeout(() => this.flush(), wait);
      return;
    }
    if (!this.route.send(draft)) return;
    const timer = setTimeout(() => {
      this.inFlight = null;
      this.route.onSilence();
    }, ACK_WITHIN_MS);
    this.inFlight = { id: draft.id, timer };
  }

  private clearInFlight(): void {
    if (this.inFlight) clearTimeout(this.inFlight.timer);
    this.inFlight = null;
  }
}
