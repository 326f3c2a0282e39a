// HubSpot CRM v3/v4 with a private app's token: search, associations, batch read, notes.
import {count} from '../../lib/server.mjs';

const TOKEN = 'Bearer pat-hub-1';
const refuse = (status, category, message, more = {}) => ({status, body: {status: 'error', message, category, correlationId: 'c0ffee', ...more}});

export function make(data) {
  const object = (id, properties) => ({id: String(id), properties, createdAt: '2026-01-05T09:00:00Z', archived: false});
  const tables = {
    contacts: data.customers.map(c => object(c.id, {firstname: c.name.slice(1), lastname: c.name.slice(0, 1), phone: c.id % 2 ? c.spelled : '',
      mobilephone: c.id % 2 ? '' : c.spelled, hs_searchable_calculated_phone_number: c.phone, email: c.email, company: c.company,
      hubspot_owner_id: '9', lifecyclestage: c.tier, qiao_tags: c.tags.join(';')})),
    orders: data.orders.map(o => object(o.id, {hs_order_name: o.number, hs_external_order_id: o.number, hs_external_created_date: o.date.toISOString(), hs_external_order_status: o.status,
      hs_total_price: o.amount, hs_currency_code: o.currency, hs_shipping_tracking_number: o.tracking})),
    products: data.products.map(p => object(p.id, {hs_sku: p.sku, name: p.name, price: p.price})),
    notes: [],
  };
  const ownOrders = contact => data.orders.filter(o => String(o.customer) === contact).map(o => String(o.id));
  const noteOf = new Map();

  function fits(row, {propertyName, operator, value, values}) {
    const has = row.properties[propertyName] ?? '';
    if (operator === 'EQ') return has.toLowerCase() === String(value).toLowerCase();
    if (operator === 'IN') return values.map(v => v.toLowerCase()).includes(has.toLowerCase());
    if (operator === 'CONTAINS_TOKEN') {
      const pattern = String(value).toLowerCase();
      const inner = pattern.replaceAll('*', '');
      return pattern.includes('*') ? has.toLowerCase().includes(inner) : has.toLowerCase().split(/\s+/).includes(inner);
    }
    throw new Error(`no operator ${operator}`);
  }
  const shown = (row, properties = []) => ({...row, properties: {hs_object_id: row.id, ...Object.fromEntries(properties.map(p => [p, row.properties[p] ?? null]))}});

  return {
    hint: 'token pat-hub-1',
    handle(call, state) {
      if (call.headers.authorization !== TOKEN) return refuse(401, 'INVALID_AUTHENTICATION', 'Authentication credentials not found');
      const parts = call.path.split('/').slice(1);  // crm, v3, objects, contacts, …
      const body = call.body ? JSON.parse(call.body) : {};
      if (call.path === '/account-info/v3/details') return {body: {portalId: 4711}};
      if (call.path === '/crm/v3/owners/9') return {body: {id: '9', firstName: '小美', lastName: '', email: 'mei@example.com'}};
      const table = tables[parts[3]];
      if (parts[0] !== 'crm' || parts[2] !== 'objects' || !table) return refuse(404, 'OBJECT_NOT_FOUND', `Unable to infer object type from: ${parts[3]}`);
      const rest = parts.slice(4);
      count(state, [parts[3], ...rest.filter(r => /^[a-z]+$/.test(r))].join('/'));
      if (rest[0] === 'search' && call.method === 'POST') {
        if (body.filterGroups.length > 5) return refuse(400, 'VALIDATION_ERROR', 'Maximum number of filterGroups is 5');
        const found = table.filter(r => body.filterGroups.some(g => g.filters.every(f => fits(r, f))));
        const from = Number(body.after ?? 0);
        const page = found.slice(from, from + (body.limit ?? 10));
        return {body: {total: found.length, results: page.map(r => shown(r, body.properties)),
          ...(from + page.length < found.length ? {paging: {next: {after: String(from + page.length)}}} : {})}};
      }
      if (rest[0] === 'batch' && rest[1] === 'read') {
        if (body.inputs.length > 100) return refuse(400, 'VALIDATION_ERROR', 'batch size exceeds 100');
        const wanted = new Set(body.inputs.map(i => i.id));
        return {body: {status: 'COMPLETE', results: table.filter(r => wanted.has(r.id)).map(r => shown(r, body.properties))}};
      }
      if (rest[1] === 'associations') {
        const ids = rest[2] === 'notes' ? noteOf.get(rest[0]) ?? [] : ownOrders(rest[0]);
        const from = Number(call.query.get('after') ?? 0);
        const limit = Number(call.query.get('limit') ?? 10);
        const page = ids.slice(from, from + limit);
        return {body: {results: page.map(toObjectId => ({toObjectId: Number(toObjectId), associationTypes: [{category: 'HUBSPOT_DEFINED', typeId: 507}]})),
          ...(from + page.length < ids.length ? {paging: {next: {after: String(from + page.length)}}} : {})}};
      }
      if (rest.length === 0 && call.method === 'POST') {
        const made = object(table.length + 1, body.properties);
        table.push(made);
        for (const a of body.associations ?? []) noteOf.set(String(a.to.id), [...(noteOf.get(String(a.to.id)) ?? []), made.id]);
        state.written.push({...made, associations: body.associations});
        return {status: 201, body: made};
      }
      const row = table.find(r => r.id === rest[0]);
      if (!row) return refuse(404, 'OBJECT_NOT_FOUND', 'Object not found');
      if (call.method === 'PATCH') {
        Object.assign(row.properties, body.properties);
        state.written.push({id: row.id, ...body.properties});
      }
      return {body: shown(row, (call.query.get('properties') ?? '').split(',').filter(Boolean))};
    },
    failure(mode) {
      const limit = policyName => ({...refuse(429, 'RATE_LIMITS', `You have reached your ${policyName} limit.`, {policyName, errorType: 'RATE_LIMIT'})});
      if (mode === 'busy') return limit('TEN_SECONDLY_ROLLING');
      if (mode === 'daily') return limit('DAILY');
      if (mode === 'expired') return refuse(401, 'EXPIRED_AUTHENTICATION', 'The OAuth token used to make this call expired');
      return {status: 502, raw: '<html>502 Bad Gateway</html>', headers: {'content-type': 'text/html'}};
    },
  };
}
