import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, h, nextTick, reactive, type App, type Component } from 'vue';
import { hub } from '../src/workspace/app';
import ContactFacts from '../src/workspace/components/contact/ContactFacts.vue';
import GoodsSearch from '../src/workspace/components/goods/GoodsSearch.vue';
import KnowledgeButtons from '../src/workspace/components/KnowledgeButtons.vue';
import type { Contact } from '../src/workspace/contacts/contacts';
import { setLanguage } from '../src/workspace/i18n';
import { trimmed, type EntryButton } from '../src/workspace/knowledge';

const NEVER = '1970-01-01T00:00:00.000Z';
let app: App | undefined;
let box: HTMLElement;
let routes: Record<string, unknown>;
let asked: string[];

function show(component: Component, props: Record<string, unknown>): void {
  box = document.createElement('div');
  document.body.appendChild(box);
  app = createApp({ render: () => h(component, props) });
  app.mount(box);
}
const by = (id: string) => box.querySelector<HTMLElement>(`[data-testid="${id}"]`);
const all = (id: string) => [...box.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
async function settle(): Promise<void> {
  for (let i = 0; i < 6; i += 1) await vi.advanceTimersByTimeAsync(1);
  await nextTick();
}
async function type(id: string, text: string): Promise<void> {
  const input = by(id) as HTMLInputElement;
  input.value = text;
  input.dispatchEvent(new Event('input'));
  await vi.advanceTimersByTimeAsync(300);
  await settle();
}
const press = (id: string, key: string) => by(id)?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));

beforeEach(() => {
  vi.useFakeTimers();
  setLanguage('en');
  asked = [];
  routes = {};
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path);
    const body = routes[decodeURIComponent(path)] ?? routes[path.split('?')[0] ?? ''];
    if (typeof body === 'number') return Promise.resolve(new Response('{}', { status: body }));
    if (body) return Promise.resolve(new Response(JSON.stringify(body)));
    return Promise.resolve(new Response(JSON.stringify({ type: 'urn:qiao:error:not_found', detail: 'nothing is at this address' }), { status: 404 }));
  });
});
afterEach(() => {
  app?.unmount();
  app = undefined;
  box.remove();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('the search for goods', () => {
  const product = (sku: string, name: string) => ({ sku, name, barcode: '', unit: '', price: '12.00', currency: 'CNY', url: 'javascript:alert(1)', attributes: {} });
  const stock = (sku: string, available: number) => ({
    sku, name: '', unit: '', on_hand: available, reserved: 0, available, levels: [{ warehouse: 'SH', warehouse_name: '', on_hand: available, reserved: 0, available }], as_of: NEVER, stale: true, source: 'erp',
  });
  let inserted: string[];
  let closed: number;
  function open(): void {
    inserted = [];
    closed = 0;
    show(GoodsSearch, { customerLanguage: 'zh-CN', onInsert: (text: string) => inserted.push(text), onClose: () => (closed += 1) });
  }

  it('puts the chosen product into the reply by keys alone, in the language of the customer', async () => {
    routes['/api/v1/products'] = { products: [product('A', '桃'), product('B', '梨')], as_of: NEVER, stale: false };
    routes['/api/v1/stock?sku=A'] = stock('A', 0);
    routes['/api/v1/stock?sku=B'] = stock('B', 40);
    open();
    await type('goods-input', '水果');
    expect(all('good-level').map((x) => x.dataset.level)).toEqual(['out', 'in']);
    expect(by('age')?.dataset.stale).toBe('true');
    press('goods-input', 'ArrowDown');
    press('goods-input', 'Enter');
    expect(inserted).toEqual(['梨：有货，¥12.00。']);
    press('goods-input', 'Escape');
    expect(closed).toBe(1);
  });

  it('makes no link of an address that is not one', async () => {
    routes['/api/v1/products'] = { products: [product('A', '<img src=x onerror=alert(1)>')], as_of: NEVER, stale: false };
    open();
    await type('goods-input', 'x');
    expect(by('good')?.querySelector('a, img')).toBeNull();
    expect(by('good')?.textContent).toContain('<img');
  });

  it('inserts nothing while the stock is not known', async () => {
    routes['/api/v1/products'] = { products: [product('A', '桃')], as_of: NEVER, stale: false };
    routes['/api/v1/stock'] = 504;
    open();
    await type('goods-input', '桃');
    press('goods-input', 'Enter');
    expect(inserted).toEqual([]);
    expect(by('good')?.textContent).toContain('not known at the moment');
  });

  it('says that no ERP is connected', async () => {
    open();
    await type('goods-input', '桃');
    expect(by('goods-word')?.textContent).toContain('No ERP is connected');
  });

  it('looks among orders for what is no product but looks like an order', async () => {
    routes['/api/v1/products'] = { products: [], as_of: NEVER, stale: false };
    routes['/api/v1/orders'] = { orders: [{ number: 'QF20261119083312', placed_at: NEVER, status: '已发货', amount: '', currency: '', lines: [], shipments: [] }], as_of: NEVER, stale: false, source: 'erp' };
    open();
    await type('goods-input', 'QF20261119083312');
    await vi.advanceTimersByTimeAsync(300);
    await settle();
    expect(all('order').map((x) => x.dataset.number)).toEqual(['QF20261119083312']);
    press('goods-input', 'Enter');
    expect(inserted[0]).toContain('QF20261119083312');
  });
});

describe('masked facts', () => {
  const contact = (more: Partial<Contact> = {}): Contact => ({
    id: '71', name: '林晓雨', phone: '138****2217', email: '', note: '', company: '', tier: '', language: '', blocked: false, masked: true, tags: [], attributes: {}, identities: [],
    claims: [{ kind: 'phone', value: '138****2217', verified: true }], merged: [], summary: { last_purchase: '', asked_before: '', preferences: '' }, conversations: 1, created_at: NEVER, last_seen_at: NEVER, ...more,
  });

  it('are shown in full only when asked for, and not after the person changed', async () => {
    hub.state.permissions = ['contacts.reveal'];
    routes['/api/v1/contacts/71/reveal'] = contact({ phone: '+8613800002217', masked: false });
    const props = reactive({ contact: contact() });
    show(ContactFacts, props);
    expect(asked).toEqual([]);
    by('contact-reveal')?.click();
    await settle();
    expect(by('contact-phone-shown')?.textContent).toContain('+8613800002217');
    props.contact = contact({ note: 'new' });
    await nextTick();
    expect(by('contact-phone-shown')?.textContent).toContain('138****2217');
  });

  it('cannot be asked for without the right', () => {
    hub.state.permissions = [];
    show(ContactFacts, { contact: contact() });
    expect(by('contact-reveal')).toBeNull();
  });
});

describe('the buttons of an answer', () => {
  it('are added, changed and taken away, and empty ones are not saved', async () => {
    const state = reactive({ modelValue: [] as EntryButton[], editable: true, 'onUpdate:modelValue': (next: EntryButton[]) => (state.modelValue = next) });
    show(KnowledgeButtons, state);
    by('knowledge-button-add')?.click();
    await nextTick();
    by('knowledge-button-add')?.click();
    await nextTick();
    const input = by('knowledge-button-label_zh') as HTMLInputElement;
    input.value = ' 转人工 ';
    input.dispatchEvent(new Event('input'));
    await nextTick();
    expect(trimmed(state.modelValue)).toEqual([{ label_zh: '转人工', label_en: '', value: '', url: '' }]);
    all('knowledge-button-remove')[0]?.click();
    await nextTick();
    expect(all('knowledge-button')).toHaveLength(1);
  });
});
