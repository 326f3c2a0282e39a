/** One person on the screen: each part is loaded by itself, so that a slow CRM holds up nothing but its own card. */

import { onBeforeUnmount, reactive, ref, watch, type Ref } from 'vue';
import { ApiError, isAbsent } from '../api';
import { api, hub } from '../app';
import { language } from '../i18n';
import { contactsApi, type Cards, type Contact, type Merges, type Orders, type TimelineItem } from './contacts';

export type PartState = 'idle' | 'loading' | 'ready' | 'absent' | 'failed';
export interface Part<T> {
  state: PartState;
  value: T | null;
}

const TIMELINE_PAGE = 20;
/** Whoever wrote for the first time is known to contacts a moment after the conversation is there. */
const ONCE_MORE_MS = 700;

export interface ContactOnScreen {
  id: Ref<string>;
  contact: Part<Contact>;
  cards: Part<Cards>;
  orders: Part<Orders>;
  merges: Part<Merges>;
  timeline: Part<{ items: TimelineItem[]; more: boolean }>;
  load(): void;
  loadMerges(): void;
  olderTimeline(): Promise<void>;
  put(contact: Contact): void;
}

export function useContact(wanted: () => string, ready: () => boolean = () => true): ContactOnScreen {
  const people = contactsApi(api);
  const id = ref('');
  const part = <T>(): Part<T> => reactive({ state: 'idle', value: null }) as Part<T>;
  const contact = part<Contact>();
  const cards = part<Cards>();
  const orders = part<Orders>();
  const merges = part<Merges>();
  const timeline = part<{ items: TimelineItem[]; more: boolean }>();
  let turn = 0;
  let asked = '';

  /** What is shown stays while it is asked for again, unless it is gone: somebody was erased; an answer about somebody else is dropped. */
  async function fill<T>(target: Part<T>, work: () => Promise<T>): Promise<void> {
    const mine = turn;
    if (target.state !== 'ready') target.state = 'loading';
    try {
      const value = await work();
      if (mine !== turn) return;
      target.value = value;
      target.state = 'ready';
    } catch (error) {
      if (mine !== turn) return;
      if (isAbsent(error)) target.state = 'absent';
      else if (error instanceof ApiError && error.status === 404) Object.assign(target, { state: 'failed', value: null });
      else if (!target.value) target.state = 'failed';
    }
  }
  function reset(): void {
    turn += 1;
    for (const p of [contact, cards, orders, merges, timeline]) Object.assign(p, { state: 'idle', value: null });
  }
  function loadMerges(): void {
    const of = id.value;
    void fill(merges, () => people.merges(of));
  }
  function load(): void {
    const mine = turn;
    const before = id.value;
    void fill(contact, () => getPatiently(before)).then(() => {
      if (mine === turn && contact.state === 'ready') loadRest();
    });
  }
  async function getPatiently(of: string): Promise<Contact> {
    try {
      return await people.get(of);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404 || isAbsent(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, ONCE_MORE_MS));
      return people.get(of);
    }
  }
  function loadRest(): void {
    // Whoever was joined into another answers as that other.
    const of = contact.value?.id ?? id.value;
    if (of !== id.value) {
      id.value = of;
      hub.look(of);
    }
    void fill(cards, () => people.cards(of, language.value));
    void fill(orders, () => people.orders(of));
    void fill(timeline, () => people.timeline(of, { limit: TIMELINE_PAGE }));
    loadMerges();
  }
  async function olderTimeline(): Promise<void> {
    const shown = timeline.value;
    const last = shown?.items[shown.items.length - 1];
    if (!shown || !last || !shown.more) return;
    const mine = turn;
    const page = await people.timeline(id.value, { before: last.at, limit: TIMELINE_PAGE });
    if (mine !== turn) return;
    const known = new Set(shown.items.map((x) => x.kind + x.id));
    timeline.value = { items: [...shown.items, ...page.items.filter((x) => !known.has(x.kind + x.id))], more: page.more };
  }

  watch(
    [wanted, ready],
    ([now, go]) => {
      if (now !== asked) {
        reset();
        asked = now;
        id.value = now;
        hub.look(now);
      }
      if (now && go && contact.state === 'idle') load();
    },
    { immediate: true },
  );
  watch(language, () => {
    const of = id.value;
    if (of && cards.state === 'ready') void fill(cards, () => people.cards(of, language.value));
  });
  watch(
    () => hub.state.contactNews,
    (news) => {
      if (!news || news.contact !== id.value) return;
      if (news.now && news.now !== id.value) {
        id.value = news.now;
        hub.look(news.now);
      }
      load();
    },
  );
  // Before, not after: the panel that takes this one's place looks at somebody already.
  onBeforeUnmount(() => {
    turn += 1;
    hub.look('');
  });

  function put(changed: Contact): void {
    contact.value = changed;
    contact.state = 'ready';
    for (const c of Object.values(hub.state.conversations)) if (c.contact === changed.id) c.contact_name = changed.name || c.contact_name;
  }
  return { id, contact, cards, orders, merges, timeline, load, loadMerges, olderTimeline, put };
}
