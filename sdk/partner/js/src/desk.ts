// One connection to the hub for all elements of a page that have the same hub and key: a batch at first, then live
// updates; what goes wrong is retried ever more slowly, and nothing happens while the page is hidden.

/** What is known of one SKU in one warehouse. */
export interface Level {
  sku: string;
  warehouse: string;
  name: string;
  unit: string;
  available: number;
  as_of: string;
  stale: boolean;
}

/** `level` is missing when nothing is known; `error` then says why, where there is a reason. */
export type Listener = (level: Level | undefined, error?: string) => void;

interface Item {
  sku: string;
  warehouse: string;
  listeners: Set<Listener>;
  level?: Level;
  error?: string;
}

const LIVE_ITEMS = 50;
const BATCH = 100;
const REFRESH = 30_000;
const GIVE_UP_AFTER = 300_000; // a value so old is not shown any more
const SLOWEST = 60_000;
const REFUSED = 300_000; // a key that was refused is tried again so seldom

/** "urn:qiao:error:partners.revoked" or "partners.revoked" as "revoked". */
const idOf = (text: unknown): string => String(text).replace(/^.*\./, '');
const keyOf = (sku: string, warehouse: string): string => `${sku}\n${warehouse}`;

class Desk {
  private items = new Map<string, Item>();
  private socket: WebSocket | undefined;
  private failures = 0;
  private patience = 0; // what the hub asked for, in ms
  private heard = 0;
  private timer = 0;
  private soon = false;
  private busy = false;
  private changed = false;

  constructor(private readonly hub: string, private readonly key: string) {
    document.addEventListener('visibilitychange', () => (document.hidden ? this.pause() : this.wake()));
  }

  watch(sku: string, warehouse: string, listener: Listener): () => void {
    const key = keyOf(sku, warehouse);
    let item = this.items.get(key);
    if (!item) this.items.set(key, (item = { sku, warehouse, listeners: new Set() }));
    item.listeners.add(listener);
    if (item.level || item.error) listener(item.level, item.error);
    else this.wake();
    return () => {
      item.listeners.delete(listener);
      if (item.listeners.size === 0 && this.items.delete(key)) this.wake();
    };
  }

  /** All elements that come or go in one go cost one question. */
  private wake(): void {
    if (this.soon) return;
    this.soon = true;
    setTimeout(() => {
      this.soon = false;
      void this.refresh();
    });
  }

  private pause(): void {
    clearTimeout(this.timer);
    this.socket?.close(1000);
  }

