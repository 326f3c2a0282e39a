// WhatsApp's Cloud API for one number: signed webhooks, messages, templates, statuses, media, the 24 hours.
//   {"say": {"user": "8613800138000", "name": "Ana", "text": "hi"}}   a customer writes; or with "message": type and body
//   {"status": {"id": "wamid…", "status": "delivered"}}              how far a message of ours got
//   {"close": "8613800138000"}    the 24 hours of a customer are over: 131047 for all but templates
//   {"error": {"code": 131056, "times": 2}}  the next messages are refused with this code
//   {"proof": true}               calls need appsecret_proof
import {count} from '../../lib/server.mjs';
import {Meta, SECRET, VERIFY} from '../lib/graph.mjs';
import {form, pixel} from '../lib/hook.mjs';

const NUMBER = '1065', TOKEN = 'wa-token-1';
const TAKEN = /^(audio\/(aac|mp4|mpeg|amr|ogg|opus)|image\/(jpeg|png|webp)|video\/(mp4|3gpp)|text\/plain|application\/(pdf|msword|vnd\.(ms-|openxmlformats-officedocument\.).+))$/;
const templates = {ticket_created: {languages: ['zh_CN', 'en_US'], parameters: 2}, ticket_resolved: {languages: ['zh_CN', 'en_US'], parameters: 2}, reply_waiting: {languages: ['zh_CN'], parameters: 1}};

