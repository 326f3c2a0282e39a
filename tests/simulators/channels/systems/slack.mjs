// Slack for one app in one workspace: signed events and interactions, Web API with errors in status 200, files.
//   {"say": {"channel": "C1", "user": "U1", "text": "hi", "thread_ts": "…"}}  somebody writes; further fields of the event go beside
//   {"press": {"channel", "ts", "thread_ts", "value"}}    somebody presses a button
//   {"old": 400}           calls carry a time so many seconds ago
//   {"leave": "C1"}        the app is not in that channel any more
import {createHmac} from 'node:crypto';
import {count} from '../../lib/server.mjs';
import {Hook, pixel} from '../lib/hook.mjs';

const TOKEN = 'xoxb-sim-1', SECRET = 'slackSigningSecretMadeUp00000001';

export function make({hub}) {
  let token = TOKEN, old = 0, number = 0;
  const channels = new Set(), uploads = new Map();
  const hook = new Hook(hub, (raw, {attempt}) => {
    const stamp = String(Math.floor(Date.now() / 1000) - old);
    return {'x-slack-request-timestamp': stamp, 'x-slack-signature': `v0=${createHmac('sha256', SECRET).update(`v0:${stamp}:${raw}`).digest('hex')}`,
      ...(attempt > 0 ? {'x-slack-retry-num': String(attempt), 'x-slack-retry-reason': 'http_error'} : {})};
  });
  const refuse = error => ({body: {ok: false, error}});
  const ts = () => `${Math.floor(Date.now() / 1000)}.${String(++number).padStart(6, '0')}`;

  const methods = {
    'auth.test': () => ({body: {ok: true, team: 'Sim', user: 'qiao', bot_id: 'B1'}}),
    'users.info': (_, call) => ({body: {ok: true, user: {id: call.query.get('user'), real_name: 'Ana Real', profile: {display_name: 'Ana'}}}}),
    'chat.postMessage'(body, call, state) {
      if (!channels.has(body.channel)) return refuse('not_in_channel');
      if (!body.text && !body.blocks) return refuse('no_text');
      if (body.text.length > 40000) return refuse('msg_too_long');
      if (/<[!@#]/.test(body.text)) return refuse('simulated: mark-up that nobody meant');
      if (body.thread_ts !== undefined && typeof body.thread_ts !== 'string') return refuse('invalid_arguments');
      for (const block of body.blocks ?? []) {
        if (block.type === 'section' && block.text.text.length > 3000) return refuse('invalid_blocks');
        if (block.type === 'actions') {
          const ids = new Set(block.elements.map(e => e.action_id));
          if (ids.size !== block.elements.length || block.elements.length > 25) return refuse('invalid_blocks');
          if (block.elements.some(e => [...e.text.text].length > 75 || (e.value ?? '').length > 2000)) return refuse('invalid_blocks');
        }
      }
      const stamp = ts();
      state.written.push({...body, ts: stamp});
      return {body: {ok: true, channel: body.channel, ts: stamp, message: {text: body.text}}};
    },
    'files.getUploadURLExternal'(body, call) {
      if (!body.filename || !(Number(body.length) > 0)) return refuse('invalid_arguments');
      const id = `F${++number}`;
      uploads.set(id, {name: body.filename, length: Number(body.length)});
      return {body: {ok: true, file_id: id, upload_url: `${call.origin}/upload/${id}`}};
    },
    'files.completeUploadExternal'(body, call, state) {
      for (const {id, title} of body.files ?? []) {
        const file = uploads.get(id);
        if (!file?.received) return refuse('file_not_found');
        if (!channels.has(body.channel_id)) return refuse('channel_not_found');
        state.written.push({channel: body.channel_id, thread_ts: body.thread_ts, file: title, size: file.length});
      }
      return {body: {ok: true, files: body.files}};
    },
  };

  return {
    hint: `token ${TOKEN}, signing secret ${SECRET}`,
    handle(call, state) {
      const upload = call.path.match(/^\/upload\/(F[0-9]+)$/);
      if (upload) {
        const file = uploads.get(upload[1]);
        if (!file || file.length !== call.bytes.length) return {status: 400, raw: 'wrong length'};
        file.received = true;
        return {raw: 'OK'};
      }
      const authorized = call.headers.authorization === `Bearer ${token}`;
      if (call.path.startsWith('/files/')) {
        return authorized ? {raw: pixel, headers: {'content-type': 'image/png'}} : {raw: '<html>Sign in</html>', headers: {'content-type': 'text/html; charset=utf-8'}};
      }
      const method = call.path.replace(/^\/api\//, '');
      if (!methods[method]) return refuse('unknown_method');
      if (!authorized) return refuse('invalid_auth');
      count(state, method);
      const type = call.headers['content-type'] ?? '';
      const body = type.startsWith('application/json') ? JSON.parse(call.body) : Object.fromEntries(new URLSearchParams(call.body));
      return methods[method](body, call, state);
    },
    failure(mode) {
      if (mode === 'busy') return {status: 429, headers: {'retry-after': '1'}, body: {ok: false, error: 'ratelimited'}};
      if (mode === 'expired') return refuse('token_expired');
      return {status: 503, raw: 'Service Unavailable', headers: {'content-type': 'text/html'}};
    },
    async control(wish) {
      hook.wish(wish);
      if (wish.revoke) token = 'revoked';
      if (wish.restore) token = TOKEN;
      if (wish.old !== undefined) old = wish.old;
      if (wish.leave) channels.delete(wish.leave);
      if (wish.say) {
        const {channel, user = 'U1', text = '', ...more} = wish.say;
        channels.add(channel);
        const stamp = ts();
        const answer = await hook.send({token: 'x', team_id: 'T1', api_app_id: 'A1', type: 'event_callback', event_id: `Ev${++number}`, event_time: 1,
          event: {type: 'message', channel, channel_type: channel.startsWith('D') ? 'im' : 'channel', user, text, ts: stamp, ...more}});
        return {...answer, ts: stamp};
      }
      if (wish.press) {
        const {channel, ts: stamp, thread_ts, value} = wish.press;
        const payload = {type: 'block_actions', user: {id: 'U1', name: 'ana'}, channel: {id: channel, name: 'general'}, message: {ts: stamp, thread_ts},
          actions: [{action_id: 'choice-0', action_ts: ts(), type: 'button', value}]};
        return hook.send(`payload=${encodeURIComponent(JSON.stringify(payload))}`, {type: 'application/x-www-form-urlencoded'});
      }
      if (wish.raw !== undefined) return hook.send(wish.raw, {forge: wish.forge ?? {}});
      return {answers: hook.answers};
    },
  };
}