  private again(after: number): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.wake(), after);
  }

  private live(): Item[] {
    return [...this.items.values()].slice(0, LIVE_ITEMS);
  }

  /** Asks for what no live connection tells, and opens one. */
  private async refresh(): Promise<void> {
    if (document.hidden) return;
    if (this.items.size === 0) return this.pause();
    if (this.busy) {
      this.changed = true;
      return;
    }
    const open = this.socket?.readyState === 1;
    if (open) this.send('watch');
    this.busy = true;
    const refused = await this.batches([...this.items.values()].slice(open ? LIVE_ITEMS : 0));
    this.busy = false;
    if (this.changed) {
      this.changed = false;
      this.wake();
    }
    if (refused) return this.again(REFUSED);
    if (!this.socket && !this.patience) this.connect();
    this.again(Math.max(this.patience, this.backOff(REFRESH)));
    this.patience = 0;
  }

  /** True when the key is not good. */
  private async batches(items: Item[]): Promise<boolean> {
    const groups = new Map<string, string[]>();
    for (const item of items) groups.set(item.warehouse, [...(groups.get(item.warehouse) ?? []), item.sku]);
    for (const [warehouse, skus] of groups) {
      for (let i = 0; i < skus.length; i += BATCH) {
        if (await this.batch(warehouse, skus.slice(i, i + BATCH))) return true;
      }
    }
    return false;
  }

  private async batch(warehouse: string, skus: string[]): Promise<boolean> {
    let status = 0;
    try {
      const response = await fetch(`${this.hub}/api/partner/v1/stock`, {
        method: 'POST',
        credentials: 'omit',
        headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ skus, warehouse }),
      });
      status = response.status;
      this.patience = 1000 * Number(response.headers.get('retry-after') ?? 0);
      const body = await response.json();
      if (response.ok) {
        this.heard = Date.now();
        for (const level of body.items) this.set(level.sku, warehouse, level);
        for (const sku of body.unknown) this.set(sku, warehouse, undefined, 'unknown_sku');
        for (const sku of body.forbidden) this.set(sku, warehouse, undefined, 'forbidden');
        for (const sku of body.unavailable) this.set(sku, warehouse, undefined, 'unavailable');
        return false;
      }
      if (status === 401 || status === 403) {
        for (const sku of skus) this.set(sku, warehouse, undefined, idOf(body.type));
        return true;
      }
    } catch {
      // No network, or the hub does not know this page's origin: the browser does not tell them apart.
    }
    ++this.failures;
    for (const sku of skus) this.fade(sku, warehouse);
    return false;
  }

  private connect(): void {
    const socket = new WebSocket(`${this.hub.replace(/^http/, 'ws')}/api/partner/v1/stock/live`);
    this.socket = socket;
    socket.onopen = () => this.send('hello');
    socket.onmessage = (message) => this.told(JSON.parse(message.data));
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      if (document.hidden || this.items.size === 0) return;
      if (event.code === 4401 || event.code === 4403) {
        for (const item of this.items.values()) this.set(item.sku, item.warehouse, undefined, idOf(event.reason));
        return this.again(REFUSED);
      }
      ++this.failures;
      this.again(this.backOff(1000));
    };
  }

  private send(t: string): void {
    const items = this.live().map(({ sku, warehouse }) => ({ sku, warehouse }));
    this.socket?.send(JSON.stringify(t === 'hello' ? { t, key: this.key, items } : { t, items }));
  }

  private told(frame: { t: string; item: Level; sku: string; warehouse: string }): void {
    this.heard = Date.now();
    if (frame.t === 'welcome') this.failures = 0;
    else if (frame.t === 'stock') this.set(frame.item.sku, frame.item.warehouse, frame.item);
    else if (frame.t === 'unknown') this.set(frame.sku, frame.warehouse, undefined, 'unknown_sku');
    else if (frame.t === 'forbidden') this.set(frame.sku, frame.warehouse, undefined, 'forbidden');
    else if (frame.t === 'unavailable') this.set(frame.sku, frame.warehouse, undefined, 'unavailable');
  }

  private set(sku: string, warehouse: string, level?: Level, error?: string): void {
    const item = this.items.get(keyOf(sku, warehouse));
    if (!item) return;
    item.level = level;
    item.error = error;
    for (const listener of item.listeners) listener(level, error);
  }

  /** The hub is not there: the last value stays for a while, marked as old. */
  private fade(sku: string, warehouse: string): void {
    const level = this.items.get(keyOf(sku, warehouse))?.level;
    const keep = level && Date.now() - this.heard < GIVE_UP_AFTER;
    this.set(sku, warehouse, keep ? { ...level, stale: true } : undefined, keep ? undefined : 'unavailable');
  }

  private backOff(least: number): number {
    const wait = Math.min(SLOWEST, 1000 * 2 ** Math.min(this.failures, 6));
    return Math.max(least, wait * (0.75 + Math.random() / 2));
  }
}

const desks = new Map<string, Desk>();

/** Tells the stock of a SKU now and whenever it changes, until the returned function is called. */
export function watch(hub: string, key: string, sku: string, warehouse: string, listener: Listener): () => void {
  const name = `${hub} ${key}`;
  let desk = desks.get(name);
  if (!desk) desks.set(name, (desk = new Desk(hub, key)));
  return desk.watch(sku, warehouse, listener);
}
