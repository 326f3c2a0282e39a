// Odoo's JSON-RPC: /jsonrpc with the services common and object. Errors are HTTP 200.
import {like} from '../lib/data.mjs';
import {count} from '../../lib/server.mjs';

const DB = 'shop', USER = 'qiao', KEY = 'odoo-key-1';

const fault = (name, message, code = 200) => ({body: {jsonrpc: '2.0', id: 1, error: {code, message: 'Odoo Server Error',
  data: {name, message, arguments: [message], debug: 'Traceback (most recent call last): …'}}}});

export function make(data) {
  const categories = [{id: 1, name: 'VIP'}, {id: 2, name: '爱买口红'}];
  const stamp = date => date.toISOString().slice(0, 19).replace('T', ' ');
  const models = {
    'product.product': data.products.map(p => ({id: p.id, default_code: p.sku, name: p.name, display_name: `[${p.sku}] ${p.name}`,
      barcode: p.barcode, uom_id: [1, p.unit], list_price: Number(p.price), currency_id: [7, p.currency]})),
    'stock.quant': data.stock.map((r, i) => ({id: i + 1, product_id: [r.product, `[${r.sku}]`],
      location_id: [r.warehouse.id * 10, `${r.warehouse.code}/Stock`], 'location_id.usage': 'internal', quantity: r.quantity,
      reserved_quantity: r.reserved, lot_id: r.lot ? [i + 1, r.lot] : false})),
    'stock.warehouse': data.warehouses.map(w => ({id: w.id, code: w.code, name: w.name})),
    'res.partner': data.customers.map(c => ({id: c.id, name: c.name, phone: c.id % 2 ? c.spelled : false, mobile: c.id % 2 ? false : c.spelled,
      email: c.email, parent_id: c.company ? [1000 + c.id, c.company] : false, user_id: [3, c.owner],
      category_id: c.tags.map(t => categories.find(k => k.name === t).id), comment: false})),
    'res.partner.category': categories,
    'sale.order': data.orders.map(o => ({id: o.id, name: o.number, date_order: stamp(o.date), state: o.status === 'done' ? 'done' : 'sale',
      amount_total: Number(o.amount), currency_id: [7, o.currency], partner_id: [o.customer, data.customers[o.customer - 1].name]})),
    'sale.order.line': data.orders.flatMap(o => o.lines.map((l, i) => ({id: o.id * 10 + i, order_id: [o.id, o.number],
      product_id: [l.product, `[${l.sku}] ${l.name}`], name: `[${l.sku}] ${l.name}`, product_uom_qty: l.quantity, price_unit: Number(l.price)}))),
    'stock.picking': data.orders.map(o => ({id: o.id, origin: o.number, state: o.status === 'done' ? 'done' : 'assigned',
      date_done: o.status === 'done' ? stamp(new Date(o.date.getTime() + 864e5)) : false, scheduled_date: stamp(new Date(o.date.getTime() + 2 * 864e5)),
      carrier_id: [1, '顺丰'], carrier_tracking_ref: o.tracking || false})),
    'mail.message': [],
  };

  const plain = value => (Array.isArray(value) && value.length === 2 && typeof value[1] === 'string' ? value[0] : value);
  function holds(row, [field, op, wanted]) {
    if (!(field in row)) throw Object.assign(new Error(`Invalid field ${field}`), {odoo: 'builtins.ValueError'});
    const value = plain(row[field]);
    const text = Array.isArray(row[field]) && typeof row[field][1] === 'string' ? row[field][1] : String(value);
    switch (op) {
      case '=': return value === wanted;
      case '!=': return value !== wanted;
      case 'in': return wanted.includes(value);
      case 'child_of': return [wanted].flat().includes(value);
      case 'ilike': return value !== false && like(text, `%${wanted}%`);
      case '=ilike': return value !== false && like(text, String(wanted));
      default: throw new Error(`no operator ${op}`);
    }
  }
  /** Odoo's prefix notation: what has no operator before it is joined by "and". */
  function filter(rows, domain) {
    const read = i => {
      if (domain[i] === '|' || domain[i] === '&') {
        const [left, after] = read(i + 1);
        const [right, end] = read(after);
        return [domain[i] === '|' ? r => left(r) || right(r) : r => left(r) && right(r), end];
      }
      return [r => holds(r, domain[i]), i + 1];
    };
    const tests = [];
    for (let i = 0; i < domain.length;) {
      const [test, end] = read(i);
      tests.push(test);
      i = end;
    }
    return rows.filter(r => tests.every(t => t(r)));
  }
  const chosen = (row, fields) => Object.fromEntries(['id', ...fields].map(f => {
    if (!(f in row)) throw Object.assign(new Error(`Invalid field '${f}'`), {odoo: 'builtins.ValueError'});
    return [f, row[f]];
  }));

  function execute(state, model, method, args, options) {
    const rows = models[model];
    if (!rows) throw Object.assign(new Error(`Object ${model} doesn't exist`), {odoo: 'builtins.KeyError'});
    count(state, `${model}.${method}`);
    if (method === 'search_read') {
      let found = filter(rows, args[0] ?? []);
      if (options.order?.includes('desc')) found = [...found].sort((a, b) => (a[options.order.split(' ')[0]] < b[options.order.split(' ')[0]] ? 1 : -1));
      const from = options.offset ?? 0;
      return found.slice(from, options.limit ? from + options.limit : undefined).map(r => chosen(r, options.fields ?? []));
    }
    if (method === 'message_post') {
      const note = {id: models['mail.message'].length + 1, model, res_id: [args[0]].flat()[0], body: options.body};
      models['mail.message'].push(note);
      state.written.push(note);
      return note.id;
    }
    if (method === 'create') {
      const row = {id: rows.length + 100, ...args[0]};
      rows.push(row);
      return row.id;
    }
    if (method === 'write') {
      const row = rows.find(r => r.id === [args[0]].flat()[0]);
      for (const [command, id] of args[1].category_id ?? []) {
        row.category_id = row.category_id.filter(c => c !== id);
        if (command === 4) row.category_id.push(id);
      }
      state.written.push({model, id: row.id, ...args[1]});
      return true;
    }
    throw Object.assign(new Error(`no method ${method}`), {odoo: 'builtins.AttributeError'});
  }

  return {
    hint: `db ${DB} user ${USER} key ${KEY}`,
    handle(call, state) {
      if (call.path !== '/jsonrpc') return {status: 404, raw: '<html>404: Not Found</html>', headers: {'content-type': 'text/html'}};
      const {params: {service, method, args}} = JSON.parse(call.body);
      if (service === 'common' && method === 'version') return {body: {jsonrpc: '2.0', id: 1, result: {server_version: '17.0'}}};
      if (service === 'common') {
        state.logins += 1;
        return {body: {jsonrpc: '2.0', id: 1, result: args[0] === DB && args[1] === USER && args[2] === KEY ? 2 : false}};
      }
      if (args[0] !== DB || args[1] !== 2 || args[2] !== KEY) return fault('odoo.exceptions.AccessDenied', 'Access Denied');
      try {
        return {body: {jsonrpc: '2.0', id: 1, result: execute(state, args[3], args[4], args[5] ?? [], args[6] ?? {})}};
      } catch (error) {
        return fault(error.odoo ?? 'builtins.Exception', error.message);
      }
    },
    failure(mode) {
      if (mode === 'busy') return {status: 429, raw: 'Too Many Requests', headers: {'retry-after': '7', 'content-type': 'text/plain'}};
      if (mode === 'expired') return fault('odoo.http.SessionExpiredException', 'Session expired', 100);
      if (mode === 'serialization') return fault('psycopg2.errors.SerializationFailure', 'could not serialize access due to concurrent update');
      return {status: 502, raw: '<html>502 Bad Gateway</html>', headers: {'content-type': 'text/html'}};
    },
  };
}
