// Salesforce: OAuth (client credentials, JWT bearer), SOQL, SOSL by phone, pages by nextRecordsUrl, Task as activity.
import crypto from 'node:crypto';
import {day, digits} from '../lib/data.mjs';
import {count} from '../../lib/server.mjs';
import {query} from '../lib/soql.mjs';

const CLIENT = 'sf-client', SECRET = 'sf-secret', USER = 'qiao@example.com';
const PAGE = 2000;
const refuse = (status, errorCode, message, headers) => ({status, body: [{message, errorCode}], headers});

export function make(data) {
  const {privateKey, publicKey} = crypto.generateKeyPairSync('rsa', {modulusLength: 2048,
    publicKeyEncoding: {type: 'spki', format: 'pem'}, privateKeyEncoding: {type: 'pkcs8', format: 'pem'}});
  const id = (prefix, n) => `${prefix}${String(n).padStart(15, '0')}`;
  const account = c => ({Id: id('001', c.id), Name: c.company || c.name});
  const tables = {
    Contact: data.customers.map(c => ({Id: id('003', c.id), Name: c.name, Phone: c.id % 2 ? c.spelled : null, MobilePhone: c.id % 2 ? null : c.spelled,
      Email: c.email, AccountId: account(c).Id, Account: account(c), OwnerId: id('005', 1), Owner: {Name: c.owner}, Tags__c: c.tags.join(';') || null})),
    Product2: data.products.map(p => ({Id: id('01t', p.id), ProductCode: p.sku, Name: p.name, QuantityUnitOfMeasure: p.unit})),
    PricebookEntry: data.products.map(p => ({Id: id('01u', p.id), Product2: {ProductCode: p.sku}, UnitPrice: Number(p.price), CurrencyIsoCode: p.currency})),
    ProductItem: data.stock.map((r, i) => ({Id: id('0Ij', i + 1), QuantityOnHand: r.quantity, QuantityUnitOfMeasure: '件',
      Location: {Name: r.warehouse.name}, Product2: {ProductCode: r.sku, Name: data.products[r.product - 1].name}})),
    Order: data.orders.map(o => ({Id: id('801', o.id), OrderNumber: o.number, EffectiveDate: day(o.date), Status: o.status === 'done' ? 'Activated' : 'Draft',
      TotalAmount: Number(o.amount), AccountId: id('001', o.customer), BillToContactId: id('003', o.customer),
      OrderItems: o.lines.map(l => ({Quantity: l.quantity, UnitPrice: Number(l.price), Product2: {ProductCode: l.sku, Name: l.name}}))})),
    Task: [],
  };
  const cursors = new Map();

  function login(call, state) {
    const form = new URLSearchParams(call.body);
    const no = (error, text) => ({status: 400, body: {error, error_description: text}});
    if (form.get('grant_type') === 'client_credentials') {
      if (form.get('client_id') !== CLIENT || form.get('client_secret') !== SECRET) return no('invalid_client', 'invalid client credentials');
    } else if (form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
      const [head, body, signature] = (form.get('assertion') ?? '').split('.');
      const good = signature && crypto.verify('RSA-SHA256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url'));
      if (!good) return no('invalid_grant', 'invalid assertion');
      const claims = JSON.parse(Buffer.from(body, 'base64url'));
      if (claims.iss !== CLIENT || claims.sub !== USER) return no('invalid_grant', "user hasn't approved this consumer");
      if (claims.exp * 1000 < Date.now() || claims.exp * 1000 > Date.now() + 300e3 || !claims.aud) return no('invalid_grant', 'expired authorization code');
    } else {
      return no('unsupported_grant_type', 'grant type not supported');
    }
    state.logins += 1;
    const token = `00D!${crypto.randomBytes(12).toString('hex')}`;
    state.sessions.set(token, Date.now());
    return {body: {access_token: token, instance_url: call.origin, token_type: 'Bearer', issued_at: String(Date.now())}};
  }
  function page(records, object) {
    const body = {totalSize: records.length, done: records.length <= PAGE, records: records.slice(0, PAGE)};
    if (!body.done) {
      const cursor = `01g${crypto.randomBytes(6).toString('hex')}-${PAGE}`;
      cursors.set(cursor, {records: records.slice(PAGE), object});
      body.nextRecordsUrl = `/services/data/v60.0/query/${cursor}`;
    }
    return {body};
  }

  return {
    hint: `client_id ${CLIENT} client_secret ${SECRET} user ${USER}`,
    secrets: {private_key: privateKey},
    handle(call, state) {
      if (call.path === '/services/oauth2/token') return login(call, state);
      if (!state.sessions.has((call.headers.authorization ?? '').replace('Bearer ', ''))) {
        return refuse(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
      }
      const base = '/services/data/v60.0';
      if (call.path === `${base}/limits`) return {body: {DailyApiRequests: {Max: 15000, Remaining: 14998}}};
      if (call.path === `${base}/query`) {
        try {
          const {object, records} = query(call.query.get('q') ?? '', tables);
          count(state, object);
          return page(records, object);
        } catch (error) {
          return refuse(400, error.code ?? 'MALFORMED_QUERY', error.message);
        }
      }
      if (call.path.startsWith(`${base}/query/`)) {
        const rest = cursors.get(call.path.slice(base.length + 7));
        count(state, 'more');
        return rest ? page(rest.records, rest.object) : refuse(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
      }
      if (call.path === `${base}/search`) {
        count(state, 'search');
        const found = /^FIND \{([^}]*)\} IN PHONE FIELDS RETURNING Contact\(([\w, .]+)\)$/.exec(call.query.get('q') ?? '');
        if (!found) return refuse(400, 'MALFORMED_SEARCH', 'no viable alternative');
        const wanted = digits(found[1]);
        const fit = tables.Contact.filter(c => digits(c.Phone ?? c.MobilePhone).endsWith(wanted));
        return {body: {searchRecords: fit.map(c => ({attributes: {type: 'Contact'}, Id: c.Id}))}};
      }
      if (call.path === `${base}/sobjects/Task` && call.method === 'POST') {
        const task = {Id: id('00T', tables.Task.length + 1), WhoId: null, Description: null, ...JSON.parse(call.body)};
        tables.Task.push(task);
        state.written.push(task);
        return {status: 201, body: {id: task.Id, success: true, errors: []}};
      }
      if (call.path.startsWith(`${base}/sobjects/Contact/`) && call.method === 'PATCH') {
        const contact = tables.Contact.find(c => c.Id === call.path.split('/').pop());
        if (!contact) return refuse(404, 'NOT_FOUND', 'The requested resource does not exist');
        Object.assign(contact, JSON.parse(call.body));
        state.written.push({contact: contact.Id, ...JSON.parse(call.body)});
        return {status: 204, raw: ''};
      }
      return refuse(404, 'NOT_FOUND', 'The requested resource does not exist');
    },
    failure(mode) {
      if (mode === 'busy') return refuse(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');
      if (mode === 'expired') return refuse(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
      return refuse(503, 'SERVER_UNAVAILABLE', 'Server Unavailable');
    },
  };
}
