// A real Tryton server (Debian's) with a small shop in it, for tests:
//   import {Tryton} from '../support/tryton/tryton.mjs'
//   node tests/support/tryton/tryton.mjs --cache build/dev/tryton      prints "tryton URL …"; takes the
//   lines forget, hang and wake, answers each with "done", and ends with its standard input
// The database is made once (about half a minute) and kept in the cache folder; every server works on a copy of its own.
import {spawn, spawnSync} from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const PASSWORD = 'tryton-test-1';

function configFile(folder, port) {
  const file = path.join(folder, 'trytond.conf');
  fs.writeFileSync(file, `[database]\nuri = sqlite://\npath = ${folder}\n[web]\nlisten = 127.0.0.1:${port}\n[session]\nauthentications = password\n`);
  return file;
}

/** The file of the prepared database, made when it is not there yet. Several tests may come at the same time. */
export async function prepare(cache) {
  fs.mkdirSync(cache, {recursive: true});
  const recipe = crypto.createHash('sha256').update(fs.readFileSync(fileURLToPath(import.meta.url))).digest('hex').slice(0, 12);
  const done = path.join(cache, `shop-${recipe}.sqlite`);
  if (fs.existsSync(done)) return done;
  // One makes it, the others wait; a lock that is older than any making was left behind.
  const lock = `${done}.lock`;
  for (;;) {
    try {
      fs.mkdirSync(lock);
      break;
    } catch {
      const age = Date.now() - (fs.statSync(lock, {throwIfNoEntry: false})?.mtimeMs ?? Date.now());
      if (age > 240e3) fs.rmSync(lock, {recursive: true, force: true});
      await new Promise(resolve => setTimeout(resolve, 250));
    }
    if (fs.existsSync(done)) return done;
  }
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'qiao-tryton-make-'));
  try {
    const config = configFile(work, 0);
    fs.writeFileSync(path.join(work, 'erp.sqlite'), '');
    const passwordFile = path.join(work, 'password');
    fs.writeFileSync(passwordFile, PASSWORD);
    const admin = (...args) => {
      const run = spawnSync('trytond-admin', ['-c', config, '-d', 'erp', ...args], {encoding: 'utf8', env: {...process.env, TRYTONPASSFILE: passwordFile}});
      if (run.status !== 0) throw new Error(`trytond-admin ${args.join(' ')}: ${run.stderr ?? run.error}`);
    };
    admin('--email', 'admin@example.org', '--all');
    admin('-u', 'stock', 'product', 'party', 'company', 'sale', '--activate-dependencies');
    const server = await Tryton.startIn(work);
    try {
      await fill(server);
    } finally {
      await server.stop({keep: true});
    }
    const own = `${done}.${process.pid}`;
    fs.copyFileSync(path.join(work, 'erp.sqlite'), own);
    fs.renameSync(own, done);
  } finally {
    fs.rmSync(work, {recursive: true, force: true});
    fs.rmSync(lock, {recursive: true, force: true});
  }
  return done;
}

const freePort = () => new Promise((resolve, reject) => {
  const probe = net.createServer().once('error', reject).listen(0, '127.0.0.1', () => {
    const {port} = probe.address();
    probe.close(() => resolve(port));
  });
});

