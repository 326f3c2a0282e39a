// Getui 个推, REST v2.
//   {"gone": "CID"}   no such client     {"fail": "busy"|"broken"|"expired", "times": 2}     {"revoke": true}: tokens are gone
import {createHash, randomBytes} from 'node:crypto';
import {count} from '../../lib/server.mjs';

const APP = 'getuiAppId0000000001', KEY = 'getuiAppKeyAAA', SECRET = 'getuiMasterBBB';
const error = (status, code, msg) => ({status, body: {code, msg}});

export function make() {
  const gone = new Set(), answered = new Map();
  return {
    hint: `app_id=${APP} app_key=${KEY} master_secret=${SECRET}`,
    handle(call, state) {
      const base = `/v2/${APP}`;
      if (call.method !== 'POST' || !call.path.startsWith(`${base}/`)) return error(404, 301, 'no such address');
      if (!/^application\/json/.test(call.headers['content-type'] ?? '')) return error(400, 20001, 'content-type');
      const body = JSON.parse(call.body);
      if (call.path === `${base}/auth`) {
        count(state, 'auth');
        const sign = createHash('sha256').update(KEY + body.timestamp + SECRET).digest('hex');
        if (body.appkey !== KEY || body.sign !== sign) return error(400, 20001, 'sign is wrong');
        if (!/^\d{13}$/.test(body.timestamp) || Math.abs(Date.now() - Number(body.timestamp)) > 600000) return error(400, 20001, 'timestamp');
        const token = randomBytes(20).toString('hex');
        state.sessions.set(token, true);
        state.logins += 1;
        return {body: {code: 0, msg: 'success', data: {expire_time: String(Date.now() + 86400000), token}}};
      }
      if (call.path !== `${base}/push/single/cid`) return error(404, 301, 'no such address');
      count(state, 'push');
      if (!state.sessions.has(call.headers.token)) return error(401, 10001, 'token error');
      if (typeof body.request_id !== 'string' || body.request_id.length < 10 || body.request_id.length > 32) return error(400, 20001, 'request_id');
      if (answered.has(body.request_id)) return answered.get(body.request_id);
      const cids = body.audience?.cid;
      if (!Array.isArray(cids) || cids.length !== 1) return error(400, 20001, 'audience');
      const notice = body.push_message?.notification;
      if (!notice?.title || !notice.body || !['intent', 'url', 'payload', 'startapp', 'none'].includes(notice.click_type)) return error(400, 20001, 'notification');
      if (notice.click_type === 'intent' && !/^intent:#Intent;.*;end$/.test(notice.intent ?? '')) return error(400, 20001, 'intent');
      if (notice.click_type === 'payload' && typeof notice.payload !== 'string') return error(400, 20001, 'payload');
      if (notice.title.length > 50 || notice.body.length > 256) return error(400, 20001, 'too long');
      if (!Number.isInteger(body.settings?.ttl)) return error(400, 20001, 'ttl');
      if (gone.has(cids[0])) return error(400, 20001, 'target user is invalid');
      state.written.push(body);
      const answer = {body: {code: 0, msg: 'success', data: {[`RASS_${state.written.length}`]: {[cids[0]]: 'successed_offline'}}}};
      answered.set(body.request_id, answer);
      return answer;
    },
    failure: mode => mode === 'expired' ? error(401, 10001, 'token error') : mode === 'busy' ? error(429, 10007, 'too many requests') : error(500, 1, 'server error'),
    control(wish) {
      if (wish.gone) gone.add(wish.gone);
    },
  };
}