export function make({hub}) {
  const meta = new Meta(hub, TOKEN);
  let number = 0, error;
  const open = new Set(), media = new Map(), read = [], typing = [];
  const length = text => [...text].length;

  function wrong(b) {
    if (b.messaging_product !== 'whatsapp' || b.recipient_type !== 'individual') return 'messaging_product';
    if (!/^[0-9]{6,15}$/.test(b.to ?? '')) return 'to';
    switch (b.type) {
      case 'text':
        return !b.text?.body || length(b.text.body) > 4096 ? 'text.body' : undefined;
      case 'image': case 'audio': case 'video': case 'document': {
        const file = media.get(b[b.type]?.id);
        if (!file) return `${b.type}.id`;
        const most = {image: 5, audio: 16, video: 16, document: 100}[b.type] << 20;
        if (file.size > most) return `${b.type} is too large`;
        if (b.type === 'image' && !['image/jpeg', 'image/png'].includes(file.type)) return 'image type';
        return undefined;
      }
      case 'location':
        return typeof b.location?.latitude !== 'number' || typeof b.location?.longitude !== 'number' ? 'location' : undefined;
      case 'interactive': {
        const i = b.interactive;
        if (!i.body?.text || length(i.body.text) > 1024) return 'interactive.body';
        if (i.type === 'button') {
          const buttons = i.action.buttons;
          if (buttons.length < 1 || buttons.length > 3) return 'buttons';
          if (new Set(buttons.map(x => x.reply.id)).size !== buttons.length) return 'buttons: ids repeat';
          return buttons.some(x => x.type !== 'reply' || !x.reply.title || length(x.reply.title) > 20 || x.reply.id.length > 256) ? 'button' : undefined;
        }
        if (i.type === 'list') {
          const rows = i.action.sections.flatMap(s => s.rows);
          if (!i.action.button || length(i.action.button) > 20 || rows.length < 1 || rows.length > 10) return 'rows';
          return rows.some(r => !r.title || length(r.title) > 24 || r.id.length > 200) ? 'row' : undefined;
        }
        if (i.type === 'cta_url') return /^https?:/.test(i.action.parameters?.url ?? '') && length(i.action.parameters.display_text) <= 20 ? undefined : 'cta_url';
        return 'interactive.type';
      }
      case 'template':
        return undefined;
      default:
        return 'type';
    }
  }

  function message(b, state) {
    if (error) {
      const {code, times = 1, subcode} = error;
      error = times > 1 ? {...error, times: times - 1} : undefined;
      return meta.refuse(400, code, `(#${code}) simulated`, {error_subcode: subcode, error_data: {messaging_product: 'whatsapp', details: 'simulated'}});
    }
    const reason = wrong(b);
    if (reason) return meta.refuse(400, 100, `(#100) Invalid parameter`, {error_data: {details: reason}});
    if (b.type === 'template') {
      const known = templates[b.template?.name];
      if (!known || !known.languages.includes(b.template.language?.code)) return meta.refuse(404, 132001, '(#132001) Template name does not exist in the translation');
      const given = b.template.components?.find(c => c.type === 'body')?.parameters ?? [];
      if (given.length !== known.parameters || given.some(p => !p.text || /[\n\t]| {4}/.test(p.text))) return meta.refuse(400, 132000, '(#132000) Number of parameters does not match');
    } else if (!open.has(b.to)) {
      return meta.refuse(400, 131047, '(#131047) Re-engagement message', {error_data: {details: 'More than 24 hours have passed since the customer last replied'}});
    }
    const id = `wamid.out${++number}`;
    state.written.push({...b, id});
    return {body: {messaging_product: 'whatsapp', contacts: [{input: b.to, wa_id: b.to}], messages: [{id}]}};
  }

  const value = more => ({object: 'whatsapp_business_account', entry: [{id: 'WABA', changes: [{field: 'messages',
    value: {messaging_product: 'whatsapp', metadata: {display_phone_number: '15550001111', phone_number_id: NUMBER}, ...more}}]}]});

  return {
    hint: `phone_number_id ${NUMBER}, token ${TOKEN}, app secret ${SECRET}, verify token ${VERIFY}`,
    async handle(call, state) {
      const no = meta.unauthorized(call);
      if (no) return no;
      if (call.path === '/lookaside/file') return {raw: pixel, headers: {'content-type': 'image/png'}};
      const parts = call.path.split('/').slice(1);
      if (!/^v[0-9]+\.[0-9]+$/.test(parts[0])) return meta.refuse(400, 2500, 'Unknown path components');
      count(state, parts.slice(1).join('/'));
      if (call.method === 'GET' && parts[1] === NUMBER) return {body: {id: NUMBER, verified_name: 'Sim shop', quality_rating: 'GREEN', display_phone_number: '+1 555'}};
      if (call.method === 'GET' && /^in-/.test(parts[1])) return {body: {id: parts[1], mime_type: 'image/png', url: `${call.origin}/lookaside/file`, messaging_product: 'whatsapp'}};
      if (parts[1] === NUMBER && parts[2] === 'media' && call.method === 'POST') {
        const fields = await form(call);
        const file = fields.get('file');
        if (fields.get('messaging_product') !== 'whatsapp' || !file?.size) return meta.refuse(400, 100, '(#100) Invalid parameter');
        if (!TAKEN.test(file.type)) return meta.refuse(400, 100, '(#100) Param file must be a file with one of the types that WhatsApp shows');
        const id = `out-${++number}`;
        media.set(id, {type: file.type, size: file.size});
        return {body: {id}};
      }
      if (parts[1] === NUMBER && parts[2] === 'messages' && call.method === 'POST') {
        const body = JSON.parse(call.body);
        if (body.status !== 'read') return message(body, state);
        if (!/^wamid\./.test(body.message_id ?? '')) return meta.refuse(400, 100, '(#100) Invalid parameter');
        read.push(body.message_id);
        if (body.typing_indicator?.type === 'text') typing.push(body.message_id);
        return {body: {success: true}};
      }
      return meta.refuse(400, 100, 'Unsupported request');
    },
    failure(mode) {
      if (mode === 'busy') return {...meta.refuse(429, 130429, '(#130429) Rate limit hit'), headers: {'retry-after': '1'}};
      if (mode === 'expired') return meta.refuse(401, 190, 'Error validating access token: Session has expired');
      return meta.refuse(500, 131000, '(#131000) Something went wrong');
    },
    async control(wish) {
      if (wish.close) open.delete(wish.close);
      if (wish.error) error = wish.error;
      if (wish.say) {
        meta.hook.wish(wish);
        const {user, name = 'Ana', text, message: other, id = `wamid.in${++number}`, late} = wish.say;
        if (!late) open.add(user);
        const answer = await meta.send(value({contacts: [{profile: {name}, wa_id: user}],
          messages: [{from: user, id, timestamp: String(Math.floor(Date.now() / 1000)), ...(other ?? {type: 'text', text: {body: text}})}]}));
        return {...answer, id};
      }
      if (wish.status) return meta.send(value({statuses: [{timestamp: String(Math.floor(Date.now() / 1000)), recipient_id: '8613800138000', ...wish.status}]}));
      return (await meta.control(wish)) ?? {read, typing};
    },
  };
}
