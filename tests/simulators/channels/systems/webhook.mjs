// Shopchat, a platform that does not exist: what docs/connectors/webhook.md connects with YAML alone. It posts signed batches of
// events to the hub, and takes messages at /v1/messages (signed as well, one answer for each Idempotency-Key).
//   {"post": {…} or "text", "to": "http://HUB/hooks/shopchat", "secret": "…", "late": 600, "unsigned": true}   one call to the hub
//   {"fail": "busy"|"broken"|"expired", "times": 2}
// GET /_sim: {"written": what the hub sent, "posted": [{status, answer}], "calls", …}
import {createHmac, timingSafeEqual} from 'node:crypto';
import {count} from '../../lib/server.mjs';

const KEY = 'shopchat-api-secret-1', WEBHOOK = 'shopchat-webhook-secret-1';
const PICTURE = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const error = (status, code, message, headers) => ({status, headers, body: {code, message}});
const sum = (secret, text) => createHmac('sha256', secret).update(text).digest();

function signed(call) {
  const time = call.headers['x-shop-time'];
  if (!/^\d+$/.test(time ?? '') || Math.abs(Date.now() / 1000 - Number(time)) > 300) return false;
  const given = Buffer.from(call.headers['x-shop-signature'] ?? '', 'hex');
  const expected = sum(KEY, `${time}.${call.body}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

export function make() {
  const posted = [], answered = new Map();
  return {
    hint: `api_secret=${KEY} webhook_secret=${WEBHOOK}`,
    secrets: {get posted() { return posted; }},
    handle(call, state) {
      if (call.method === 'GET' && call.path === '/files/goods.png') return {raw: PICTURE, headers: {'content-type': 'image/png'}};
      if (!signed(call)) return error(401, 4010, 'bad signature');
      count(state, call.path);
      if (call.method === 'GET' && call.path === '/v1/me') return {body: {code: 0, data: {name: 'Shopchat'}}};
      if (call.method !== 'POST' || !/^application\/json/.test(call.headers['content-type'] ?? '')) return error(404, 4040, 'no such address');
      const body = JSON.parse(call.body);
      if (call.path === '/v1/typing') {
        state.written.push({typing: body});
        return {body: {code: 0}};
      }
      if (call.path !== '/v1/messages') return error(404, 4040, 'no such address');
      const key = call.headers['idempotency-key'];
      if (!key) return error(400, 4000, 'no Idempotency-Key');
      if (answered.has(key)) return answered.get(key);
      if (body.to === 'gone') return error(422, 4003, 'no such customer');
      if (body.type === 'text' && [...(body.text ?? '')].length > 500) return error(422, 4001, 'text too long');
      if (body.type === 'text' && !body.text) return error(422, 4001, 'text missing');
      if (body.type === 'file' && !(body.file?.name && (body.file.url || body.file.data))) return error(422, 4001, 'file missing');
      state.written.push(body);
      const answer = {body: {code: 0, data: {id: `sm-${state.written.length}`}}};
      answered.set(key, answer);
      return answer;
    },
    failure: mode => mode === 'busy' ? error(429, 4290, 'slower', {'retry-after': '1'})
      : mode === 'expired' ? error(401, 4010, 'bad signature') : error(503, 5000, 'try again'),
    async control(wish) {
      if (!wish.to) return;
      const body = typeof wish.post === 'string' ? wish.post : JSON.stringify(wish.post);
      const time = String(Math.floor(Date.now() / 1000) - (wish.late ?? 0));
      const signature = `sha256=${sum(wish.secret ?? WEBHOOK, `${time}.${body}`).toString('hex')}`;
      const answer = await fetch(wish.to, {method: 'POST', body, headers: {'content-type': 'application/json',
        'x-shop-time': time, ...(wish.unsigned ? {} : {'x-shop-signature': signature})}});
      posted.push({status: answer.status, answer: await answer.text()});
      return posted.at(-1);
    },
  };
}
