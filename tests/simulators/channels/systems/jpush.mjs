// JPush 极光: POST /v3/push with Basic authorisation.
//   {"gone": "REGISTRATION ID"}   no such target (1011)     {"fail": "busy"|"broken"|"expired", "times": 2}
import {count} from '../../lib/server.mjs';

const KEY = 'hubJpushAppKey0000000001', SECRET = 'hubJpushSecret0000000001';
const error = (status, code, message, headers) => ({status, headers, body: {error: {code, message}}});

export function make() {
  const gone = new Set(), answered = new Map();
  return {
    hint: `app_key=${KEY} master_secret=${SECRET}`,
    handle(call, state) {
      if (call.method !== 'POST' || call.path !== '/v3/push') return error(404, 1000, 'no such address');
      count(state, 'push');
      if (call.headers.authorization !== `Basic ${Buffer.from(`${KEY}:${SECRET}`).toString('base64')}`) return error(401, 1004, 'authen failed');
      const push = JSON.parse(call.body);
      const ids = push.audience?.registration_id;
      const known = ['android', 'ios'];
      if (!Array.isArray(push.platform) || push.platform.some(p => !known.includes(p))) return error(400, 1003, 'platform');
      if (!Array.isArray(ids) || ids.length === 0 || ids.length > 1000) return error(400, 1003, 'audience');
      if (!push.notification?.android?.alert || !push.notification?.ios?.alert) return error(400, 1003, 'notification');
      if (Buffer.byteLength(JSON.stringify(push.notification)) > 4000) return error(400, 1005, 'too long');
      const badge = push.notification.ios.badge;
      if (badge !== undefined && !Number.isInteger(badge) && !/^[+-]\d+$/.test(badge)) return error(400, 1003, 'badge');
      if (typeof push.options?.apns_production !== 'boolean' || !Number.isInteger(push.options.time_to_live)) return error(400, 1003, 'options');
      if (push.cid !== undefined && !/^[A-Za-z0-9-]{1,64}$/.test(push.cid)) return error(400, 1003, 'cid');
      if (push.cid && answered.has(push.cid)) return answered.get(push.cid);
      if (ids.some(id => gone.has(id))) return error(400, 1011, 'cannot find user by this audience');
      state.written.push(push);
      const answer = {body: {sendno: '0', msg_id: String(18100000000000000 + state.written.length)}};
      if (push.cid) answered.set(push.cid, answer);
      return answer;
    },
    failure: mode => mode === 'busy'
      ? error(429, 2002, 'API rate limit', {'x-rate-limit-limit': '600', 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': '1'})
      : mode === 'expired' ? error(401, 1004, 'authen failed') : error(500, 1000, 'server error'),
    control(wish) {
      if (wish.gone) gone.add(wish.gone);
    },
  };
}
