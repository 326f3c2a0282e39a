// WeChat: an official account, or with --kind mini_program a mini program, as a hub sees it: the API at its own address and the
// message push towards --hub (path --hook, default /hooks/wechat). Strict about signatures, encryption, tokens, windows, limits.
//   --kind official_account|mini_program  --mode plain|compatible|safe  --format xml|json  --limit 5000 (ms until a post is cut)
import crypto from 'node:crypto';
import {count} from '../../lib/server.mjs';
import {deliver} from '../lib/wechat_push.mjs';

const MINUTE = 60_000, HOUR = 60 * MINUTE;
const ACCOUNTS = {
  official_account: {appId: 'wxd0e1f2a3b4c5d6e7', secret: 'wechat-simulated-secret', token: 'hubToken2024', account: 'gh_a1b2c3d4e5f6',
    aesKey: 'SHViRGV2S2V5MDFXaXRoTm9uQ2Fub25pY2FsQml0c0F'},
  mini_program: {appId: 'wx1122334455667788', secret: 'mini-simulated-secret', token: 'mpToken', account: 'gh_mini0001',
    aesKey: 'Qm9vc3RlclNlcnZpY2VIdWJLZXlGb3JWZWN0b3JzMDE'},
};
const SIZES = {image: 10 << 20, voice: 2 << 20, video: 10 << 20, thumb: 64 << 10};
const ENDINGS = {image: /\.(jpe?g|png|gif|bmp)$/i, voice: /\.(amr|mp3)$/i, video: /\.mp4$/i, thumb: /\.jpe?g$/i};
const SENT_BY = {official_account: ['text', 'image', 'voice', 'video', 'music', 'news', 'msgmenu', 'miniprogrampage'],
  mini_program: ['text', 'image', 'link', 'miniprogrampage']};
const FIELD_LIMITS = {thing: 20, character_string: 32, phrase: 5, name: 10, const: 20, number: 32, letter: 32, symbol: 5};

