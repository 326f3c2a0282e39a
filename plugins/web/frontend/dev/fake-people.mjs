// What the fake hub knows about people, goods, partner keys and the audit log.
import { NEVER } from './fake-data.mjs';

const ago = (n) => new Date(Date.now() - n * 60_000).toISOString();
const day = (n) => ago(n * 1440).slice(0, 10);

/** A contact with every field that the real hub has. */
export const person = (more) => ({
  name: '', phone: '', email: '', note: '', company: '', tier: '', language: '', blocked: false, masked: true, tags: [], attributes: {}, identities: [], claims: [], merged: [],
  summary: { last_purchase: '', asked_before: '', preferences: '' }, conversations: 0, ...more,
});
const hide = (text) => text.replace(/^(\+86)?(\d{3})\d{4}/, '$2****').replace(/^(.).*@/, '$1***@');
const masked = (c) => ({ ...c, phone: hide(c.phone), email: hide(c.email), claims: claimsOf(c).map((x) => ({ ...x, value: hide(x.value) })), masked: true });
const claimsOf = (c) => [...(c.phone ? [{ kind: 'phone', value: c.phone, verified: true }] : []), ...(c.email ? [{ kind: 'email', value: c.email, verified: false }] : []), ...(c.tier ? [{ kind: 'crm', value: 'tryton:1042', verified: true }] : [])];

const goods = [
  { sku: 'QF-PEACH-2', name: '水蜜桃 2 斤装', barcode: '6901234500012', unit: '盒', price: '39.80', currency: 'CNY', url: 'https://shop.example.org/peach', attributes: { 产地: '无锡' }, levels: [['HZ', '余杭仓', 46, 3], ['SH', '上海仓', 12, 0]] },
  { sku: 'QF-PEACH-5', name: '水蜜桃 5 斤礼盒', barcode: '6901234500029', unit: '盒', price: '99.00', currency: 'CNY', url: '', attributes: {}, levels: [['HZ', '余杭仓', 3, 0]], stale: true },
  { sku: 'QF-MILK-950', name: '鲜牛奶 950ml', barcode: '6901234500036', unit: '瓶', price: '15.90', currency: 'CNY', url: '', attributes: {}, levels: [['HZ', '余杭仓', 0, 0]] },
];
const orders = [
  { number: 'QF20261119083312', placed_at: ago(4500), status: '退货审核中', amount: '139.70', currency: 'CNY', lines: [{ sku: 'QF-PEACH-5', name: '水蜜桃 5 斤礼盒', quantity: 1, price: '99.00' }, { sku: 'QF-PEACH-2', name: '水蜜桃 2 斤装', quantity: 1, price: '39.80' }], shipments: [{ carrier: '鲜桥配送', tracking: 'QFD88120331', status: '已签收', shipped_at: ago(4400), expected_at: NEVER }] },
  { number: 'QF20261105101010', placed_at: ago(25000), status: '已完成', amount: '47.70', currency: 'CNY', lines: [{ sku: 'QF-MILK-950', name: '鲜牛奶 950ml', quantity: 3, price: '15.90' }], shipments: [] },
];
const stockOf = (g) => {
  const levels = g.levels.map(([warehouse, warehouse_name, on_hand, reserved]) => ({ warehouse, warehouse_name, on_hand, reserved, available: on_hand - reserved }));
  const sum = (field) => levels.reduce((n, l) => n + l[field], 0);
  return { sku: g.sku, name: g.name, unit: g.unit, on_hand: sum('on_hand'), reserved: sum('reserved'), available: sum('available'), levels, as_of: ago(g.stale ? 95 : 1), stale: g.stale ?? false, source: 'erp-csv' };
};
const companies = [{ id: '9001', name: '晨光超市', phone: '0571-88001234', note: '每周三补货', contacts: 2 }];
const segments = [{ id: '9101', name: '金卡客户', filter: { tier: '金卡' }, count: 1 }, { id: '9102', name: '30 天没有联系', filter: { not_seen_for_days: 30 }, count: 0 }];
const keys = [
  { id: '9201', name: '晨光超市官网', kind: 'browser', state: 'active', prefix: 'qk_8sT2mPqa', scopes: ['stock.read'], origins: ['https://shop.example.org'], skus: ['QF-PEACH-*', 'QF-MILK-950'], per_minute: 600, per_day: 100000, created_at: ago(40000), created_by: '周雪', last_used_at: ago(2), used_today: 412, live: 7 },
  { id: '9202', name: '区域配送 ERP', kind: 'server', state: 'active', prefix: 'qk_Lw0cXz91', scopes: ['stock.read', 'product.read'], origins: [], skus: [], per_minute: 600, per_day: 100000, created_at: ago(90000), created_by: '周雪', expires_at: ago(-80000), last_used_at: ago(300), used_today: 96, live: 0 },
  { id: '9203', name: '旧版小程序', kind: 'browser', state: 'revoked', prefix: 'qk_0aaRk2_f', scopes: ['stock.read'], origins: ['https://old.example.org'], skus: ['QF-MILK-950'], per_minute: 60, per_day: 1000, created_at: ago(200000), created_by: '周雪', revoked_at: ago(50000), used_today: 0, live: 0 },
];
const usage = Array.from({ length: 26 }, (_, i) => {
  const ok = 180 + ((i * 97) % 260);
  return { day: day(25 - i), total: ok + 40 + (i % 7) * 6, ok, not_modified: 40, refused: i % 7, limited: (i % 7) * 3, failed: (i % 7) * 2, live: 0, statuses: {} };
});
const audited = [
  ['contact.reveal', 'contact:7300001', '', '李婷', 4], ['partner_key.rotate', 'partner_key:9201', 'grace 1440 minutes', '周雪', 70], ['contact.merge', 'contact:7300001', 'from 7300009', '周雪', 75],
  ['accounts.login', 'agent:11', '', '李婷', 130], ['config.reload', 'config', 'changed: plugins.routing', '', 400],
].map(([action, object, detail, actor_name, n], i) => ({ seq: 120 - i, at: ago(n), action, object, detail, actor_type: actor_name ? 'agent' : 'hub', actor: '', actor_name, remote: actor_name ? '10.0.0.12' : '', mac: '' }));

