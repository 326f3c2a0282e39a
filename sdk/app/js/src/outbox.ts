/**
 * Messages that are written and not yet acknowledged. Each one has its own key in the storage, so that two tabs never overwrite
 * each other's list; sending one twice is harmless because its id stays the same.
 */

export interface Draft {
  id: string;
  conversation?: string;
  text: string;
  note?: boolean;
  /** The uploaded files; only their ids are sent. */
  attachments: { id: string; name: string; media_type: string; size: number }[];
  at: string;
  /** Keeps the order of writing, also within one millisecond and across a reload; set by `put`. */
  order?: number;
  /** Refused by the hub: shown with this reason until its writer retries or removes it. */
  failed?: string;
}

export type KeyValue = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

export class Outbox {
  private readonly drafts = new Map<string, Draft>();
  private lastOrder = 0;

  constructor(
    private readonly storage: KeyValue,
    private readonly prefix: string,
  ) {
    this.load();
  }

  /** Oldest first. */
  all(): Draft[] {
    return [...this.drafts.values()].sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
  }

  get(id: string): Draft | undefined {
    return this.drafts.get(id);
  }

  put(draft: Draft): void {
    if (draft.order === undefined) {
      this.lastOrder = Math.max(Date.now(), this.lastOrder + 1);
      draft.order = this.lastOrder;
    }
    this.drafts.set(draft.id, draft);
    try {
      this.storage.setItem(this.prefix + draft.id, JSON.stringify(draft));
    } catch {
      // Storage may be full or forbidden; the draft then lives as long as the page.
    }
  }

  remove(id: string): boolean {
    try {
      this.storage.removeItem(this.prefix + id);
    } catch {
      // As above.
    }
    return this.drafts.delete(id);
  }

  private load(): void {
    try {
      for (let i = 0; i < this.storage.length; i += 1) {
        const key = this.storage.key(i);
        if (key?.startsWith(this.prefix)) this.loadOne(key);
      }
    } catch {
      // As above.
    }
  }

  private loadOne(key: string): void {
    try {
      const draft = JSON.parse(this.storage.getItem(key) ?? 'null') as Draft | null;
      if (!draft || typeof draft.id !== 'string' || typeof draft.text !== 'string' || !Array.isArray(draft.attachments)) return;
      this.drafts.set(draft.id, draft);
      this.lastOrder = Math.max(this.lastOrder, draft.order ?? 0);
    } catch {
      // Unreadable leftovers must keep neither the chat from starting nor the others from being sent.
    }
  }
}

/** localStorage, or a stand-in where the browser forbids it. */
export function safeStorage(): KeyValue {
  try {
    const probe = 'qiao:probe';
    localStorage.setItem(probe, '1');
    localStorage.removeItem(probe);
    return localStorage;
  } catch {
    const values = new Map<string, string>();
    return {
      get length() {
        return values.size;
      },
      key: (index) => [...values.keys()][index] ?? null,
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => void values.set(key, value),
      removeItem: (key) => void values.delete(key),
    };
  }
}