export class Tryton {
  static async start({cache}) {
    const made = await prepare(cache);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'qiao-tryton-'));
    fs.copyFileSync(made, path.join(folder, 'erp.sqlite'));
    return Tryton.startIn(folder);
  }

  static async startIn(folder) {
    const server = new Tryton();
    server.folder = folder;
    server.port = await freePort();
    server.url = `http://127.0.0.1:${server.port}`;
    server.process = spawn('trytond', ['-c', configFile(folder, server.port), '-d', 'erp'], {stdio: ['ignore', 'ignore', 'pipe']});
    server.output = '';
    server.process.stderr.on('data', chunk => { server.output = (server.output + chunk).slice(-20000); });
    server.exited = new Promise(resolve => server.process.once('exit', resolve));
    for (let attempt = 0; ; ++attempt) {
      try {
        await server.login();
        return server;
      } catch (error) {
        if (attempt > 400) server.process.kill('SIGKILL');
        if (attempt > 400 || server.process.exitCode !== null) throw new Error(`trytond did not start: ${error.message}\n${server.output}`);
        await new Promise(resolve => setTimeout(resolve, 50));
      }
    }
  }

  async login() {
    delete this.authorization;
    const [user, key] = await this.rpc('common.db.login', 'admin', {password: PASSWORD});
    this.user = user;
    this.authorization = `Session ${Buffer.from(`admin:${user}:${key}`).toString('base64')}`;
  }

  async rpc(method, ...params) {
    const answer = await fetch(`${this.url}/erp/`, {method: 'POST', body: JSON.stringify({id: 1, method, params}),
      headers: {'content-type': 'application/json', ...(this.authorization ? {authorization: this.authorization} : {})}});
    if (!answer.ok) throw new Error(`${method}: ${answer.status} ${await answer.text()}`);
    const body = await answer.json();
    if (body.error) throw new Error(`${method}: ${JSON.stringify(body.error)}`);
    return body.result ?? body;
  }

  /** All sessions are gone, as after a night. */
  forgetSessions() {
    const run = spawnSync('python3', ['-c', "import sqlite3,sys; c=sqlite3.connect(sys.argv[1], timeout=10); c.execute('DELETE FROM ir_session'); c.commit()",
      path.join(this.folder, 'erp.sqlite')], {encoding: 'utf8'});
    if (run.status !== 0) throw new Error(run.stderr);
  }

  /** The server stops answering, as a hung one does; `wake` lets it go on. */
  hang() { this.process.kill('SIGSTOP'); }
  wake() { this.process.kill('SIGCONT'); }

  async stop({keep = false} = {}) {
    this.process.kill('SIGCONT');
    this.process.kill('SIGTERM');
    await this.exited;
    if (!keep) fs.rmSync(this.folder, {recursive: true, force: true});
  }
}

const decimal = text => ({__class__: 'Decimal', decimal: text});
const today = () => {
  const now = new Date();
  return {__class__: 'date', year: now.getFullYear(), month: now.getMonth() + 1, day: now.getDate()};
};

/** Does what Tryton warns about: answers each warning with yes, as a person at its client would. */
async function insist(server, method, ...params) {
  for (;;) {
    try {
      return await server.rpc(method, ...params);
    } catch (error) {
      const warning = /\["UserWarning",\["([^"]+)"/.exec(error.message);
      if (!warning) throw error;
      await server.rpc('model.res.user.warning.create', [{name: warning[1], user: server.user, always: false}], {});
    }
  }
}