export function peopleRoutes({ contacts, conversations, tickets, problem }) {
  const of = (id) => contacts.get(id) ?? problem(404, 'not_found', `there is no contact ${id}`);
  const change = (id, more) => masked(Object.assign(of(id), more));
  const known = (c) => c.tier !== '';
  return [
    ['GET', '/contacts', ({ query }) => {
      const text = query.get('search') ?? '';
      const tier = segments.find((s) => s.id === query.get('segment'))?.filter.tier;
      const found = [...contacts.values()].filter((c) => (!text || c.name.startsWith(text) || c.tags.some((x) => x.startsWith(text)) || c.phone === text) && (!tier || c.tier === tier));
      return { contacts: found.map(masked), more: false, after: '' };
    }],
    ['GET', '/contacts/:id', ({ id }) => masked(of(id))],
    ['PATCH', '/contacts/:id', ({ id, body }) => {
      const { attributes, ...rest } = body;
      const all = { ...of(id).attributes, ...attributes };
      for (const key of Object.keys(all)) if (all[key] === '') delete all[key];
      const changed = change(id, { ...rest, attributes: all });
      for (const c of conversations()) if (c.contact === id) c.contact_name = changed.name;
      return changed;
    }],
    ['POST', '/contacts/:id/reveal', ({ id }) => ({ ...of(id), claims: claimsOf(of(id)), masked: false })],
    ['POST', '/contacts/:id/block', ({ id }) => change(id, { blocked: true })],
    ['POST', '/contacts/:id/unblock', ({ id }) => change(id, { blocked: false })],
    ['POST', '/contacts/:id/merge', ({ id }) => ({ merge: '1', contact: masked(of(id)) })],
    ['POST', '/contacts/merges/:id/undo', () => masked([...contacts.values()][0])],
    ['POST', '/contacts/:id/export', ({ id }) => ({ contact: id, folder: `/var/lib/qiao/exports/contact-${id}`, counts: { conversations: 3, tickets: 1 } })],
    ['POST', '/contacts/:id/erase', ({ id }) => (contacts.delete(id), { contact: id, removed: { conversations: 3, messages: 42 } })],
    ['GET', '/contacts/:id/conversations', ({ id }) => ({ conversations: conversations().filter((c) => c.contact === id), more: false })],
    ['GET', '/contacts/:id/timeline', ({ id }) => {
      const talks = conversations().filter((c) => c.contact === id).map((c) => ({ kind: 'conversation', id: c.id, at: c.changed_at, channel: c.channel, title: c.intent, text: c.preview, state: c.state, agent: c.agent_name, number: '' }));
      const work = tickets().filter((x) => x.contact === id).map((x) => ({ kind: 'ticket', id: x.id, at: x.created_at, channel: '', title: x.subject, text: '', state: x.state, agent: '', number: String(x.number) }));
      const bought = known(of(id)) ? orders.map((o) => ({ kind: 'order', id: o.number, at: o.placed_at, channel: '', title: o.number, text: o.lines.map((l) => l.name).join('、'), state: o.status, agent: '', number: '' })) : [];
      return { items: [...talks, ...work, ...bought].sort((a, b) => (a.at < b.at ? 1 : -1)), more: false };
    }],
    ['GET', '/contacts/:id/cards', ({ id, query }) => {
      if (!known(of(id))) return { summary: person({}).summary, cards: [] };
      const zh = query.get('language') !== 'en';
      const rows = zh ? [['等级', '金卡'], ['负责人', '陈晨'], ['累计消费', '¥2,381.50']] : [['Tier', 'Gold'], ['Owner', '陈晨'], ['Spent', '¥2,381.50']];
      return {
        summary: zh ? { last_purchase: '11月19日 水蜜桃 5 斤礼盒', asked_before: '3 次会话，最近：退货流程', preferences: '爱买水果，要求上午送达' } : { last_purchase: '19 Nov 水蜜桃 5 斤礼盒', asked_before: '3 conversations, last: 退货流程', preferences: 'Fruit; delivery in the morning' },
        cards: [{ title: 'Tryton', rows: rows.map(([label, value]) => ({ label, value })), url: 'https://erp.example.org/party/1042', as_of: ago(3), stale: false }],
      };
    }],
    ['GET', '/contacts/:id/orders', ({ id }) => (known(of(id)) ? { orders, sources: [{ source: 'tryton', as_of: ago(3), stale: false }] } : { orders: [], sources: [] })],
    ['GET', '/contacts/:id/merges', ({ id }) => (known(of(id)) ? { merges: [{ id: '1', from: '7299000', from_name: '小雨', into: id, at: ago(9000), by_name: '', reason: 'phone', undone: false }], suggestions: [{ contact: [...contacts.keys()].pop(), name: '林小姐', reason: 'email' }] } : { merges: [], suggestions: [] })],
    ['POST', '/contacts/import', ({ raw, query }) => {
      const rows = raw.toString().split('\n').filter(Boolean).length - 1;
      return { rows, created: Math.max(0, rows - 1), updated: 0, unchanged: 0, errors: rows > 1 ? [{ row: 3, column: 'phone', message: 'not a phone number: 12' }] : [], dry_run: query.get('dry_run') === 'true' };
    }],
    ['GET', '/companies', () => ({ companies })],
    ['GET', '/tags', () => ({ tags: [{ tag: 'VIP', contacts: 1 }, { tag: '水果', contacts: 1 }] })],
    ['GET', '/segments', () => ({ segments })],
    ['GET', '/products', ({ query }) => ({ products: goods.filter((g) => (g.name + g.sku).includes(query.get('search'))).map(({ levels: _l, stale: _s, ...g }) => g), as_of: ago(1), stale: false })],
    ['GET', '/stock', ({ query }) => stockOf(goods.find((g) => g.sku === query.get('sku')) ?? problem(404, 'not_found', 'the ERP has no such SKU'))],
    ['GET', '/orders', ({ query }) => ({ orders: orders.filter((o) => o.number === query.get('number')), as_of: ago(1), stale: false, source: 'erp-csv' })],
    ['GET', '/partner-keys', () => ({ keys })],
    ['GET', '/partner-keys/embed', () => ({ script: '/partner/qiao-stock.js', pinned_script: '/partner/qiao-stock-0.1.0.js', version: '0.1.0', integrity: 'sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC' })],
    ['POST', '/partner-keys', ({ body }) => {
      const key = { ...keys[0], per_minute: 600, per_day: 100000, origins: [], skus: [], ...body, id: String(9300 + keys.length), state: 'active', prefix: 'qk_N3wN3wN3', used_today: 0, live: 0, last_used_at: undefined };
      keys.unshift(key);
      return { key, secret: 'qk_N3wN3wN3YxZ0pR4tHq7Lk2mVbE9sUaC1dFgJ5oKi8w' };
    }],
    ['PATCH', '/partner-keys/:id', ({ id, body }) => Object.assign(keys.find((k) => k.id === id), body)],
    ['POST', '/partner-keys/:id/rotate', ({ id }) => ({ key: keys.find((k) => k.id === id), secret: 'qk_R0tat3dYxZ0pR4tHq7Lk2mVbE9sUaC1dFgJ5oKi8w' })],
    ['POST', '/partner-keys/:id/revoke', ({ id }) => Object.assign(keys.find((k) => k.id === id), { state: 'revoked' })],
    ['GET', '/partner-keys/:id/usage', ({ id }) => ({ id, name: '', from: day(29), to: day(0), total: id === '9203' ? 0 : usage.reduce((n, d) => n + d.total, 0), days: id === '9203' ? [] : usage })],
    ['GET', '/audit', ({ query }) => ({ entries: audited.filter((e) => e.action.startsWith(query.get('action') ?? '') && (!query.get('object') || e.object === query.get('object'))), more: false })],
  ];
}
