// S9: a partner's page shows live stock with one script tag; their server reads it with one REST call; their key can read
// stock and nothing else, is rate-limited, and can be revoked.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, beforeEach, test} from 'node:test';
import {QiaoError, QiaoPartner} from '../../sdk/partner/js/dist/client.js';
import {openBrowser, person} from './lib/browser.mjs';
import {binary, copyConfig, Hub, root, tempFolder, until} from './lib/hub.mjs';
import {ask, KeyOffice, partnerSite} from './lib/partner.mjs';

let hub, browser, site, elsewhere, office, data, key, secret, probe, embed;

/** The ERP's export, as a whole file that takes the place of the one before. */
function exportStock(levels) {
  const lines = ['sku,warehouse,warehouse_name,on_hand,reserved', ...levels.map(l => l.join(','))];
  fs.writeFileSync(path.join(data, 'stock.new'), lines.join('\n') + '\n');
  fs.renameSync(path.join(data, 'stock.new'), path.join(data, 'stock.csv'));
}

const levels = (tea = 42) => [['TEA-1', 'SH', 'Shanghai', tea, 2], ['TEA-1', 'HZ', 'Hangzhou', 10, 0], ['TEA-2', 'SH', 'Shanghai', 3, 0],
  ['TEA-3', 'SH', 'Shanghai', 5, 5], ['CUP-1', 'SH', 'Shanghai', 7, 0]];

before(async () => {
  data = tempFolder('s09');
  exportStock(levels());
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 's09.yaml'), JSON.stringify({plugins: {
    erp: {config: {stock: {file: path.join(data, 'stock.csv')}, look_every: '100ms'}},
    partners: {config: {fresh_for: '100ms', revalidate_for: '0ms', live_every: '200ms'}}}}));
  hub = await Hub.start({data: path.join(data, 'hub'), config});
  office = await new KeyOffice(hub).login();
  site = await partnerSite({});
  elsewhere = await partnerSite({});
  ({key, secret} = await office.make({name: 'Tea shop', kind: 'browser', origins: [site.url], skus: ['TEA-*', 'GONE-1']}));
  probe = (await office.make({name: 'Probe', kind: 'server', per_minute: 100000})).secret;
  embed = await office.call('GET', '/embed');
  browser = await openBrowser();
});
beforeEach(async () => {
  exportStock(levels());
  await until(async () => (await (await ask(hub, probe, '/stock?sku=TEA-1')).json()).available === 50, 'the usual stock');
});
after(async () => {
  await browser?.close();
  await site?.stop();
  await elsewhere?.stop();
  await hub?.stop();
  fs.rmSync(data, {recursive: true, force: true});
});

function shopPage(at, {lang = 'zh-CN', script = embed.script, more = ''} = {}) {
  return `<!doctype html><html lang="${lang}"><meta charset="utf-8"><title>Tea</title><link rel="icon" href="data:,">
    <script src="${at}${script}" ${more} data-key="${secret}" async></script>
    <h1>Tea</h1><ul>
    <li id="in"><qiao-stock sku="TEA-1"></qiao-stock>
    <li id="amount"><qiao-stock sku="TEA-1" warehouse="HZ" amount></qiao-stock>
    <li id="low"><qiao-stock sku="TEA-2"></qiao-stock>
    <li id="out"><qiao-stock sku="TEA-3"></qiao-stock>
    <li id="gone"><qiao-stock sku="GONE-1"></qiao-stock>
    <li id="foreign"><qiao-stock sku="CUP-1"></qiao-stock></ul>`;
}

const stock = (page, id) => page.locator(`#${id} qiao-stock`);
const shows = (page, id, state) => page.locator(`#${id} qiao-stock[state=${state}]`).waitFor();
const textOf = (page, id) => stock(page, id).evaluate(e => e.shadowRoot.querySelector('[role=status]').textContent);

/** A visitor; what the page asks of the hub is noted. */
async function visitor(options) {
  const page = await person(browser, options);
  page.posts = [];
  page.sockets = [];
  page.on('request', r => r.method() === 'POST' && page.posts.push(r.url()));
  page.on('websocket', s => page.sockets.push(s));
  return page;
}