export function make({option, hub}) {
  const kind = option('kind', 'official_account');
  const account = {...ACCOUNTS[kind], mode: option('mode', 'safe'), format: option('format', 'xml')};
  const limit = Number(option('limit', 5000));
  let address = hub, hook = option('hook', '/hooks/wechat');
  let id = 24890000000000000n;
  const tokens = new Map(), media = new Map(), users = new Map(), codes = new Map(), phones = new Map(), sentKeys = new Set(), pushed = [];
  let current = null, forced = 0, errcode = 0, errors = 0;

  const error = (code, errmsg = 'simulated') => ({body: {errcode: code, errmsg}});
  const ok = (more = {}) => ({body: {errcode: 0, errmsg: 'ok', ...more}});
  const user = openid => {
    if (!users.has(openid)) users.set(openid, {until: 0, left: 0, exchanged: 0, typing: false, consent: false, follows: true});
    return users.get(openid);
  };
  /** An action of the user: the larger of old and new counts. */
  const raise = (u, left, span) => {
    const now = Date.now();
    if (u.until < now) u.left = 0;
    u.left = Math.max(u.left, left);
    u.until = Math.max(u.until, now + span);
    u.exchanged = now;
  };
  const acted = fields => {
    const u = user(fields.FromUserName);
    if (fields.MsgType !== 'event') return raise(u, 5, 48 * HOUR);
    if (fields.Event === 'subscribe') u.follows = true;
    if (fields.Event === 'unsubscribe') u.follows = false;
    if (['CLICK', 'subscribe', 'SCAN', 'scancode_push', 'scancode_waitmsg'].includes(fields.Event)) raise(u, 3, MINUTE);
    if (fields.Event === 'user_enter_tempsession') raise(u, 2, MINUTE);
  };

  function token(call, state) {
    const wish = JSON.parse(call.body);
    if (wish.grant_type !== 'client_credential') return error(40002, 'invalid grant_type');
    if (wish.appid !== account.appId) return error(40013, 'invalid appid');
    if (wish.secret !== account.secret) return error(40125, 'invalid appsecret');
    if (wish.force_refresh && Date.now() - forced < 30_000) return error(45009, 'force_refresh too often');
    if (wish.force_refresh) forced = Date.now();
    if (!current || wish.force_refresh || (tokens.get(current) ?? 0) - Date.now() < 5 * MINUTE) {
      current = crypto.randomBytes(48).toString('base64url');
      tokens.set(current, Date.now() + 2 * HOUR);
    }
    state.logins += 1;
    return {body: {access_token: current, expires_in: Math.max(300, Math.floor((tokens.get(current) - Date.now()) / 1000))}};
  }

  function read(call) {
    if (!call.body) throw 44002;
    // An escape instead of the character reaches the user as such.
    if (/\\u[0-9a-f]{4}/i.test(call.body)) throw 40033;
    try {
      return JSON.parse(call.body);
    } catch {
      throw 47001;
    }
  }

  const known = (mediaId, types) => {
    const file = media.get(mediaId);
    if (!file || file.created + 72 * HOUR < Date.now() || !types.includes(file.type)) throw 40007;
  };
  const text = (value, most, code = 45002) => {
    if (typeof value !== 'string' || value === '') throw 44004;
    if (Buffer.byteLength(value) > most) throw code;
  };

  function send(call, state) {
    const m = read(call);
    if (!users.has(m.touser)) throw 40003;
    if (!SENT_BY[kind].includes(m.msgtype) || typeof m[m.msgtype] !== 'object') throw 40008;
    const part = m[m.msgtype];
    if (m.msgtype === 'text') text(part.content, 2048);
    if (m.msgtype === 'image') known(part.media_id, ['image']);
    if (m.msgtype === 'voice') known(part.media_id, ['voice']);
    if (m.msgtype === 'video') known(part.media_id, ['video']);
    if (m.msgtype === 'news' && (part.articles?.length !== 1 || !part.articles[0].title || !/^https?:/.test(part.articles[0].url))) throw 45008;
    if (m.msgtype === 'msgmenu') {
      if (!(part.list?.length > 0) || part.list.some(item => !item.id || !item.content)) throw 47001;
      if (new Set(part.list.map(item => item.id)).size !== part.list.length) throw 47001;
    }
    if (m.msgtype === 'link') text(part.url, 2048, 47001);
    if (m.msgtype === 'miniprogrampage') {
      if (!part.title || !part.pagepath || (kind === 'official_account') !== Boolean(part.appid)) throw 47001;
      known(part.thumb_media_id, ['image', 'thumb']);
    }
    const u = users.get(m.touser);
    if (u.until < Date.now()) throw 45015;
    if (u.left <= 0) throw 45047;
    u.left -= 1;
    u.exchanged = Date.now();
    state.written.push({via: 'api', to: m.touser, type: m.msgtype, ...part});
    return ok();
  }

  function typing(call) {
    const m = read(call);
    if (!users.has(m.touser)) throw 40003;
    if (!['Typing', 'CancelTyping'].includes(m.command)) throw 45072;
    const u = users.get(m.touser);
    if (Date.now() - u.exchanged > 30_000) throw 45080;
    if (m.command === 'Typing' && u.typing) throw 45081;
    u.typing = m.command === 'Typing';
    return ok();
  }

  function upload(call) {
    const type = call.query.get('type');
    if (!(type in SIZES) || (kind === 'mini_program' && type !== 'image')) throw 40004;
    const boundary = /boundary=([^;]+)/.exec(call.headers['content-type'] ?? '')?.[1];
    if (!boundary) throw 41005;
    const head = call.bytes.indexOf('\r\n\r\n'), tail = call.bytes.lastIndexOf(`\r\n--${boundary}--`);
    const name = /name="media"; filename="([^"]+)"/.exec(call.bytes.subarray(0, head).toString())?.[1];
    if (head < 0 || tail < head || !name) throw 41005;
    if (!ENDINGS[type].test(name)) throw 40005;
    const bytes = call.bytes.subarray(head + 4, tail);
    if (bytes.length > SIZES[type]) throw type === 'image' ? 40009 : 40006;
    if (bytes.length === 0) throw 44001;
    const mediaId = `MEDIA_${crypto.randomBytes(12).toString('base64url')}`;
    media.set(mediaId, {type, name, bytes, created: Date.now()});
    return {body: {type, [type === 'thumb' ? 'thumb_media_id' : 'media_id']: mediaId, created_at: Math.floor(Date.now() / 1000)}};
  }

  function download(call) {
    const file = media.get(call.query.get('media_id'));
    if (!file || file.created + 72 * HOUR < Date.now()) throw 40007;
    if (file.type === 'video') return {body: {video_url: `${call.origin}/video/${call.query.get('media_id')}`}};
    return {raw: file.bytes, headers: {'content-type': file.type === 'voice' ? 'audio/amr' : 'image/jpeg',
      'content-disposition': `attachment; filename="${file.name}"`}};
  }

  function notice(call, state, subscription) {
    const m = read(call);
    if (!users.has(m.touser)) throw 40003;
    if (!/^TPL/.test(m.template_id ?? '')) throw 40037;
    if (subscription && !users.get(m.touser).consent) throw 43101;
    if (!subscription && !users.get(m.touser).follows) throw 43004;
    for (const [field, {value}] of Object.entries(m.data ?? {})) {
      const most = FIELD_LIMITS[field.replace(/\d+$/, '')];
      if (!value || (most && [...value].length > most)) return error(47003, `argument invalid! data.${field}.value`);
    }
    if (m.client_msg_id && sentKeys.has(m.client_msg_id)) throw 45065;
    if (m.client_msg_id) sentKeys.add(m.client_msg_id);
    const msgid = Number(++id % 1000000000n);
    state.written.push({via: subscription ? 'subscription' : 'template', to: m.touser, template: m.template_id, url: m.url, page: m.page,
      data: Object.fromEntries(Object.entries(m.data ?? {}).map(([field, {value}]) => [field, value])), msgid});
    if (!subscription && address) {
      setTimeout(() => push({FromUserName: m.touser, MsgType: 'event', Event: 'TEMPLATESENDJOBFINISH', MsgID: msgid, Status: 'success'}, state, {}), 100);
    }
    return ok({msgid});
  }

  function menu(call, state) {
    const {button} = read(call);
    if (!(button?.length >= 1 && button.length <= 3)) throw 40015;
    for (const entry of button.flatMap(b => b.sub_button ?? [b])) {
      if (!entry.name || !entry.type) throw 40018;
      if (entry.type === 'view' && !/^https?:/.test(entry.url)) throw 40055;
      if (entry.type === 'click' && (!entry.key || Buffer.byteLength(entry.key) > 128)) throw 40019;
    }
    if (button.some(b => b.sub_button && (b.sub_button.length < 1 || b.sub_button.length > 5))) throw 40023;
    state.written.push({via: 'menu', button});
    return ok();
  }

  function info(call) {
    const openid = call.query.get('openid');
    if (!users.has(openid)) throw 40003;
    const u = users.get(openid);
    return {body: {subscribe: u.follows ? 1 : 0, openid, language: 'zh_CN', subscribe_time: 1732248000, remark: '', groupid: 0, tagid_list: u.tags ?? [],
      subscribe_scene: 'ADD_SCENE_QR_CODE', qr_scene: 0, qr_scene_str: '', ...(u.unionid ? {unionid: u.unionid} : {})}};
  }

  function session(call) {
    const q = call.query;
    if (q.get('appid') !== account.appId) throw 40013;
    if (q.get('secret') !== account.secret) throw 40125;
    if (q.get('grant_type') !== 'authorization_code') throw 40002;
    const code = codes.get(q.get('js_code'));
    if (!code) throw 40029;
    if (code.used) throw 40163;
    code.used = true;
    return {body: {openid: code.openid, session_key: code.sessionKey, ...(code.unionid ? {unionid: code.unionid} : {})}};
  }

  const routes = {
    'POST /cgi-bin/message/custom/send': send,
    'POST /cgi-bin/message/custom/typing': typing,
    'POST /cgi-bin/media/upload': upload,
    'GET /cgi-bin/media/get': download,
    ...(kind === 'official_account' ? {
      'POST /cgi-bin/message/template/send': (call, state) => notice(call, state, false),
      'POST /cgi-bin/message/subscribe/bizsend': (call, state) => notice(call, state, true),
      'POST /cgi-bin/menu/create': menu,
      'GET /cgi-bin/user/info': info,
    } : {
      'POST /cgi-bin/message/subscribe/send': (call, state) => notice(call, state, true),
      'POST /wxa/business/getuserphonenumber': call => {
        const phone = phones.get(read(call).code);
        if (!phone) throw 40029;
        return ok({phone_info: {phoneNumber: phone, purePhoneNumber: phone, countryCode: '86', watermark: {timestamp: 1, appid: account.appId}}});
      },
    }),
  };

  async function push(fields, state, {times = 1, concurrent = false, ...options} = {}) {
    const whole = {ToUserName: account.account, CreateTime: Math.floor(Date.now() / 1000), ...fields};
    if (whole.MsgType !== 'event' && whole.MsgId === undefined) whole.MsgId = String(++id);
    acted(whole);
    const once = () => deliver(address + hook, whole, account, {limit, ...options});
    const results = concurrent ? await Promise.all(Array.from({length: times}, once)) : [];
    for (let i = results.length; i < times; ++i) results.push(await once());
    // The customer sees one answer to a message, however often it was delivered.
    const shown = results.find(r => r.shown)?.shown;
    if (shown) state.written.push({via: 'passive', to: whole.FromUserName, type: shown.MsgType, content: shown.Content});
    const summary = {MsgId: whole.MsgId, tries: results.map(r => r.tries), statuses: results.flatMap(r => r.statuses),
      problems: results.map(r => r.problem).filter(Boolean), shown: shown?.Content ?? null, ms: Math.max(...results.flatMap(r => r.ms))};
    pushed.push(summary);
    return summary;
  }

  return {
    hint: `app_id ${account.appId} secret ${account.secret} token ${account.token} aes_key ${account.aesKey} account ${account.account}`,
    handle(call, state) {
      count(state, call.path);
      if (errors > 0) {
        errors -= 1;
        return error(errcode);
      }
      try {
        if (call.path === '/cgi-bin/stable_token') return token(call, state);
        if (call.path === '/sns/jscode2session') return session(call);
        if (call.path.startsWith('/video/')) return {raw: media.get(call.path.slice(7)).bytes, headers: {'content-type': 'video/mp4'}};
        const until = tokens.get(call.query.get('access_token'));
        if (until === undefined) return error(40001, 'invalid credential, access_token is invalid or not latest');
        if (until < Date.now()) return error(42001, 'access_token expired');
        const route = routes[`${call.method} ${call.path}`];
        return route ? route(call, state) : {status: 404, raw: ''};
      } catch (code) {
        if (typeof code === 'number') return error(code);
        throw code;
      }
    },
    failure(mode) {
      if (mode === 'busy') return error(-1, 'system error');
      if (mode === 'expired') return error(42001, 'access_token expired');
      return {status: 502, raw: '<html>502 Bad Gateway</html>', headers: {'content-type': 'text/html'}};
    },
    /** hub, hook: where the push goes. push: fields of a message, with times, concurrent, halfClosed, breakSignature, timestamp;
     *  order: several, in that order. user: {openid, …}. media: {id, type, name, base64}. code: {code, openid, unionid, sessionKey}.
     *  phone: {code, number}. expire: all tokens are over; foreign: another program fetched a new one. errcode + times. close: user. */
    async control(wish, state) {
      if (wish.hub) address = wish.hub;
      if (wish.hook) hook = wish.hook;
      if (wish.user) Object.assign(user(wish.user.openid), wish.user);
      if (wish.media) media.set(wish.media.id, {type: wish.media.type, name: wish.media.name, bytes: Buffer.from(wish.media.base64, 'base64'), created: Date.now()});
      if (wish.forget) media.delete(wish.forget);
      if (wish.forgetMedia) media.clear();
      if (wish.code) codes.set(wish.code.code, {sessionKey: 'c2Vzc2lvbmtleTEyMzQ1Ng==', ...wish.code});
      if (wish.phone) phones.set(wish.phone.code, wish.phone.number);
      if (wish.expire) for (const known of tokens.keys()) tokens.set(known, 0);
      if (wish.foreign) {
        tokens.clear();
        current = null;
      }
      if (wish.errcode !== undefined) [errcode, errors] = [wish.errcode, wish.times ?? 1];
      if (wish.close) Object.assign(user(wish.close), {until: 0, left: 0});
      if (wish.push) return push(wish.push, state, wish);
      if (wish.order) return {results: await Promise.all(wish.order.map(fields => push(fields, state, wish)))};
      return {};
    },
    // Stands in GET /_sim beside what was asked.
    secrets: {pushed},
  };
}
