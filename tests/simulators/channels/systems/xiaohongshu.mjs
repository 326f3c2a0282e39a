// Xiaohongshu (小红书): the shop's gateway (Ark v3) and its pushes; and an invented message interface, since the real one is by
// invitation and not public. It shows what an adapter has to do. Switches of its own, beside those of lib/server.mjs:
//   {"hub": "http://…/hooks/xiaohongshu"}                 where pushes go; the shop's to …/shop
//   {"say": {"user": "xhs-1", "text": "…", "note": "n1", "comment": "c1"}}   a customer writes, or comments a note
//   {"order": {"number": "P7001", "tag": "msg_after_sale_create", "status": 7}}   something happens to an order
//   {"probe": true}                                       the console tries the address
//   {"twice": true}                                       pushes come twice
//   {"away": "oauth.refreshToken"}                        the shop's next call of this method fails
//   {"grant": "…"}                                        the shop authorises the app anew: this refresh token is good
//   {"again": true}                                       pushes that nobody took come again
//   {"unsigned": true}                                    the next push has a wrong signature
//   {"expire": true}                                      the shop's access token is not valid any more
import crypto from 'node:crypto';
import {count} from '../../lib/server.mjs';

const APP = 'hubxhsapp00000000001', SECRET = 'hubXhsSecret0000000000000000001', CODE = 'code-1', REFRESH = 'refresh-of-an-earlier-day';
const TOKEN = 'invited-token-1', PUSH_SECRET = 'push-secret';
const md5 = text => crypto.createHash('md5').update(text).digest('hex');

