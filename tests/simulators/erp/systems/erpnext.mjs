// ERPNext (Frappe): /api/resource/<DocType>, token authentication, 20 rows a page unless asked for more.
import {byWarehouse, day, like} from '../lib/data.mjs';
import {count} from '../../lib/server.mjs';

const TOKEN = 'token erp-key:erp-secret';
const problem = (status, type, text) => ({status, body: {exc_type: type, exception: `frappe.exceptions.${type}: ${text}`,
  _server_messages: JSON.stringify([JSON.stringify({message: text, indicator: 'red'})])}});

export function make(data) {
  const bins = data.products.flatMap(p => p.sku === 'A-300'
    // A product in very many places.
    ? data.stock.filter(r => r.sku === p.sku).map(r => ({name: `BIN-${r.lot}`, item_code: r.sku, warehouse: `${r.lot} - Q`, actual_qty: 1, reserved_qty: 0, projected_qty: 1, stock_uom: '件'}))
    : byWarehouse(data, p.sku).map((s, i) => ({name: `BIN-${p.id}-${i}`, item_code: p.sku, warehouse: `${s.warehouse.name} - Q`, actual_qty: s.quantity,
      reserved_qty: s.reserved, projected_qty: s.quantity - s.reserved, stock_uom: '件'})));
  const docs = {
    Bin: bins,
    Item: data.products.map(p => ({name: p.sku, item_code: p.sku, item_name: p.name, stock_uom: p.unit, disabled: 0})),
    'Item Price': data.products.map(p => ({name: `IP-${p.id}`, item_code: p.sku, selling: 1, price_list_rate: Number(p.price), currency: p.currency})),
    Contact: data.customers.map(c => ({name: `${c.name}-${c.id}`, first_name: c.name, mobile_no: c.spelled, email_id: c.email,
      phone_nos: [{phone: c.spelled}], email_ids: [{email_id: c.email}], links: [{link_doctype: 'Customer', link_name: c.code}]})),
    Customer: data.customers.map(c => ({name: c.code, customer_name: c.name, customer_group: c.company || '个人', loyalty_program_tier: c.tier,
      account_manager: c.owner, mobile_no: c.spelled, email_id: c.email, _user_tags: c.tags.map(t => `,${t}`).join('')})),
    'Sales Order': data.orders.map(o => ({name: o.number, customer: data.customers[o.customer - 1].code, transaction_date: day(o.date),
      status: o.status === 'done' ? 'Completed' : 'To Deliver', grand_total: Number(o.amount), currency: o.currency, delivery_date: day(new Date(o.date.getTime() + 2 * 864e5)),
      items: o.lines.map(l => ({item_code: l.sku, item_name: l.name, qty: l.quantity, rate: Number(l.price)}))})),
    Comment: [],
  };
  const children = {Contact: {'Contact Phone': 'phone_nos', 'Contact Email': 'email_ids'}};

  function holds(doctype, doc, condition) {
    const [table, field, op, wanted] = condition.length === 4 ? condition : [doctype, ...condition];
    const values = table === doctype ? [doc[field]] : doc[children[doctype]?.[table]]?.map(row => row[field]) ?? [];
    if (table === doctype && !(field in doc)) throw problem(417, 'DataError', `Field not permitted in query: ${field}`);
    return values.some(value => {
      if (op === '=') return value === wanted || String(value) === String(wanted);
      if (op === 'in') return wanted.includes(value);
      if (op === 'like') return like(value, wanted);
      throw problem(417, 'ValidationError', `Operator must be one of =, in, like: ${op}`);
    });
  }

  return {
    hint: 'api_key erp-key api_secret erp-secret',
    handle(call, state) {
      if (call.headers.authorization !== TOKEN) return problem(401, 'AuthenticationError', 'Invalid API key');
      if (call.path === '/api/method/frappe.auth.get_logged_user') return {body: {message: 'qiao@example.com'}};
      if (call.path.startsWith('/api/method/frappe.desk.doctype.tag.tag.')) {
        const {tag, dt, dn} = JSON.parse(call.body);
        const what = call.path.split('.').pop();
        const doc = docs[dt].find(d => d.name === dn);
        const tags = new Set(doc._user_tags.split(',').filter(Boolean));
        if (what === 'add_tag') tags.add(tag);
        else tags.delete(tag);
        doc._user_tags = [...tags].map(t => `,${t}`).join('');
        state.written.push({tag, dn, what, dt});
        return {body: {message: tag}};
      }
      const [, api, resource, doctype, name] = call.path.split('/');
      if (api !== 'api' || resource !== 'resource' || !docs[doctype]) return problem(404, 'DoesNotExistError', `DocType ${doctype} not found`);
      count(state, doctype);
      if (call.method === 'POST') {
        const doc = {name: `NEW-${docs[doctype].length + 1}`, ...JSON.parse(call.body)};
        docs[doctype].push(doc);
        state.written.push(doc);
        return {body: {data: doc}};
      }
      if (name) {
        const doc = docs[doctype].find(d => d.name === name);
        return doc ? {body: {data: doc}} : problem(404, 'DoesNotExistError', `${doctype} ${name} not found`);
      }
      try {
        const all = JSON.parse(call.query.get('filters') ?? '[]');
        const any = JSON.parse(call.query.get('or_filters') ?? '[]');
        let found = docs[doctype].filter(d => all.every(f => holds(doctype, d, f)) && (any.length === 0 || any.some(f => holds(doctype, d, f))));
        const order = call.query.get('order_by');
        if (order) {
          const [field, direction] = order.split(' ');
          found = [...found].sort((a, b) => (a[field] < b[field] ? -1 : a[field] > b[field] ? 1 : 0) * (direction === 'desc' ? -1 : 1));
        }
        const from = Number(call.query.get('limit_start') ?? 0);
        const length = Number(call.query.get('limit_page_length') ?? 20);
        const fields = JSON.parse(call.query.get('fields') ?? '["name"]');
        const page = length === 0 ? found : found.slice(from, from + length);
        return {body: {data: page.map(d => Object.fromEntries(fields.map(f => [f, d[f] ?? null])))}};
      } catch (error) {
        if (error.status) return error;
        throw error;
      }
    },
    failure(mode) {
      if (mode === 'busy') return {...problem(429, 'TooManyRequestsError', 'Too many requests'), headers: {'retry-after': '5'}};
      if (mode === 'expired') return problem(401, 'AuthenticationError', 'Invalid API key');
      return {...problem(500, 'OperationalError', 'Lost connection to MySQL server during query')};
    },
  };
}
