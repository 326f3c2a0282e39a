import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, defineComponent, h, nextTick, reactive, ref, type App } from 'vue';
import { changesOf, eraseWord, filterOf, retag, splitTags, type Contact } from '../src/workspace/contacts/contacts';
import { useContact, type ContactOnScreen } from '../src/workspace/contacts/use-contact';
import { hub } from '../src/workspace/app';

const NEVER = '1970-01-01T00:00:00.000Z';
const contact = (more: Partial<Contact> = {}): Contact => ({
  id: '71', name: '林晓雨', phone: '138****2217', email: '', note: '老客户', company: '', tier: '金卡', language: 'zh-CN', blocked: false, masked: true, tags: ['VIP'],
  attributes: { 生日: '5月' }, identities: [], claims: [], merged: [], summary: { last_purchase: '', asked_before: '', preferences: '' }, conversations: 3, created_at: NEVER, last_seen_at: NEVER, ...more,
});

describe('what a form changes', () => {
  it('is only what was changed, so that a masked number never overwrites the real one', () => {
    const before = contact();
    expect(changesOf(before, { ...before, note: '喜欢水果 ' })).toEqual({ note: '喜欢水果' });
    expect(changesOf(before, { ...before })).toEqual({});
  });
  it('removes an attribute by an empty text and leaves the others alone', () => {
    const before = contact({ attributes: { 生日: '5月', 门店: '余杭' } });
    expect(changesOf(before, { attributes: { 门店: '西湖' } })).toEqual({ attributes: { 门店: '西湖', 生日: '' } });
  });
  it('sends tags as a whole', () => {
    expect(changesOf(contact(), { tags: ['VIP', '水果'] })).toEqual({ tags: ['VIP', '水果'] });
    expect(changesOf(contact(), { tags: ['VIP'] })).toEqual({});
  });
});

describe('tags', () => {
  it('come from what people type', () => {
    expect(splitTags(' VIP， 老客户;水果,VIP,, ')).toEqual(['VIP', '老客户', '水果']);
  });
  it('are added and taken away without disturbing the rest', () => {
    expect(retag(['a', 'b'], ['b', 'c'], ['a'])).toEqual(['b', 'c']);
  });
});

describe('a segment', () => {
  const empty = { tag: '', tier: '', company: '', language: '', attribute: '', value: '', seen_within_days: '', not_seen_for_days: '', blocked: '' };
  it('asks for what was filled in and nothing else', () => {
    expect(filterOf({ ...empty, tier: ' 金卡 ', seen_within_days: '30', blocked: 'no' })).toEqual({ tier: '金卡', seen_within_days: 30, blocked: false });
    expect(filterOf({ ...empty, seen_within_days: 'soon' })).toEqual({});
  });
});

it('asks for the name before somebody is erased, or for the id when there is none', () => {
  expect(eraseWord(contact())).toBe('林晓雨');
  expect(eraseWord({ id: '71', name: ' ' })).toBe('71');
});