export function make({hub = ''} = {}) {
  const orders = new Map([['P7001', {orderId: 'P7001', userId: 'xhs-1', orderStatus: 4}], ['P7002', {orderId: 'P7002', userId: 'xhs-2', orderStatus: 2}]]);
  const people = {'xhs-1': '小明', 'xhs-2': '阿珍'};
  const sent = new Map();
  const untaken = [];
  let access = '', refresh = REFRESH, target = hub, twice = false, unsigned = false, codeUsed = false, away = '', given, next = 1;
  const good = data => ({body: {success: true, error_code: 0, error_msg: '', data}});
  const bad = (error_code, error_msg) => ({body: {success: false, error_code, error_msg}});

  async function deliver(url, body, headers) {
    let answer;
    try {
      for (let i = 0; i < (twice ? 2 : 1); ++i) {
        answer = await fetch(url, {method: 'POST', body, headers: {'content-type': 'application/json', ...headers}});
      }
    } catch (error) {
      untaken.push([url, body, headers]);
      return {status: 0, text: String(error)};
    }
    unsigned = false;
    if (answer.status >= 500) untaken.push([url, body, headers]);
    return {status: answer.status, text: await answer.text()};
  }

  function shopPush(body) {
    const query = {app_key: APP, timestamp: String(Math.floor(Date.now() / 1000))};
    const sorted = Object.keys(query).sort().map(k => `${k}=${query[k]}`).join('&');
    const sign = unsigned ? '0' : md5(SECRET + sorted + SECRET);
    return deliver(`${target}/shop?${new URLSearchParams({...query, sign})}`, JSON.stringify(body), {});
  }

  function gateway(call, state) {
    let q;
    try {
      q = JSON.parse(call.body);
    } catch {
      return bad(1001, 'not JSON');
    }
    count(state, String(q.method));
    if (away === q.method) {
      away = '';
      return {status: 502, raw: '<html>Bad Gateway</html>', headers: {'content-type': 'text/html'}};
    }
    if (q.appId !== APP) return bad(1002, 'no such app');
    if (q.version !== '2.0' || !/^\d{10}$/.test(q.timestamp)) return bad(1003, 'version or timestamp');
    if (q.sign !== md5(`${q.method}?appId=${q.appId}&timestamp=${q.timestamp}&version=${q.version}${SECRET}`)) return bad(1004, 'sign check failed');
    const tokens = () => {
      access = `token-${crypto.randomBytes(12).toString('hex')}`;
      refresh = `refresh-${crypto.randomBytes(12).toString('hex')}`;
      ++state.logins;
      given = {accessToken: access, refreshToken: refresh, accessTokenExpiresAt: Date.now() + 7 * 864e5,
        refreshTokenExpiresAt: Date.now() + 14 * 864e5, sellerId: 's1', sellerName: '桥记'};
      return good(given);
    };
    if (q.method === 'oauth.getAccessToken') return q.code === CODE && !codeUsed ? tokens() : bad(2001, 'code is used or wrong');
    if (q.method === 'oauth.refreshToken') {
      if (!refresh || q.refreshToken !== refresh) return bad(2002, 'refresh grant has ended');
      return access ? good(given) : tokens();  // long before its end nothing changes
    }
    if (q.accessToken !== access || !access) return bad(2003, 'accessToken invalid');
    if (q.method === 'order.getOrderDetail') return orders.has(q.orderId) ? good(orders.get(q.orderId)) : bad(3001, 'no such order');
    return bad(1005, 'no such method');
  }

  function answer(call, state, comment) {
    if (call.headers['access-token'] !== TOKEN) return {status: 401, body: {code: 401}};
    const q = JSON.parse(call.body);
    if (!people[q.user_id] || q.message_type !== 'text' || !q.content?.text || [...q.content.text].length > 500) return {body: {code: 4001, msg: 'parameters'}};
    if (comment !== Boolean(q.comment_id)) return {body: {code: 4002, msg: 'comment_id'}};
    if (!/^[0-9A-Za-z-]{1,32}$/.test(q.request_id ?? '')) return {body: {code: 4003, msg: 'request_id'}};
    if (!sent.has(q.request_id)) {
      sent.set(q.request_id, `out-${next++}`);
      state.written.push(q);
    }
    return {body: {code: 0, success: true, data: {message_id: sent.get(q.request_id)}}};
  }

  return {
    hint: `app_id=${APP} app_secret=${SECRET} code=${CODE} refresh_token=${REFRESH} access_token=${TOKEN} push_secret=${PUSH_SECRET}`,
    failure(mode) {
      if (mode === 'busy') return {status: 429, body: {code: 429}, headers: {'retry-after': '1'}};
      if (mode === 'expired') return {status: 401, body: {code: 401}};
      return {status: 502, raw: '<html>Bad Gateway</html>', headers: {'content-type': 'text/html'}};
    },
    handle(call, state) {
      if (call.path === '/ark/open_api/v3/common_controller' && call.method === 'POST') return gateway(call, state);
      count(state, call.path);
      if (call.path === '/picture.png') return {raw: Buffer.from('iVBORw0KGgoAAAA=', 'base64'), headers: {'content-type': 'image/png'}};
      if (call.path === '/messages/send') return answer(call, state, false);
      if (call.path === '/comments/reply') return answer(call, state, true);
      if (call.path === '/me') return call.headers['access-token'] === TOKEN ? {body: {code: 0}} : {status: 401, body: {code: 401}};
      return {status: 404, body: {code: 404}};
    },
    async control(wish) {
      if (wish.hub) target = wish.hub;
      if ('twice' in wish) twice = wish.twice;
      if (wish.unsigned) unsigned = true;
      if (wish.expire || wish.revoke) access = '';
      if (wish.away) away = wish.away;
      if (wish.grant) refresh = wish.grant;
      if (wish.end_grant) {
        access = refresh = '';
        codeUsed = true;
      }
      if (wish.again) {
        const answers = [];
        for (const [url, body, headers] of untaken.splice(0)) answers.push((await deliver(url, body, headers)).status);
        return {answers};
      }
      if (wish.probe) return shopPush({test: true});
      if (wish.order) {
        const {number, tag, status} = wish.order;
        if (status !== undefined && orders.has(number)) orders.get(number).orderStatus = status;
        return shopPush([{msgTag: tag, sellerId: 's1', data: JSON.stringify({orderId: number, updateTime: Date.now()})}]);
      }
      if (wish.say) {
        const {user, text, note, comment, picture} = wish.say;
        const body = JSON.stringify({message_id: `in-${next++}`, user_id: user, nick_name: people[user], create_time: Date.now(),
          content: {text, ...(picture ? {image_url: picture} : {})}, ...(comment ? {comment_id: comment, note_id: note, note_title: '秋冬穿搭',
            note_url: `https://www.xiaohongshu.com/explore/${note}`} : {})});
        const signature = unsigned ? '0' : crypto.createHmac('sha256', PUSH_SECRET).update(body).digest('hex');
        return deliver(target, body, {'x-signature': signature});
      }
      return {};
    },
  };
}
