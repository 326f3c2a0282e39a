// Messenger's Send API and webhooks for one page: signed calls, messages, attachments, echoes, receipts, the 24 hours.
//   {"say": {"user": "PSID1", "text": "hi"}}             a customer writes; or with "message": a message object
//                                                      (/cdn/picture.png of this server is a picture)
//                                                      (users whose id begins with IG are Instagram's, without a name)
//   {"event": {"user": "PSID1", "postback": {…}}}        anything else that stands in `messaging`
//   {"close": "PSID1"}            the 24 hours of a customer are over: 10/2018278, but for HUMAN_AGENT
//   {"close_all": true}           and HUMAN_AGENT is not allowed either
//   {"error": {"code": 1200}}     the next message is refused with this code
//   {"long_ids": 150}             ids of messages are that long, and differ at the end alone
//   {"proof": true}               calls need appsecret_proof
import {count} from '../../lib/server.mjs';
import {Meta, SECRET, VERIFY} from '../lib/graph.mjs';
import {form, pixel} from '../lib/hook.mjs';

const PAGE = '2001', INSTAGRAM = '17841400000000001', TOKEN = 'page-token-1';

export function make({hub}) {
  const meta = new Meta(hub, TOKEN);
  let number = 0, idLength = 4, error, humans = true;
  const open = new Set(), known = new Set(), actions = [];
  const length = text => [...text].length;

  function wrong(m) {
    if (m.attachment?.type === 'template') {
      const p = m.attachment.payload;
      if (p.template_type !== 'button' || !p.text || length(p.text) > 640 || p.buttons.length < 1 || p.buttons.length > 3) return 'template';
      return p.buttons.some(b => !b.title || length(b.title) > 20 || (b.type === 'web_url' ? !/^https?:/.test(b.url) : b.type !== 'postback' || !b.payload)) ? 'button' : undefined;
    }
    if (!m.text || length(m.text) > 2000) return 'text';
    if (m.quick_replies && (m.quick_replies.length < 1 || m.quick_replies.length > 13)) return 'quick_replies';
    return m.quick_replies?.some(q => q.content_type !== 'text' || !q.title || length(q.title) > 20 || !q.payload || q.payload.length > 1000) ? 'quick_reply' : undefined;
  }

  async function send({recipient, messaging_type: type, tag, message}, file, state) {
    if (error) {
      const {code, subcode} = error;
      error = undefined;
      return meta.refuse(400, code, `(#${code}) simulated`, {error_subcode: subcode});
    }
    if (!known.has(recipient?.id)) return meta.refuse(400, 100, '(#100) No matching user found', {error_subcode: 2018001});
    if (type !== 'RESPONSE' && !(type === 'MESSAGE_TAG' && tag === 'HUMAN_AGENT')) return meta.refuse(400, 100, '(#100) Param messaging_type');
    if (!open.has(recipient.id) && !(tag === 'HUMAN_AGENT' && humans)) {
      return meta.refuse(400, 10, '(#10) This message is sent outside of allowed window.', {error_subcode: 2018278});
    }
    if (!file) {
      const reason = wrong(message);
      if (reason) return meta.refuse(400, 100, `(#100) ${reason}`);
    } else if (!['image', 'audio', 'video', 'file'].includes(message.attachment?.type) || file.size > 25 << 20 || file.type === 'image/svg+xml') {
      return meta.refuse(400, 100, '(#100) Upload attachment failure', {error_subcode: 2018047});
    }
    const message_id = `m_${'o'.repeat(idLength)}${++number}`;
    state.written.push({to: recipient.id, tag, ...message, ...(file ? {file: file.name, size: file.size} : {}), id: message_id});
    return {body: {recipient_id: recipient.id, message_id}};
  }

  const page = messaging => ({object: 'page', entry: [{id: PAGE, time: Date.now(), messaging: [messaging]}]});

  return {
    hint: `page ${PAGE}, token ${TOKEN}, app secret ${SECRET}, verify token ${VERIFY}`,
    async handle(call, state) {
      if (call.path === '/cdn/picture.png') return {raw: pixel, headers: {'content-type': 'image/png'}};
      const no = meta.unauthorized(call);
      if (no) return no;
      const path = call.path.replace(/^\/v[0-9]+\.[0-9]+\//, '');
      if (path === call.path) return meta.refuse(400, 2500, 'Unknown path components');
      count(state, path);
      if (path === 'me' && call.method === 'GET') return {body: call.query.get('fields') === 'instagram_business_account' ? {id: PAGE, instagram_business_account: {id: INSTAGRAM}} : {id: PAGE, name: 'Sim shop'}};
      if (call.method === 'GET' && known.has(path) && path.startsWith('IG')) {
        const fields = (call.query.get('fields') ?? '').split(',');
        if (fields.some(f => !['name', 'username', 'profile_pic'].includes(f))) return meta.refuse(400, 100, '(#100) Tried accessing nonexisting field');
        return {body: {id: path, ...(fields.includes('username') ? {username: 'ana.lima'} : {})}};
      }
      if (call.method === 'GET' && known.has(path)) return {body: {id: path, name: 'Ana Lima'}};
      if (path !== 'me/messages' || call.method !== 'POST') return meta.refuse(400, 100, 'Unsupported request');
      if ((call.headers['content-type'] ?? '').startsWith('multipart/')) {
        const fields = await form(call);
        const file = fields.get('filedata');
        if (!file?.size) return meta.refuse(400, 100, '(#100) Upload attachment failure');
        return send({recipient: JSON.parse(fields.get('recipient')), messaging_type: fields.get('messaging_type'), tag: fields.get('tag') ?? undefined,
          message: JSON.parse(fields.get('message'))}, file, state);
      }
      const body = JSON.parse(call.body);
      if (body.sender_action) {
        if (!['typing_on', 'typing_off', 'mark_seen'].includes(body.sender_action)) return meta.refuse(400, 100, '(#100) sender_action');
        actions.push(body.sender_action);
        return {body: {recipient_id: body.recipient.id}};
      }
      return send(body, undefined, state);
    },
    failure(mode) {
      if (mode === 'busy') return {...meta.refuse(429, 613, '(#613) Calls to this api have exceeded the rate limit.'), headers: {'retry-after': '1'}};
      if (mode === 'expired') return meta.refuse(401, 190, 'Error validating access token: Session has expired');
      return meta.refuse(500, 1200, '(#1200) Temporary send message failure. Please try again later.');
    },
    async control(wish, state) {
      if (wish.close) open.delete(wish.close);
      if (wish.close_all) { open.clear(); humans = false; }
      if (wish.error) error = wish.error;
      if (wish.long_ids) idLength = wish.long_ids;
      if (wish.say || wish.event) {
        meta.hook.wish(wish);
        const {user, text, message, standby, ...event} = wish.say ?? wish.event;
        known.add(user);
        if (wish.say) open.add(user);
        const mid = `m_in${++number}`;
        const body = page({sender: {id: user}, recipient: {id: PAGE}, timestamp: Date.now(), ...(wish.say ? {message: {mid, ...(message ?? {text})}} : event)});
        if (standby) body.entry = body.entry.map(({messaging, ...entry}) => ({...entry, standby: messaging}));
        return {...(await meta.send(body)), mid};
      }
      if (wish.echo) {
        return meta.send(page({sender: {id: PAGE}, recipient: {id: wish.echo.user}, timestamp: Date.now(),
          message: {mid: `m_echo${++number}`, is_echo: true, app_id: 1, ...wish.echo.message}}));
      }
      return (await meta.control(wish)) ?? {actions};
    },
  };
}