/** A company with two warehouses, four products with stock, five customers and two sales. */
async function fill(server) {
  const make = async (model, values, context = {}) => (await server.rpc(`model.${model}.create`, [values], context))[0];
  const currency = await make('currency.currency', {name: '人民币', code: 'CNY', symbol: '¥', rates: [['create', [{date: {__class__: 'date', year: 2020, month: 1, day: 1}, rate: decimal('1')}]]]});
  const companyParty = await make('party.party', {name: '沪光贸易', addresses: [['create', [{name: ''}]]]});
  const company = await make('company.company', {party: companyParty, currency});
  await server.rpc('model.res.user.write', [1], {companies: [['add', [company]]], company}, {});
  await server.login();
  const context = {company};

  const [{id: shanghai}] = await server.rpc('model.stock.location.search_read', [['type', '=', 'warehouse']], 0, 1, null, ['id'], context);
  await server.rpc('model.stock.location.write', [shanghai], {name: '上海仓', code: 'SH'}, context);
  const [{id: shelf}] = await server.rpc('model.stock.location.search_read', [['code', '=', 'STO']], 0, 1, null, ['id'], context);
  const zone = (name, code) => make('stock.location', {name, code, type: 'storage'}, context);
  const [input, output, storage] = [await zone('广州入', 'GZI'), await zone('广州出', 'GZO'), await zone('广州存', 'GZS')];
  await make('stock.location', {name: '广州仓', code: 'GZ', type: 'warehouse', input_location: input, output_location: output, storage_location: storage}, context);
  const [{id: supplier}] = await server.rpc('model.stock.location.search_read', [['code', '=', 'SUP']], 0, 1, null, ['id'], context);
  const [{id: customerPlace}] = await server.rpc('model.stock.location.search_read', [['code', '=', 'CUS']], 0, 1, null, ['id'], context);

  const [{id: unit}] = await server.rpc('model.product.uom.search_read', [['symbol', '=', 'u']], 0, 1, null, ['id'], context);
  const products = {};
  for (const [code, name, price] of [['A-7', '羽绒服', '399.00'], ['A-8', '口红 豆沙色', '129.00'], ['A-9', '粉底液 象牙白', '219.50'], ['A-13', '保温杯', '59.00']]) {
    const template = await make('product.template', {name, code, default_uom: unit, type: 'goods', list_price: decimal(price), salable: true, sale_uom: unit,
      products: [['create', [{}]]]}, context);
    [{id: products[code]}] = await server.rpc('model.product.product.search_read', [['template', '=', template]], 0, 1, null, ['id'], context);
  }
  const move = (code, quantity, from, to) => make('stock.move', {product: products[code], uom: unit, quantity, from_location: from, to_location: to,
    company, currency, unit_price: decimal('10'), planned_date: today(), effective_date: today()}, context);
  const moves = [await move('A-7', 12, supplier, shelf), await move('A-7', 5, supplier, storage), await move('A-8', 40, supplier, shelf), await move('A-13', 3, shelf, customerPlace)];
  await insist(server, 'model.stock.move.do', moves, context);
  // Two of the twelve are promised already.
  const promised = await move('A-7', 2, shelf, customerPlace);
  await insist(server, 'model.stock.move.assign', [promised], context);

  const party = (name, phones, email) => make('party.party', {name, addresses: [['create', [{name: ''}]]],
    contact_mechanisms: [['create', [...phones.map(([type, value]) => ({type, value})), {type: 'email', value: email}]]]}, context);
  const lin = await party('林晓', [['mobile', '+86 138-0013-8000']], 'lin@example.com');
  await party('陈雨桐', [['phone', '+86 137 0013 7000']], 'chen@example.com');
  await party('王建国', [['mobile', '+8613600136000']], 'wang@example.com');
  await party('李丽华', [['mobile', '+86 139 0013 9000']], 'li@example.com');
  await party('李志强', [['phone', '+8613900139000']], 'lizq@example.com');
  const category = await make('party.category', {name: 'VIP'}, context);
  await server.rpc('model.party.party.write', [lin], {categories: [['add', [category]]]}, context);

  const address = async id => (await server.rpc('model.party.address.search_read', [['party', '=', id]], 0, 1, null, ['id'], context))[0].id;
  const sale = async (id, lines) => {
    const place = await address(id);
    const made = await make('sale.sale', {party: id, company, currency, invoice_address: place, shipment_address: place, warehouse: shanghai,
      lines: [['create', lines.map(([code, quantity, price]) => ({type: 'line', product: products[code], quantity, unit, unit_price: decimal(price)}))]]}, context);
    await insist(server, 'model.sale.sale.quote', [made], context);
    await insist(server, 'model.sale.sale.confirm', [made], context);
    return made;
  };
  await sale(lin, [['A-8', 1, '129.00']]);
  await sale(lin, [['A-7', 2, '399.00'], ['A-9', 1, '219.50']]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--cache');
  const server = await Tryton.start({cache: at > 0 ? process.argv[at + 1] : path.join(os.tmpdir(), 'qiao-tryton-cache')});
  console.log(`tryton ${server.url} database erp user admin password ${PASSWORD} pid ${server.process.pid} folder ${server.folder}`);
  const end = async () => {
    await server.stop();
    process.exit(0);
  };
  process.stdin.setEncoding('utf8').on('data', line => {
    if (line.includes('forget')) server.forgetSessions();
    if (line.includes('hang')) server.hang();
    if (line.includes('wake')) server.wake();
    console.log('done');
  }).on('end', end);
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}