describe('a person on the screen', () => {
  /** path → answer; a function is called, a number is a status. */
  let routes: Record<string, unknown>;
  let asked: string[];
  let app: App;
  let person: ContactOnScreen;
  let input: { id: string; ready: boolean };

  function answer(path: string): Promise<Response> {
    asked.push(path);
    const found = routes[path.split('?')[0] ?? ''];
    if (typeof found === 'function') return (found as () => Promise<Response>)();
    if (typeof found === 'number') return Promise.resolve(new Response('{}', { status: found }));
    if (found === undefined) return Promise.resolve(new Response(JSON.stringify({ type: 'urn:qiao:error:not_found', detail: 'nothing is at this address' }), { status: 404 }));
    return Promise.resolve(new Response(JSON.stringify(found)));
  }
  const settle = async () => {
    for (let i = 0; i < 8; i += 1) await new Promise((resolve) => setTimeout(resolve, 0));
    await nextTick();
  };
  function mount(): void {
    const Screen = defineComponent({
      setup() {
        person = useContact(
          () => input.id,
          () => input.ready,
        );
        return () => h('i');
      },
    });
    app = createApp(Screen);
    app.mount(document.createElement('div'));
  }

  beforeEach(() => {
    asked = [];
    input = reactive({ id: '71', ready: true });
    routes = {
      '/api/v1/contacts/71': contact(),
      '/api/v1/contacts/71/cards': { summary: { last_purchase: '2026-11-02 口红', asked_before: '', preferences: '' }, cards: [] },
      '/api/v1/contacts/71/orders': { orders: [], sources: [] },
      '/api/v1/contacts/71/timeline': { items: [{ kind: 'ticket', id: '1', at: NEVER }], more: true },
      '/api/v1/contacts/71/merges': { merges: [], suggestions: [] },
    };
    vi.stubGlobal('fetch', (path: string) => answer(path));
  });
  afterEach(() => {
    app.unmount();
    vi.unstubAllGlobals();
    hub.state.contactNews = null;
  });

  it('asks for nothing before the conversation is there', async () => {
    input.ready = false;
    mount();
    await settle();
    expect(asked).toEqual([]);
    input.ready = true;
    await settle();
    expect(person.contact.value?.name).toBe('林晓雨');
    expect(person.cards.value?.summary.last_purchase).toBe('2026-11-02 口红');
  });

  it('shows the person while a CRM is silent', async () => {
    routes['/api/v1/contacts/71/cards'] = () => new Promise(() => undefined);
    routes['/api/v1/contacts/71/orders'] = 504;
    mount();
    await settle();
    expect(person.contact.state).toBe('ready');
    expect(person.cards.state).toBe('loading');
    expect(person.orders.state).toBe('failed');
    expect(person.timeline.state).toBe('ready');
  });

  it('knows that the contacts plugin is not there, and that one route is not', async () => {
    routes = {};
    mount();
    await settle();
    expect(person.contact.state).toBe('absent');
    expect(asked).toHaveLength(1);
    app.unmount();
    routes = { '/api/v1/contacts/71': contact() };
    mount();
    await settle();
    expect(person.contact.state).toBe('ready');
    expect(person.cards.state).toBe('absent');
  });

  it('shows nothing any more of somebody who was erased meanwhile', async () => {
    mount();
    await settle();
    routes['/api/v1/contacts/71'] = () => Promise.resolve(new Response(JSON.stringify({ type: 'urn:qiao:error:contact.not_found', detail: 'there is no contact 71' }), { status: 404 }));
    hub.state.contactNews = { contact: '71', now: '71' };
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(person.contact.value).toBeNull();
    expect(person.contact.state).toBe('failed');
  });

  it('follows whoever was joined into another', async () => {
    mount();
    await settle();
    routes['/api/v1/contacts/90'] = contact({ id: '90', name: '林晓雨 (app)' });
    hub.state.contactNews = { contact: '71', now: '90' };
    await settle();
    expect(person.id.value).toBe('90');
    expect(person.contact.value?.name).toBe('林晓雨 (app)');
  });

  it('goes on with the one that an old id answers with', async () => {
    routes['/api/v1/contacts/71'] = contact({ id: '90' });
    mount();
    await settle();
    expect(person.id.value).toBe('90');
    expect(asked.slice(1).every((path) => path.startsWith('/api/v1/contacts/90/'))).toBe(true);
  });

  it('keeps what is shown while it asks again, and drops answers about somebody else', async () => {
    mount();
    await settle();
    let late: (r: Response) => void = () => undefined;
    routes['/api/v1/contacts/71'] = () => new Promise<Response>((resolve) => (late = resolve));
    hub.state.contactNews = { contact: '71', now: '71' };
    await settle();
    expect(person.contact.value?.name).toBe('林晓雨');
    routes['/api/v1/contacts/80'] = contact({ id: '80', name: '赵先生' });
    input.id = '80';
    await settle();
    late(new Response(JSON.stringify(contact({ name: 'too late' }))));
    await settle();
    expect(person.contact.value?.name).toBe('赵先生');
  });

  it('looks at the person of the panel that took the place of another', async () => {
    const looked: string[] = [];
    const look = vi.spyOn(hub, 'look').mockImplementation((id) => void looked.push(id));
    const shown = ref('71');
    const Panel = defineComponent({
      props: { id: { type: String, required: true } },
      setup(props) {
        useContact(() => props.id);
        return () => h('i');
      },
    });
    app = createApp({ render: () => h(Panel, { id: shown.value, key: shown.value }) });
    app.mount(document.createElement('div'));
    await settle();
    shown.value = '80';
    await settle();
    expect(looked[looked.length - 1]).toBe('80');
    look.mockRestore();
  });

  it('goes back in the timeline from its last entry, without showing one twice', async () => {
    mount();
    await settle();
    routes['/api/v1/contacts/71/timeline'] = { items: [{ kind: 'ticket', id: '1', at: NEVER }, { kind: 'conversation', id: '1', at: NEVER }], more: false };
    await person.olderTimeline();
    expect(asked[asked.length - 1]).toContain('before=1970');
    expect(person.timeline.value?.items.map((x) => x.kind)).toEqual(['ticket', 'conversation']);
    expect(person.timeline.value?.more).toBe(false);
  });
});
