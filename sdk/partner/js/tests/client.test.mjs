import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { QiaoError, QiaoPartner } from '../dist/client.js';

const tea = { sku: 'A-100', warehouse: '', name: '绿茶', unit: 'pcs', available: 12, warehouses: [], as_of: '2026-11-22T08:00:00.000Z', stale: false };
let server, hub, requests, answers;

before(async () => {
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      requests.push({ method: request.method, url: request.url, headers: request.headers, body });
      const [status, content, headers = {}] = answers.length > 1 ? answers.shift() : answers[0];
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(content === undefined ? undefined : JSON.stringify(content));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  hub = `http://127.0.0.1:${server.address().port}/`;
});
after(() => server.close());

function client(script, options = {}) {
  requests = [];
  answers = script;
  return new QiaoPartner({ hub, key: 'qk_test', ...options });
}

test('reads stock with the key, and tells the quota', async () => {
  const partner = client([[200, tea, { 'ratelimit-limit': '600', 'ratelimit-remaining': '599', 'ratelimit-reset': '30' }]]);
  assert.deepEqual(await partner.stock('A-100', 'SH'), tea);
  assert.equal(requests[0].url, '/api/partner/v1/stock?sku=A-100&warehouse=SH');
  assert.equal(requests[0].headers.authorization, 'Bearer qk_test');
  assert.deepEqual(partner.quota, { limit: 600, remaining: 599, reset: 30 });
});

test('what has not changed is not sent again', async () => {
  const partner = client([[200, tea, { etag: 'W/"1"' }], [304, undefined]]);
  await partner.stock('A-100');
  assert.deepEqual(await partner.stock('A-100'), tea);
  assert.equal(requests[1].headers['if-none-match'], 'W/"1"');
});

test('asks for several at once', async () => {
  const list = { items: [tea], unknown: ['X'], unavailable: [], forbidden: [] };
  assert.deepEqual(await client([[200, list]]).stockBatch(['A-100', 'X']), list);
  assert.deepEqual(JSON.parse(requests[0].body), { skus: ['A-100', 'X'], warehouse: '' });
});

test('throws what the hub refuses', async () => {
  const partner = client([[404, { type: 'urn:qiao:error:partners.unknown_sku', detail: 'There is no SKU X.' }]]);
  await assert.rejects(partner.stock('X'), (error) => error instanceof QiaoError && error.status === 404 && error.id === 'partners.unknown_sku');
  assert.equal(requests.length, 1);
});

test('tries again what may pass, and gives up when it takes too long', async () => {
  assert.deepEqual(await client([[503, {}], [200, tea]]).stock('A-100'), tea);
  const limited = client([[429, { type: 'urn:qiao:error:partners.quota', detail: 'slow down' }, { 'retry-after': '60' }]]);
  await assert.rejects(limited.stock('A-100'), (error) => error.retryAfter === 60);
  assert.equal(requests.length, 1);
});

test('a hub that is not there is an error with status 0', async () => {
  const partner = new QiaoPartner({ hub: 'http://127.0.0.1:1', key: 'qk_test', retries: 0 });
  await assert.rejects(partner.stock('A-100'), (error) => error.status === 0);
});
