// Telegram's Bot API for one bot: updates to where setWebhook said or by getUpdates, messages, files, typing.
//   {"say": {"user": 5123456789, "name": "Lin", "text": "有货吗"}}  a customer writes; further fields of Message go beside text
//   {"say": {…, "file": "photo"}}      with a picture (photo, document, voice, video)
//   {"edit": {"user", "message_id", "text"}}, {"press": {"user", "data"}}
//   {"block": 5123456789}              the customer blocks the bot: 403
//   {"migrate": {"from": -100, "to": -1002}}  a group has become a supergroup: 400 with its new id
//   {"webhook": {"url", "secret"}}     as if setWebhook had been called
//   {"lose_file": true}                file links answer 404
//   {"refuse_photos": true}            every picture is of a shape that sendPhoto refuses
import {count} from '../../lib/server.mjs';
import {form, Hook, pixel} from '../lib/hook.mjs';

const TOKEN = '700:sim-token';

export function make() {
  let updates = 884250, messages = 100, waiting = [], polls = new Set();
  let webhook = {url: '', secret: ''}, token = TOKEN, loseFile = false, refusePhotos = false;
  const known = new Set(), blocked = new Set(), moved = new Map(), pressed = new Set(), answered = [], typed = [];
  const hook = new Hook('', () => (webhook.secret ? {'x-telegram-bot-api-secret-token': webhook.secret} : {}));

  const ok = result => ({body: {ok: true, result}});
  const refuse = (status, description, parameters) => ({status, body: {ok: false, error_code: status, description, ...(parameters ? {parameters} : {})}});
  const bad = what => refuse(400, `Bad Request: ${what}`);

  async function deliver(update) {
    const one = {update_id: ++updates, ...update};
    if (webhook.url) return hook.send(one);
    waiting.push(one);
    polls.forEach(poll => poll());
  }
  const chat = id => (id > 0 ? {id, type: 'private', first_name: 'Lin'} : {id, type: 'supergroup', title: 'VIP'});

  function target(chatId) {
    const id = Number(chatId);
    if (!Number.isInteger(id)) return {error: bad('chat not found')};
    if (moved.has(id)) return {error: refuse(400, 'Bad Request: group chat was upgraded to a supergroup chat', {migrate_to_chat_id: moved.get(id)})};
    if (blocked.has(id)) return {error: refuse(403, 'Forbidden: bot was blocked by the user')};
    if (!known.has(id)) return {error: bad('chat not found')};
    return {id};
  }

  const methods = {
    getMe: () => ok({id: 700, is_bot: true, first_name: 'Sim', username: 'sim_bot'}),
    getWebhookInfo: () => ok({url: webhook.url, has_custom_certificate: false, pending_update_count: waiting.length}),
    setWebhook({url, secret_token, allowed_updates}) {
      if (!/^https?:\/\//.test(url ?? '')) return bad('bad webhook: An HTTPS URL must be provided for webhook');
      if (!/^[A-Za-z0-9_-]{1,256}$/.test(secret_token ?? '')) return bad('secret token contains unallowed characters');
      if (!Array.isArray(allowed_updates)) return bad('allowed_updates must be an array');
      webhook = {url, secret: secret_token};
      hook.url = url;
      const left = waiting.splice(0);
      setTimeout(() => left.forEach(update => hook.send(update)), 1).unref();
      return ok(true);
    },
    deleteWebhook() {
      webhook = {url: '', secret: ''};
      return ok(true);
    },
    getUpdates({offset = 0, timeout = 0}) {
      if (webhook.url) return refuse(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first");
      waiting = waiting.filter(u => u.update_id >= offset);
      if (waiting.length > 0 || timeout === 0) return ok(waiting);
      return new Promise(resolve => {
        const answer = () => {
          clearTimeout(timer);
          polls.delete(answer);
          resolve(ok(waiting));
        };
        const timer = setTimeout(answer, timeout * 1000);
        timer.unref();
        polls.add(answer);
      });
    },
    sendMessage(body, state) {
      if (typeof body.chat_id !== 'number') return bad('chat_id must be a number here');
      const to = target(body.chat_id);
      if (to.error) return to.error;
      if (typeof body.text !== 'string' || body.text.trim() === '') return bad('message text is empty');
      if ([...body.text].length > 4096) return bad('message is too long');
      for (const row of body.reply_markup?.inline_keyboard ?? []) {
        for (const key of row) {
          if (!key.text) return bad('Text buttons are unallowed in the inline keyboard');
          if (key.url === undefined && (!key.callback_data || Buffer.byteLength(key.callback_data) > 64)) return bad('BUTTON_DATA_INVALID');
        }
      }
      return sent(state, 'sendMessage', to.id, body);
    },
    sendLocation: (body, state) => place(body, state, 'sendLocation'),
    sendVenue: (body, state) => (body.title && body.address !== undefined ? place(body, state, 'sendVenue') : bad('venue title must be non-empty')),
    sendPhoto: upload('photo', 10 << 20),
    sendDocument: upload('document', 50 << 20),
    sendVoice: upload('voice', 50 << 20),
    sendVideo: upload('video', 50 << 20),
    sendAudio: upload('audio', 50 << 20),
    sendChatAction(body) {
      const to = target(body.chat_id);
      if (to.error) return to.error;
      if (body.action !== 'typing') return bad('wrong parameter action in request');
      typed.push(to.id);
      return ok(true);
    },
    answerCallbackQuery(body) {
      if (!pressed.has(body.callback_query_id)) return bad('query is too old and response timeout expired or query ID is invalid');
      answered.push(body.callback_query_id);
      return ok(true);
    },
    getFile: body => (/^f-/.test(body.file_id ?? '') ? ok({file_id: body.file_id, file_path: `photos/${body.file_id}.png`}) : bad('invalid file_id')),
  };

  function sent(state, method, chatId, content) {
    const message_id = ++messages;
    state.written.push({method, chat: chatId, ...content, message_id});
    return ok({message_id, chat: chat(chatId), date: 1732255000});
  }
  function place(body, state, method) {
    const to = target(body.chat_id);
    if (to.error) return to.error;
    if (typeof body.latitude !== 'number' || typeof body.longitude !== 'number') return bad('latitude is empty');
    return sent(state, method, to.id, body);
  }
  function upload(field, most) {
    return async (_, state, call) => {
      const fields = await form(call);
      const to = target(fields.get('chat_id'));
      if (to.error) return to.error;
      const file = fields.get(field);
      if (!file || typeof file === 'string') return bad(`there is no ${field} in the request`);
      if (field === 'photo' && refusePhotos) return bad('PHOTO_INVALID_DIMENSIONS');
      if (file.size > most) return refuse(413, 'Request Entity Too Large');
      return sent(state, `send${field[0].toUpperCase()}${field.slice(1)}`, to.id, {name: file.name, type: file.type, size: file.size});
    };
  }

  return {
    hint: `token ${TOKEN}`,
    handle(call, state) {
      const file = call.path.match(/^\/file\/bot([^/]+)\/photos\/(f-[^/]+)\.png$/);
      if (file) return file[1] !== token || loseFile ? refuse(404, 'Not Found') : {raw: pixel, headers: {'content-type': 'application/octet-stream'}};
      const [, given, method] = call.path.match(/^\/bot([^/]+)\/([A-Za-z]+)$/) ?? [];
      if (!given) return refuse(404, 'Not Found');
      if (given !== token) return refuse(401, 'Unauthorized');
      count(state, method);
      if (!methods[method]) return refuse(404, 'Not Found: method not found');
      const json = (call.headers['content-type'] ?? '').startsWith('application/json');
      return methods[method](json ? JSON.parse(call.body) : {}, state, call);
    },
    failure(mode) {
      if (mode === 'busy') return refuse(429, 'Too Many Requests: retry after 1', {retry_after: 1});
      if (mode === 'expired') return refuse(401, 'Unauthorized');
      return {status: 502, raw: '<html>Bad Gateway</html>', headers: {'content-type': 'text/html'}};
    },
    async control(wish) {
      hook.wish(wish);
      if (wish.webhook) webhook = wish.webhook;
      if (wish.revoke) token = 'revoked';
      if (wish.restore) token = TOKEN;
      if (wish.block) blocked.add(wish.block);
      if (wish.migrate) {
        moved.set(wish.migrate.from, wish.migrate.to);
        known.add(wish.migrate.to);
      }
      if (wish.refuse_photos !== undefined) refusePhotos = wish.refuse_photos;
      if (wish.lose_file !== undefined) loseFile = wish.lose_file;
      if (wish.say) {
        const {user, name = 'Lin', file: kind, ...content} = wish.say;
        known.add(user);
        const media = {photo: [{file_id: 'f-small'}, {file_id: 'f-large'}], document: {file_id: 'f-doc', file_name: 'a.png'},
          voice: {file_id: 'f-voice'}, video: {file_id: 'f-video'}}[kind];
        return deliver({message: {message_id: ++messages, from: {id: Math.abs(user), is_bot: false, first_name: name}, chat: chat(user), date: Math.floor(Date.now() / 1000),
          ...(media ? {[kind]: media} : {}), ...content}});
      }
      if (wish.edit) {
        const {user, message_id, text} = wish.edit;
        return deliver({edited_message: {message_id, from: {id: user, first_name: 'Lin'}, chat: chat(user), date: 1732255000, edit_date: 1732255060, text}});
      }
      if (wish.press) {
        const id = `cb${++updates}`;
        pressed.add(id);
        return deliver({callback_query: {id, from: {id: wish.press.user, first_name: 'Lin'}, data: wish.press.data, message: {message_id: 1, chat: chat(wish.press.user)}}});
      }
      if (wish.raw) return hook.send(wish.raw, {forge: wish.forge ?? {}});
      return {typed, answered, webhook};
    },
  };
}
