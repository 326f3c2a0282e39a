// 金蝶云星空 (K3Cloud WebAPI): the session way. Errors come as HTTP 200; a lost session is MsgCode 1.
import crypto from 'node:crypto';
import {day, like} from '../lib/data.mjs';
import {count} from '../../lib/server.mjs';

const ACCT = '5f0000', USER = 'qiao', APP = 'kd-app', SECRET = 'kd-secret', PASSWORD = 'kd-pass';
const LOCK_AFTER = 5;

const fault = (message, {code = 500, msg = 0} = {}) => ({body: [[{Result: {ResponseStatus: {ErrorCode: code, IsSuccess: false,
  Errors: [{FieldName: null, Message: message, DIndex: 0}], SuccessEntitys: [], SuccessMessages: [], MsgCode: msg}}}]]});

export function make(data) {
  let wrong = 0;
  const form = {
    STK_Inventory: data.stock.map(r => ({'FMaterialId.FNumber': r.sku, 'FMaterialId.FName': data.products[r.product - 1].name,
      'FStockId.FNumber': r.warehouse.code, 'FStockId.FName': r.warehouse.name, 'FBaseUnitId.FName': '件', 'FLot.FNumber': r.lot, FBaseQty: r.quantity, FBaseLockQty: r.reserved})),
    BD_MATERIAL: data.products.map(p => ({FNumber: p.sku, FName: p.name, FBARCODE: p.barcode, 'FBaseUnitId.FName': p.unit})),
    BD_Customer: data.customers.map(c => ({FCUSTID: c.id, FNumber: c.code, FName: c.name, FTEL: c.id % 2 ? c.spelled : '', FEmail: c.email,
      'FSELLER.FName': c.owner, 'FGroup.FName': c.tier})),
    BD_CommonContact: data.customers.filter(c => c.id % 2 === 0).map(c => ({FMobile: c.spelled, 'FCustId.FNumber': c.code, FName: c.name})),
    SAL_SaleOrder: data.orders.flatMap(o => o.lines.map(l => ({FBillNo: o.number, FDate: `${day(o.date)}T00:00:00`, FDocumentStatus: o.status === 'done' ? 'C' : 'B',
      'FCustId.FNumber': data.customers[o.customer - 1].code, 'FMaterialId.FNumber': l.sku, 'FMaterialId.FName': l.name, FQty: l.quantity,
      FStockOutQty: o.status === 'done' ? l.quantity : 0, FTaxPrice: Number(l.price), FBillAllAmount: Number(o.amount), 'FSettleCurrId.FCODE': o.currency}))),
  };

  /** "A='x' and B like '%y' or …", single quotes doubled: what does not read like that is refused. */
  function filter(text, rows) {
    if (text.trim() === '') return rows;
    const pattern = /\s*(?:(\(|\))|(and|or)\b|([\w.]+)\s*(=|>|<|like|in)\s*(\((?:'(?:[^']|'')*'|,|\s)*\)|'(?:[^']|'')*'|-?[\d.]+))/giy;
    let source = '';
    const tests = [];
    for (let at = 0; text.slice(at).trim() !== '';) {
      pattern.lastIndex = at;
      const found = pattern.exec(text);
      if (!found) throw new Error(`过滤条件错误: ${text.slice(at)}`);
      at = pattern.lastIndex;
      if (found[1]) source += found[1];
      else if (found[2]) source += found[2].toLowerCase() === 'and' ? '&&' : '||';
      else {
        const [, , , field, op, raw] = found;
        const one = r => r.slice(1, -1).replaceAll("''", "'");
        const list = raw.startsWith('(') ? raw.match(/'(?:[^']|'')*'/g).map(one) : [raw.startsWith("'") ? one(raw) : Number(raw)];
        tests.push(row => {
          if (!(field in row)) throw new Error(`字段不存在: ${field}`);
          const value = row[field];
          if (op === '=' || op === 'in') return list.some(w => String(value) === String(w));
          if (op === '>') return value > list[0];
          if (op === '<') return value < list[0];
          return like(value, list[0]);
        });
        source += `t[${tests.length - 1}](r)`;
      }
    }
    const all = new Function('t', 'r', `return ${source}`);
    return rows.filter(r => all(tests, r));
  }

  function login(parameters, good, state) {
    state.logins += 1;
    const answer = (type, message, session = null) => ({body: {Message: message, MessageCode: 'CheckPasswordPolicy', LoginResultType: type,
      Context: type === 1 ? {UserLocale: 'zh-CN', DBid: ACCT} : null, KDSVCSessionId: session, IsSuccessByAPI: type === 1}});
    if (wrong >= LOCK_AFTER) return answer(-5, '账号已被锁定');
    if (!good) {
      wrong += 1;
      return answer(0, '用户名或密码错误');
    }
    wrong = 0;
    const session = crypto.randomUUID();
    state.sessions.set(session, Date.now());
    return answer(1, null, session);
  }

  return {
    hint: `acct_id ${ACCT} username ${USER} app_id ${APP} app_secret ${SECRET} (or password ${PASSWORD})`,
    handle(call, state) {
      const name = /^\/K3Cloud\/Kingdee\.BOS\.WebApi\.ServicesStub\.(\w+)\.(\w+)\.common\.kdsvc$/.exec(call.path);
      if (!name || call.method !== 'POST') return {status: 404, raw: '<html>404</html>', headers: {'content-type': 'text/html'}};
      const body = JSON.parse(call.body);
      if (name[1] === 'AuthService') {
        const p = body.parameters;
        if (name[2] === 'LoginByAppSecret') return login(p, p[0] === ACCT && p[1] === USER && p[2] === APP && p[3] === SECRET, state);
        return login(p, p[0] === ACCT && p[1] === USER && p[2] === PASSWORD, state);
      }
      if (!state.sessions.has(call.headers['kdservice-sessionid'])) return fault('会话信息已丢失，请重新登录', {msg: 1});
      if (name[2] !== 'ExecuteBillQuery') return fault(`不支持的服务: ${name[2]}`);
      const d = body.data;
      count(state, d.FormId);
      if (!form[d.FormId]) return fault(`业务对象不存在: ${d.FormId}`);
      const keys = d.FieldKeys.split(',');
      try {
        let rows = filter(d.FilterString ?? '', form[d.FormId]);
        const missing = keys.find(k => !(k in form[d.FormId][0]));
        if (missing) return fault(`字段不存在: ${missing}`);
        if (d.OrderString) {
          const [field, direction] = d.OrderString.split(' ');
          rows = [...rows].sort((a, b) => (a[field] < b[field] ? -1 : a[field] > b[field] ? 1 : 0) * (/desc/i.test(direction) ? -1 : 1));
        }
        const limit = Math.min(d.Limit || 2000, 2000);
        return {body: rows.slice(d.StartRow ?? 0, (d.StartRow ?? 0) + limit).map(r => keys.map(k => r[k]))};
      } catch (error) {
        return fault(error.message);
      }
    },
    failure(mode) {
      if (mode === 'busy') return {status: 429, raw: 'Too Many Requests', headers: {'content-type': 'text/plain'}};
      if (mode === 'expired') return fault('会话信息已丢失，请重新登录', {msg: 1});
      if (mode === 'refused') return fault('没有查询权限', {msg: 4});
      return {status: 500, raw: '<html>Server Error in \'/K3Cloud\' Application.</html>', headers: {'content-type': 'text/html'}};
    },
  };
}
