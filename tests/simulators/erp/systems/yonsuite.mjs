// 用友 YonSuite / YonBIP: data centre, signed token, business calls under the gateway.
import crypto from 'node:crypto';
import {byWarehouse, digits} from '../lib/data.mjs';
import {count} from '../../lib/server.mjs';

const TENANT = 'qiao01', KEY = 'yon-app-key', SECRET = 'yon-app-secret';
const page = (list, body) => {
  const size = Math.min(body.pageSize ?? 10, 500), index = body.pageIndex ?? 1;
  return {code: '200', message: '操作成功', data: {pageIndex: index, pageSize: size, recordCount: list.length,
    pageCount: Math.ceil(list.length / size), recordList: list.slice((index - 1) * size, index * size)}};
};

export function make(data) {
  const rowsOf = sku => (sku === 'A-300' ? data.stock.filter(r => r.sku === sku)
    : byWarehouse(data, sku).map(s => ({sku, product: data.products.find(p => p.sku === sku)?.id, warehouse: s.warehouse, lot: '', quantity: s.quantity, reserved: s.reserved})))
    .filter(r => r.product)
    .map(r => ({product_code: r.sku, product_name: data.products[r.product - 1].name, productsku_code: r.sku, warehouse_code: r.warehouse.code,
      warehouse_name: r.warehouse.name, org_name: '总部', currentqty: r.quantity, availableqty: r.quantity - r.reserved, batchno: r.lot,
      stockStatusDoc_statusName: '合格', product_unitName: '件'}));
  return {
    hint: `tenant ${TENANT} app_key ${KEY} app_secret ${SECRET}`,
    handle(call, state) {
      if (call.path === '/open-auth/dataCenter/getGatewayAddress') {
        count(state, 'gateway');
        return {body: call.query.get('tenantId') === TENANT
          ? {code: '00000', message: '成功', data: {gatewayUrl: `${call.origin}/iuap-api-gateway`, tokenUrl: `${call.origin}/iuap-api-auth`}}
          : {code: '50000', message: '租户不存在', data: null}};
      }
      if (call.path === '/iuap-api-auth/open-auth/selfAppAuth/getAccessToken') {
        const time = call.query.get('timestamp'), key = call.query.get('appKey');
        const wanted = crypto.createHmac('sha256', SECRET).update(`appKey${key}timestamp${time}`).digest('base64');
        // Encoded once: what arrives decodes to the base64 itself. A "+" that was left as it is arrives as a space.
        if (call.query.get('signature') !== wanted || key !== KEY) return {body: {code: '50010', message: '签名验证失败', data: null}};
        if (Math.abs(Date.now() - Number(time)) > 300e3) return {body: {code: '50011', message: '时间戳过期', data: null}};
        state.logins += 1;
        const token = crypto.randomBytes(8).toString('hex');
        state.sessions.set(token, Date.now());
        return {body: {code: '00000', message: '成功', data: {access_token: token, expire: 7200}}};
      }
      if (!call.path.startsWith('/iuap-api-gateway/yonbip/')) return {status: 404, body: {code: '404', message: 'not found'}};
      if (!state.sessions.has(call.query.get('access_token'))) return {body: {code: '310036', message: 'access_token 失效'}};
      const body = JSON.parse(call.body || '{}');
      const name = call.path.slice('/iuap-api-gateway'.length);
      count(state, name);
      if (name === '/yonbip/scm/stock/QueryCurrentStocksByCondition') return {body: {code: '200', message: '操作成功', data: rowsOf(body.product_code)}};
      if (name === '/yonbip/digitalModel/product/list') {
        const wanted = body.code ?? body.name ?? '';
        const key = 'code' in body ? 'sku' : 'name';
        return {body: page(data.products.filter(p => p[key].toLowerCase().includes(wanted.toLowerCase()))
          .map(p => ({code: p.sku, name: p.name, unitName: p.unit, barCode: p.barcode})), body)};
      }
      if (name === '/yonbip/digitalModel/merchant/list') {
        const list = data.customers.filter(c => !('phone' in body) || digits(c.phone).includes(digits(body.phone)))
          .filter(c => !body.code || c.code === body.code);
        return {body: page(list.map(c => ({id: String(c.id), code: c.code, name: c.name, contactTel: c.spelled, email: c.email, customerLevel_Name: c.tier, professSalesman_Name: c.owner})), body)};
      }
      if (name === '/yonbip/sd/voucherorder/list') {
        const list = data.orders.filter(o => (!body.code || o.number === body.code) && (!body.agentCode || data.customers[o.customer - 1].code === body.agentCode))
          .sort((a, b) => b.date - a.date);
        return {body: page(list.map(o => ({code: o.number, vouchdate: o.date.toISOString().slice(0, 19).replace('T', ' '), statusName: o.status === 'done' ? '已完成' : '待发货',
          payMoney: Number(o.amount), currency: o.currency, agentCode: data.customers[o.customer - 1].code,
          orderDetails: o.lines.map(l => ({productCode: l.sku, productName: l.name, qty: l.quantity, oriTaxUnitPrice: Number(l.price)}))})), body)};
      }
      return {body: {code: '310037', message: `API 未授权: ${name}`}};
    },
    failure(mode) {
      if (mode === 'busy') return {body: {code: '310046', message: '访问频率超限'}};
      if (mode === 'expired') return {body: {code: '310036', message: 'access_token 失效'}};
      if (mode === 'refused') return {body: {code: '310037', message: 'API 未授权'}};
      return {status: 500, body: {code: '999', message: '服务异常'}};
    },
  };
}