test('one script tag shows the stock of every element, in one batch and one connection', async () => {
  site.pages['/'] = shopPage(hub.url);
  const page = await visitor();
  await page.goto(site.url + '/');
  await shows(page, 'in', 'in');
  await shows(page, 'low', 'low');
  await shows(page, 'out', 'out');
  await shows(page, 'gone', 'unknown');
  await shows(page, 'foreign', 'unknown');
  assert.equal(await textOf(page, 'in'), '有货');
  assert.match(await textOf(page, 'amount'), /有货（10）/);
  assert.match(await textOf(page, 'low'), /仅剩 3/);
  assert.equal(await textOf(page, 'out'), '暂时缺货');
  assert.equal(await textOf(page, 'gone'), '库存未知');
  assert.equal(await stock(page, 'foreign').getAttribute('error'), 'forbidden');
  await until(() => page.sockets.length === 1, 'the live connection');
  assert.equal(page.posts.length, 2, 'a batch for all warehouses and one for Hangzhou');
  const status = stock(page, 'in').locator('[role=status]');
  assert.equal(await status.getAttribute('aria-live'), 'polite');
  if (process.env.QIAO_PICTURES) await page.screenshot({path: path.join(process.env.QIAO_PICTURES, 's09-zh.png')});
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('what the ERP exports is on the page a moment later', async () => {
  const page = await visitor({locale: 'en-GB'});
  site.pages['/en'] = shopPage(hub.url, {lang: 'en'});
  await page.goto(site.url + '/en');
  await shows(page, 'in', 'in');
  assert.equal(await textOf(page, 'in'), 'In stock');
  await until(() => page.sockets.length === 1, 'the live connection');
  exportStock([['TEA-1', 'SH', 'Shanghai', 4, 0], ['TEA-2', 'SH', 'Shanghai', 0, 0], ['TEA-3', 'SH', 'Shanghai', 90, 0]]);
  await shows(page, 'in', 'low');
  assert.match(await textOf(page, 'in'), /Only 4.* left/);
  await shows(page, 'low', 'out');
  await shows(page, 'out', 'in');
  if (process.env.QIAO_PICTURES) await page.screenshot({path: path.join(process.env.QIAO_PICTURES, 's09-en.png')});
  assert.equal(page.posts.length, 2, 'updates come over the connection');
  await page.context().close();
});

test('works under a strict policy, by a pinned file with its integrity, and leaves a hidden page alone', async () => {
  const policy = `default-src 'none'; script-src ${hub.url}; connect-src ${hub.url} ${hub.ws}; style-src 'none'; img-src data:; ` +
    "require-trusted-types-for 'script'";
  site.pages['/strict'] = {headers: {'content-security-policy': policy},
    html: shopPage(hub.url, {script: embed.pinned_script, more: `integrity="${embed.integrity}" crossorigin="anonymous"`})};
  const page = await visitor();
  await page.goto(site.url + '/strict');
  await shows(page, 'in', 'in');
  await until(() => page.sockets.length === 1, 'the live connection');
  assert.deepEqual(page.errors, []);
  const closed = page.sockets[0].waitForEvent('close');
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', {configurable: true, value: true});
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await closed;
  exportStock(levels(2));
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', {configurable: true, value: false});
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await until(() => page.sockets.length === 2, 'a connection after the page came back');
  await page.locator('#in qiao-stock').evaluate(e => e.setAttribute('low', '20'));
  await shows(page, 'in', 'low');
  await page.context().close();
});

test('the example page works as its first lines say', async () => {
  site.pages['/page.html'] = fs.readFileSync(path.join(root, 'sdk/partner/examples/page.html'), 'utf8');
  exportStock([['K-201', 'SH', '上海仓', 42, 6], ['K-201', 'HZ', '杭州仓', 12, 0], ['K-202', 'SH', '上海仓', 3, 3], ['K-203', 'SH', '上海仓', 58, 4]]);
  const own = await office.make({name: 'Example', kind: 'browser', origins: [site.url], skus: ['K-*']});
  const page = await visitor({width: 480, height: 400});
  await page.goto(`${site.url}/page.html?hub=${encodeURIComponent(hub.url)}&key=${own.secret}`);
  for (const state of ['in', 'out', 'low']) await page.locator(`qiao-stock[state=${state}]`).first().waitFor();
  if (process.env.QIAO_PICTURES) await page.screenshot({path: path.join(process.env.QIAO_PICTURES, 's09-example.png')});
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('a page of another origin learns nothing', async () => {
  elsewhere.pages['/'] = shopPage(hub.url);
  const page = await visitor();
  await page.goto(elsewhere.url + '/');
  await shows(page, 'in', 'unknown');
  assert.equal(await textOf(page, 'in'), '库存未知');
  const answer = await ask(hub, secret, '/stock?sku=TEA-1', {headers: {origin: elsewhere.url}});
  assert.equal(answer.status, 403);
  assert.equal(answer.headers.get('access-control-allow-origin'), null);
  await page.context().close();
});

test('a server reads stock with one call, in TypeScript and in C++ too', async () => {
  const server = await office.make({name: 'Warehouse', kind: 'server', scopes: ['stock.read', 'product.read']});
  const answer = await ask(hub, server.secret, '/stock?sku=TEA-1&warehouse=HZ');
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).available, 10);
  assert.ok(Number(answer.headers.get('age')) >= 0);
  const same = await ask(hub, server.secret, '/stock?sku=TEA-1&warehouse=HZ', {headers: {'if-none-match': answer.headers.get('etag')}});
  assert.equal(same.status, 304);

  const partner = new QiaoPartner({hub: hub.url, key: server.secret});
  const list = await partner.stockBatch(['TEA-2', 'NOPE']);
  assert.equal(list.items[0].available, 3);
  assert.deepEqual(list.unknown, ['NOPE']);
  await assert.rejects(partner.stock('NOPE'), e => e instanceof QiaoError && e.status === 404);

  const program = path.join(path.dirname(binary), 'partner_stock_example');
  const cpp = spawnSync(program, ['TEA-1', 'NOPE'], {encoding: 'utf8', env: {...process.env, QIAO_HUB: hub.url, QIAO_KEY: server.secret}});
  assert.equal(cpp.stdout, 'TEA-1 50\nNOPE does not exist\n', cpp.stderr);
});

test('a partner key opens nothing else of the hub, and a login does not open the partner API', async () => {
  const server = await office.make({name: 'Curious', kind: 'server', scopes: ['stock.read', 'product.read']});
  const document = await (await fetch(`${hub.url}/api/openapi.json`)).json();
  let tried = 0;
  for (const [pattern, methods] of Object.entries(document.paths)) {
    if (pattern.startsWith('/api/partner/v1')) continue;
    for (const [method, operation] of Object.entries(methods)) {
      if (operation.security.length === 0) continue;
      for (const one of [server.secret, secret]) {
        const answer = await fetch(hub.url + pattern.replace(/\{\w+\}/g, '1'), {method: method.toUpperCase(),
          headers: {authorization: `Bearer ${one}`, 'content-type': 'application/json'}, ...(method === 'get' ? {} : {body: '{}'})});
        assert.ok([401, 403].includes(answer.status), `${method} ${pattern}: ${answer.status}`);
        ++tried;
      }
    }
  }
  assert.ok(tried > 80, `${tried} tried`);
  assert.equal((await ask(hub, office.token, '/stock?sku=TEA-1')).status, 401);
});

test('the quota of a key holds, and the report tells what it was used for', async () => {
  const small = await office.make({name: 'Small', kind: 'server', per_minute: 3});
  const statuses = [];
  for (let i = 0; i < 5; ++i) statuses.push((await ask(hub, small.secret, '/stock?sku=TEA-1')).status);
  // A minute may begin in between.
  assert.ok(statuses.filter(s => s === 200).length >= 3);
  const limited = statuses.filter(s => s === 429).length;
  const usage = await office.call('GET', `/${small.key.id}/usage`);
  assert.equal(usage.total, 5);
  assert.equal(usage.days.reduce((n, d) => n + d.limited, 0), limited);
  assert.match(await office.call('GET', `/${small.key.id}/usage.csv`), /^day,status,count\r\n\d{4}-\d\d-\d\d,200,/);
});

test('the operator makes, lists and revokes keys by command', async () => {
  const command = (...words) => hub.command('partner-key', ...words, '--data', hub.data);
  const made = command('create', 'By hand', '--skus', 'TEA-*');
  assert.equal(made.code, 0, made.stderr);
  const own = made.stdout.match(/^qk_\S{43}$/m)[0];
  assert.equal((await ask(hub, own, '/stock?sku=TEA-1')).status, 200);
  assert.equal((await ask(hub, own, '/stock?sku=CUP-1')).status, 403);
  assert.ok(command('list').stdout.includes(own.slice(0, 11)));
  assert.equal(command('create', 'Page', '--browser').code, 1);
  assert.equal(command('revoke', own.slice(0, 11)).code, 0);
  assert.equal((await ask(hub, own, '/stock?sku=TEA-1')).status, 401);
});

test('after the hub was away, pages come back by themselves', async () => {
  const page = await visitor();
  await page.goto(site.url + '/');
  await shows(page, 'in', 'in');
  await until(() => page.sockets.length === 1, 'the live connection');
  await hub.kill();
  exportStock([['TEA-1', 'SH', 'Shanghai', 0, 0]]);
  await hub.start();
  await shows(page, 'in', 'out');
  exportStock(levels());
  await shows(page, 'in', 'in');
  await page.context().close();
});

test('a revoked key is over at once: on REST, and on pages that are open', async () => {
  const page = await visitor();
  await page.goto(site.url + '/');
  await shows(page, 'in', 'in');
  await until(() => page.sockets.length === 1, 'the live connection');
  await office.login();
  await office.call('POST', `/${key.id}/revoke`, {});
  assert.equal((await ask(hub, secret, '/stock?sku=TEA-1', {headers: {origin: site.url}})).status, 401);
  await shows(page, 'in', 'unknown');
  assert.equal(await textOf(page, 'in'), '库存未知');
  assert.equal(await stock(page, 'in').getAttribute('error'), 'revoked');
  if (process.env.QIAO_PICTURES) await page.screenshot({path: path.join(process.env.QIAO_PICTURES, 's09-revoked.png')});
  await page.context().close();
});
