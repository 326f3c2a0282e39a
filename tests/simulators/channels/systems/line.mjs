// LINE's Messaging API for one official account: signed webhooks, replies, push messages, content, profiles.
//   {"say": {"user": "U4af", "text": "在庫ありますか"}}      a customer writes; or with "message": a message object
//   {"event": {"type": "follow", "source": {…}}}            any other event
//   {"quota": 3}          so many push messages are left this month
//   {"spend_tokens": true}  reply tokens are over
//   {"swallow": 1}        the next accepted messages are not answered: the connection breaks
import {createHmac} from 'node:crypto';
import {count} from '../../lib/server.mjs';
import {Hook, pixel} from '../lib/hook.mjs';

const TOKEN = 'line-token-1', SECRET = 'lineChannelSecret01';

export function make({hub}) {
  let token = TOKEN, quota = Infinity, spent = false, swallow = 0, number = 0;
  const replyTokens = new Set(), keys = new Map(), known = new Set(), typed = [];
  const hook = new Hook(hub, raw => ({'x-line-signature': createHmac('sha256', SECRET).update(raw).digest('base64')}));
  const refuse = (status, message) => ({status, body: {message}, headers: status === 429 ? {} : {}});

  /** What is wrong with a message object, or nothing. */
  function wrong(m) {
    if (m.type === 'text') {
      if (typeof m.text !== 'string' || m.text === '') return 'May not be empty';
      if (m.text.length > 5000) return 'Length must be between 0 and 5000';
    } else if (m.type === 'image') {
      if (!/^https:\/\//.test(m.originalContentUrl ?? '') || !/^https:\/\//.test(m.previewImageUrl ?? '')) return 'Invalid URI scheme';
    } else if (m.type === 'location') {
      if (!m.title || !m.address || m.title.length > 100 || m.address.length > 100) return 'May not be empty';
      if (typeof m.latitude !== 'number' || typeof m.longitude !== 'number') return 'May not be null';
    } else {
      return 'unknown message type';
    }
    const items = m.quickReply?.items;
    if (items && (items.length < 1 || items.length > 13)) return 'Size must be between 1 and 13';
    for (const {type, action} of items ?? []) {
      if (type !== 'action' || !action.label || [...action.label].length > 20) return 'Length must be between 1 and 20';
      if (action.type === 'message' && (!action.text || action.text.length > 300)) return 'Length must be between 1 and 300';
      if (action.type === 'uri' && !/^(https?|tel|line):/.test(action.uri ?? '')) return 'invalid uri scheme';
    }
  }

  function accept(state, how, to, messages) {
    if (!Array.isArray(messages) || messages.length < 1 || messages.length > 5) return refuse(400, 'Size must be between 1 and 5');
    const reason = messages.map(wrong).find(Boolean);
    if (reason) return {status: 400, body: {message: 'The request body has 1 error(s)', details: [{message: reason, property: 'messages[0]'}]}};
    const sentMessages = messages.map(m => {
      const id = String(460000000000000000n + BigInt(++number));
      state.written.push({how, to, ...m, id});
      return {id};
    });
    return {body: {sentMessages}, headers: {'x-line-request-id': `r${number}`}};
  }

  return {
    hint: `token ${TOKEN}, channel secret ${SECRET}`,
    async handle(call, state) {
      if (call.headers.authorization !== `Bearer ${token}`) return refuse(401, 'Authentication failed. Confirm that the access token in the authorization header is valid.');
      const body = call.body ? JSON.parse(call.body) : {};
      count(state, call.path.replace(/[0-9a-zA-Z]{20,}|\/U[0-9a-z]+$/, ''));
      if (call.path === '/v2/bot/info') return {body: {userId: 'Ubot', basicId: '@sim', displayName: 'Sim shop'}};
      const profile = call.path.match(/^\/v2\/bot\/profile\/(.+)$/);
      if (profile) return known.has(profile[1]) ? {body: {userId: profile[1], displayName: 'Hana'}} : refuse(404, 'Not found');
      if (/^\/v2\/bot\/message\/[0-9]+\/content$/.test(call.path)) return {raw: pixel, headers: {'content-type': 'image/png'}};
      if (call.path === '/v2/bot/chat/loading/start') {
        if (!/^U/.test(body.chatId) || body.loadingSeconds % 5 !== 0) return refuse(400, 'invalid property');
        typed.push(body.chatId);
        return {status: 202, body: {}};
      }
      if (call.path === '/v2/bot/message/reply') {
        if (spent || !replyTokens.has(body.replyToken)) return refuse(400, 'Invalid reply token');
        const answer = accept(state, 'reply', body.replyToken, body.messages);
        if (!answer.status) replyTokens.delete(body.replyToken);
        return lost() ?? answer;
      }
      if (call.path === '/v2/bot/message/push') {
        const key = call.headers['x-line-retry-key'];
        if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(key ?? '')) return refuse(400, 'Invalid retry key');
        if (keys.has(key)) return {status: 409, body: {message: 'The retry key is already accepted'}, headers: {'x-line-accepted-request-id': keys.get(key)}};
        if (!known.has(body.to)) return refuse(400, 'Failed to send messages');
        if (quota < 1) return refuse(429, 'You have reached your monthly limit.');
        const answer = accept(state, 'push', body.to, body.messages);
        if (answer.status) return answer;
        --quota;
        keys.set(key, `r${number}`);
        return lost() ?? answer;
      }
      return refuse(404, 'Not found');

      function lost() {
        if (swallow < 1) return undefined;
        --swallow;
        return new Promise(() => {});  // taken, and nobody learns of it
      }
    },
    failure(mode) {
      if (mode === 'busy') return refuse(429, 'The API rate limit has been exceeded. Try again later.');
      if (mode === 'expired') return refuse(401, 'Authentication failed due to the expired access token');
      return refuse(500, 'The server is experiencing an error');
    },
    async control(wish) {
      hook.wish(wish);
      if (wish.revoke) token = 'revoked';
      if (wish.restore) token = TOKEN;
      if (wish.quota !== undefined) quota = wish.quota;
      if (wish.spend_tokens !== undefined) spent = wish.spend_tokens;
      if (wish.swallow !== undefined) swallow = wish.swallow;
      const event = more => {
        const replyToken = `reply${++number}`;
        replyTokens.add(replyToken);
        return {webhookEventId: `01H${number}`, deliveryContext: {isRedelivery: false}, timestamp: Date.now(), mode: 'active', replyToken, ...more};
      };
      if (wish.say) {
        const {user, text, message, ...more} = wish.say;
        known.add(user);
        return hook.send({destination: 'Ubot', events: [event({type: 'message', source: {type: 'user', userId: user},
          message: {id: String(510000000000000000n + BigInt(++number)), ...(message ?? {type: 'text', text})}, ...more})]});
      }
      if (wish.event) {
        known.add(wish.event.source?.userId);
        return hook.send({destination: 'Ubot', events: [event(wish.event)]});
      }
      if (wish.raw !== undefined) return hook.send(wish.raw, {forge: wish.forge ?? {}});
      return {typed, answers: hook.answers};
    },
  };
}
