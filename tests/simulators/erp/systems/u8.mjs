// 用友 U8 openapi: the cloud relays to a connector inside the company's network.
import crypto from 'node:crypto';
import {byWarehouse, day, digits} from '../lib/data.mjs';
import {count} from '../../lib/server.mjs';

const FROM = 'qiao', TO = 'shop', KEY = 'u8-app-key', SECRET = 'u8-app-secret';

export function make(data) {
  const bad = (errcode, errmsg) => ({body: {errcode, errmsg}});
  const paged = (name, list, query) => {
    const rows = Number(query.get('rows_per_page') ?? 20), index = Number(query.get('page_index') ?? 1);
    return {body: {errcode: '0', errmsg: '', row_count: String(list.length), page_count: String(Math.ceil(list.length / rows)), page_index: String(index),
      rows_per_page: String(rows), [name]: list.slice((index - 1) * rows, index * rows)}};
  };
  const order = o => ({code: o.number, date: day(o.date), state: o.status === 'done' ? '关闭' : '审核', money: Number(o.amount), cuscode: data.customers[o.customer - 1].code,
    cusname: data.customers[o.customer - 1].name, exch_name: '人民币',
    entry: o.lines.map(l => ({inventorycode: l.sku, inventoryname: l.name, quantity: l.quantity, taxprice: Number(l.price)}))});
  return {
    hint: `from_account ${FROM} to_account ${TO} app_key ${KEY} app_secret ${SECRET}`,
    handle(call, state) {
      const q = call.query;
      if (call.path === '/system/token') {
        // The documentation shows errcode as text, some answers carry a number.
        if (q.get('from_account') !== FROM || q.get('app_key') !== KEY || q.get('app_secret') !== SECRET) return bad(10003, 'app_secret 不正确');
        state.logins += 1;
        const token = crypto.randomBytes(8).toString('hex');
        state.sessions.set(token, Date.now());
        return {body: {errcode: '0', errmsg: '', token: {appkey: KEY, expiresin: 7200, id: token}}};
      }
      if (!state.sessions.has(q.get('token'))) return bad('30017', 'token 已过期');
      if (q.get('to_account') !== TO || q.get('from_account') !== FROM) return bad('30001', '帐号无效');
      count(state, call.path);
      if (call.path === '/api/currentstock/batch_get') {
        const sku = q.get('invcode_begin');
        const list = sku === 'A-300' ? data.stock.filter(r => r.sku === sku)
          : data.products.some(p => p.sku === sku) ? byWarehouse(data, sku).map(s => ({...s, product: data.products.find(p => p.sku === sku).id, lot: ''})) : [];
        return paged('currentstock', list.map(r => ({whcode: r.warehouse.code, whname: r.warehouse.name, invcode: sku, invname: data.products[r.product - 1].name,
          unitname: '件', batch: r.lot, qty: r.quantity, availqty: r.quantity - r.reserved})), q);
      }
      if (call.path === '/api/inventory/batch_get') {
        const code = q.get('code_begin'), name = q.get('name');
        return paged('inventory', data.products.filter(p => (code ? p.sku === code : p.name.includes(name ?? ''))).map(p => ({code: p.sku, name: p.name, ccomunitname: p.unit, bar_code: p.barcode})), q);
      }
      if (call.path === '/api/customer/batch_get') {
        const code = q.get('code_begin'), phone = digits(q.get('phone'));
        return paged('customer', data.customers.filter(c => (code ? c.code === code : phone === '' || c.phone.includes(phone)))
          .map(c => ({code: c.code, name: c.name, phone: c.spelled, email: c.email, sort_name: c.tier, spec_operator_name: c.owner})), q);
      }
      if (call.path === '/api/saleorder/get') {
        const found = data.orders.find(o => o.number === q.get('id'));
        return found ? {body: {errcode: '0', errmsg: '', saleorder: order(found)}} : bad('20002', '单据不存在');
      }
      if (call.path === '/api/saleorderlist/batch_get') {
        return paged('saleorderlist', data.orders.filter(o => data.customers[o.customer - 1].code === q.get('cuscode_begin')).sort((a, b) => b.date - a.date)
          .map(o => ({code: o.number, date: day(o.date)})), q);
      }
      return bad('40001', 'API 不存在');
    },
    failure(mode) {
      if (mode === 'busy') return bad('30029', '调用次数超过限制');
      if (mode === 'expired') return bad('30017', 'token 已过期');
      if (mode === 'offline') return bad('50001', 'U8 OpenAPI 连接器不在线');
      return {status: 500, raw: 'Internal Server Error', headers: {'content-type': 'text/plain'}};
    },
  };
}
