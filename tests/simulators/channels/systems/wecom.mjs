// WeCom (企业微信) with 微信客服: gettoken, encrypted callbacks, sync_msg with cursors, send_msg with the rules about windows and
// session states. Switches of its own, beside those of lib/server.mjs:
//   {"hub": "http://…/hooks/wecom"}              where callbacks go
//   {"say": {"user": "wmCUST01", "kf": "wk…", "msgtype": "text", "text": {"content": "…"}}, "quiet": true}
//                                                a customer writes; quiet: the callback is lost; "origin": 5 for an employee
//   {"event": {"event_type": "enter_session", "user": …, …}}  what has no message
//   {"page": 2, "empty_pages": true}             messages a page; an empty page before each of them
//   {"twice": true}                              every callback comes twice; every message stands twice in the list
//   {"expire": true}                             the access token is not valid any more
//   {"state": {"user": …, "kf": …, "state": 3}}  moves a session
//   {"hours": 50}                                so much time passes for windows
//   {"account": "wk…"}, {"people": {"wm…": {"nickname": "…"}}}   another account, other customers
//   {"media": {"id": …, "type": "image/png", "base64": …}}
import crypto from 'node:crypto';
import {count} from '../../lib/server.mjs';

const CORP = 'wwa0b1c2d3e4f50617', SECRET = 'wecom-kf-secret-1', TOKEN = 'hubWecom1';
const AES_KEY = 'SHViRGV2S2V5MDFXaXRoTm9uQ2Fub25pY2FsQml0c0F';
const KF = 'wkAAAABBBB0001';
const key = Buffer.from(AES_KEY + '=', 'base64');

function seal(text, receiver = CORP) {
  const message = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  const plain = Buffer.concat([crypto.randomBytes(16), length, message, Buffer.from(receiver)]);
  const pad = 32 - plain.length % 32;
  const cipher = crypto.createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(pad, pad)), cipher.final()]).toString('base64');
}

const sign = (...parts) => crypto.createHash('sha1').update([TOKEN, ...parts].sort().join('')).digest('hex');
const bytes = text => Buffer.byteLength(text ?? '');

export function make({hub = ''} = {}) {
  const accounts = [{open_kfid: KF, name: '桥记旗舰店', avatar: ''}, {open_kfid: 'wkAAAABBBB0002', name: '桥记售后', avatar: ''}];
  const servicers = new Map([[KF, [{userid: 'zhangsan', status: 0}, {userid: 'lisi', status: 1}]]]);
  const people = {
    wmCUST01: {nickname: '小明', avatar: '', gender: 1, unionid: 'oUNION_0001'},
    wmCUST02: {nickname: '阿珍', avatar: '', gender: 2},
  };
  const log = new Map(accounts.map(a => [a.open_kfid, []]));   // what sync_msg tells
  const sessions = new Map();                                  // user@kf → {state, last, left}
  const media = new Map();
  const uploads = new Map();
  const sent = new Map();                                      // msgid → answer
  const codes = new Map();
  const pullTokens = new Set();
  let accessToken = '', drift = 0, target = hub, page = 1000, emptyPages = false, twice = false, next = 1;
  const now = () => Date.now() + drift;
  const session = (user, kf) => {
    const id = `${user}@${kf}`;
    if (!sessions.has(id)) sessions.set(id, {state: 4, last: 0, left: 0});
    return sessions.get(id);
  };
  const ok = (more = {}) => ({body: {errcode: 0, errmsg: 'ok', ...more}});
  const error = (errcode, errmsg) => ({body: {errcode, errmsg: `${errmsg}, hint: [1732250000_1], from ip: 192.0.2.7, more info at the docs`}});

  /** Posts one encrypted callback; what the hub answered. */
  async function callback(xml, {receiver, signature} = {}) {
    const timestamp = String(Math.floor(Date.now() / 1000)), nonce = String(crypto.randomInt(1e9));
    const sealed = seal(xml, receiver);
    const query = new URLSearchParams({msg_signature: signature ?? sign(timestamp, nonce, sealed), timestamp, nonce});
    const body = `<xml><ToUserName><![CDATA[${CORP}]]></ToUserName><AgentID><![CDATA[]]></AgentID><Encrypt><![CDATA[${sealed}]]></Encrypt></xml>`;
    const answer = await fetch(`${target}?${query}`, {method: 'POST', body, headers: {'content-type': 'text/xml'}});
    return {status: answer.status, text: await answer.text()};
  }

  async function ring(kf) {
    const token = `ENC${crypto.randomBytes(12).toString('hex')}`;
    pullTokens.add(token);
    const xml = `<xml><ToUserName><![CDATA[${CORP}]]></ToUserName><CreateTime>${Math.floor(now() / 1000)}</CreateTime><MsgType><![CDATA[event]]></MsgType>`
      + `<Event><![CDATA[kf_msg_or_event]]></Event><Token><![CDATA[${token}]]></Token><OpenKfId><![CDATA[${kf}]]></OpenKfId></xml>`;
    for (let tries = 0; tries < 3; ++tries) {
      const answer = await callback(xml);
      if (answer.status === 200 && (answer.text === '' || answer.text === 'success')) {
        if (twice) await callback(xml);
        return answer;
      }
    }
    return {status: 0};
  }

  function append(kf, message) {
    log.get(kf).push(message);
    if (twice) log.get(kf).push(message);
  }

  async function say({user, kf = KF, origin = 3, msgtype = 'text', at, ...rest}, quiet) {
    const message = {msgid: `kfmsg_${String(next++).padStart(6, '0')}`, open_kfid: kf, external_userid: user,
      send_time: at ?? Math.floor(now() / 1000), origin, msgtype, ...rest};
    append(kf, message);
    if (origin === 3) {
      const s = session(user, kf);
      if (s.state === 4) s.state = 0;
      Object.assign(s, {last: now(), left: 5});
    }
    if (!quiet) await ring(kf);
    return {msgid: message.msgid};
  }

  async function happens({user, kf = KF, at, ...event}, quiet) {
    const {code_is: code, ...told} = event;  // "used": the welcome code works no more
    if (event.welcome_code && code !== 'used') codes.set(event.welcome_code, now());
    append(kf, {msgid: `evt_${next++}`, send_time: at ?? Math.floor(now() / 1000), origin: 4, msgtype: 'event',
      event: {open_kfid: kf, external_userid: user, ...told}});
    if (!quiet) await ring(kf);
    return {};
  }

  /** The body of a message, or what is wrong with it. */
  function malformed(m) {
    const part = m[m.msgtype];
    if (typeof part !== 'object') return 'no body for msgtype';
    switch (m.msgtype) {
      case 'text': return part.content && bytes(part.content) <= 2048 ? '' : 'text size';
      case 'image': case 'voice': case 'video': case 'file':
        return uploads.get(part.media_id) === m.msgtype ? '' : 'media_id';
      case 'link':
        return part.title && bytes(part.title) <= 128 && bytes(part.desc) <= 512 && bytes(part.url) <= 2048 && /^https?:/.test(part.url)
          && uploads.get(part.thumb_media_id) === 'image' ? '' : 'link';
      case 'miniprogram':
        return part.appid && part.pagepath && bytes(part.title) <= 64 && uploads.get(part.thumb_media_id) === 'image' ? '' : 'miniprogram';
      case 'location': return Number.isFinite(part.latitude) && Number.isFinite(part.longitude) ? '' : 'location';
      case 'msgmenu':
        return bytes(part.head_content) <= 1024 && Array.isArray(part.list) && part.list.length <= 10
          && part.list.every(e => typeof e[e.type]?.content === 'string' && (e.type !== 'click' || bytes(e.click.id) <= 128)) ? '' : 'msgmenu';
      default: return `msgtype ${m.msgtype}`;
    }
  }

  function send(m, state) {
    if (!log.has(m.open_kfid)) return error(95000, 'invalid open_kfid');
    if (!/^[0-9a-zA-Z_-]{1,32}$/.test(m.msgid ?? '')) return error(40058, 'invalid msgid');
    if (sent.has(m.msgid)) return sent.get(m.msgid);
    const s = session(m.touser, m.open_kfid);
    if (s.state === 2 || s.state === 3) return error(95018, 'send msg session status invalid');
    if (now() - s.last > 48 * 3600e3) return error(95002, 'send msg out of time');
    if (s.left <= 0) return error(95001, 'send msg count limit');
    const wrong = malformed(m);
    if (wrong === 'media_id') return error(40007, 'invalid media_id');
    if (wrong) return error(40058, `invalid argument: ${wrong}`);
    --s.left;
    state.written.push({to: m.touser, kf: m.open_kfid, ...m});
    const answer = ok({msgid: m.msgid});
    sent.set(m.msgid, answer);
    return answer;
  }

  function sync(q) {
    const list = log.get(q.open_kfid);
    if (!list) return error(95000, 'invalid open_kfid');
    if (q.token !== undefined && !pullTokens.has(q.token)) return error(95007, 'invalid msg token');
    if (!(q.limit >= 1 && q.limit <= 1000)) return error(40058, 'limit');
    let from = 0;
    if (q.cursor) {
      const known = /^CUR(\d+)(e?)$/.exec(q.cursor);
      if (!known || bytes(q.cursor) > 64) return error(40058, 'invalid cursor');
      from = Number(known[1]);
      if (emptyPages && !known[2]) return ok({next_cursor: `CUR${from}e`, has_more: 1, msg_list: []});
    } else if (emptyPages) {
      return ok({next_cursor: 'CUR0e', has_more: 1, msg_list: []});
    }
    const part = list.slice(from, from + Math.min(page, q.limit));
    const end = from + part.length;
    return ok({next_cursor: `CUR${end}`, has_more: end < list.length ? 1 : 0, msg_list: part});
  }

  function multipart(call) {
    const boundary = /boundary=(.+)$/.exec(call.headers['content-type'] ?? '')?.[1];
    if (!boundary) return null;
    const start = call.bytes.indexOf('\r\n\r\n');
    const end = call.bytes.lastIndexOf(`\r\n--${boundary}--`);
    const head = call.bytes.subarray(0, start).toString();
    if (!head.startsWith(`--${boundary}\r\n`) || !/name="media"/.test(head) || !/filename="[^"]+"/.test(head)) return null;
    return call.bytes.subarray(start + 4, end);
  }

  const calls = {
    'POST sync_msg': (call, q) => sync(q),
    'POST send_msg': (call, q, state) => send(q, state),
    'POST send_msg_on_event': (call, q, state) => {
      if (!codes.has(q.code)) return error(95013, 'invalid code');
      if (now() - codes.get(q.code) > 20e3) return error(95013, 'code expired');
      if (!['text', 'msgmenu'].includes(q.msgtype) || malformed(q)) return error(40058, 'invalid argument');
      codes.delete(q.code);
      state.written.push({event: true, ...q});
      return ok({msgid: q.msgid});
    },
    'POST service_state/get': (call, q) => ok({service_state: session(q.external_userid, q.open_kfid).state, servicer_userid: ''}),
    'POST service_state/trans': (call, q) => {
      const s = session(q.external_userid, q.open_kfid);
      const allowed = {0: [1, 2, 3, 4], 1: [2, 3, 4], 2: [3, 4], 3: [3, 4], 4: []}[s.state];
      if (!allowed.includes(q.service_state)) return error(s.state === 4 ? 95013 : 95016, 'not allowed to trans state');
      s.state = q.service_state;
      return ok();
    },
    'POST customer/batchget': (call, q) => {
      if (!(q.external_userid_list?.length <= 100)) return error(40058, 'external_userid_list');
      const [known, unknown] = [[], []];
      for (const id of q.external_userid_list) (people[id] ? known : unknown).push(id);
      return ok({customer_list: known.map(id => ({external_userid: id, ...people[id]})), invalid_external_userid: unknown});
    },
    'POST account/list': (call, q) => ok({account_list: accounts.slice(q.offset, q.offset + Math.min(q.limit, 100))}),
    'GET servicer/list': call => ok({servicer_list: servicers.get(call.query.get('open_kfid')) ?? []}),
    'POST servicer/add': (call, q) => {
      const list = servicers.get(q.open_kfid) ?? [];
      for (const userid of q.userid_list) if (!list.some(s => s.userid === userid)) list.push({userid, status: 0});
      servicers.set(q.open_kfid, list);
      return ok({result_list: q.userid_list.map(userid => ({userid, errcode: 0}))});
    },
  };

  return {
    hint: `corp_id=${CORP} secret=${SECRET} token=${TOKEN} encoding_aes_key=${AES_KEY}`,
    failure(mode) {
      if (mode === 'busy') return error(45009, 'api freq out of limit');
      if (mode === 'expired') return error(42001, 'access_token expired');
      if (mode === 'system') return error(-1, 'system error');
      return {status: 502, raw: '<html>Bad Gateway</html>', headers: {'content-type': 'text/html'}};
    },
    handle(call, state) {
      if (call.path === '/cgi-bin/gettoken' && call.method === 'GET') {
        count(state, 'gettoken');
        ++state.logins;
        if (call.query.get('corpid') !== CORP) return error(40013, 'invalid corpid');
        if (call.query.get('corpsecret') !== SECRET) return error(40001, 'invalid credential');
        accessToken ||= crypto.randomBytes(48).toString('base64url');
        return ok({access_token: accessToken, expires_in: 7200});
      }
      if (call.query.get('access_token') !== accessToken || !accessToken) return error(40014, 'invalid access_token');
      if (call.path === '/cgi-bin/media/upload') {
        count(state, 'upload');
        const kind = call.query.get('type'), file = multipart(call);
        if (!file || file.length < 5) return error(40058, 'no media data');
        if (file.length > {image: 10, voice: 2, video: 10, file: 20}[kind] * 2 ** 20) return error(45001, 'media size out of limit');
        const id = `UP${crypto.randomBytes(16).toString('hex')}`;
        uploads.set(id, kind);
        return ok({type: kind, media_id: id, created_at: String(Math.floor(now() / 1000))});
      }
      if (call.path === '/cgi-bin/media/get') {
        count(state, 'media');
        const file = media.get(call.query.get('media_id'));
        if (!file) return error(40007, 'invalid media_id');
        // Names stand there as they are, in UTF-8.
        const name = Buffer.from(`attachment; filename="${file.name}"`).toString('latin1');
        return {raw: file.bytes, headers: {'content-type': file.type, 'content-disposition': name}};
      }
      const name = `${call.method} ${call.path.replace('/cgi-bin/kf/', '')}`;
      count(state, name);
      if (!calls[name]) return error(404, `no such call ${name}`);
      let q = {};
      if (call.method === 'POST') {
        try {
          q = JSON.parse(call.body);
        } catch {
          return error(47001, 'data format error');
        }
      }
      return calls[name](call, q, state);
    },
    async control(wish) {
      if (wish.hub) target = wish.hub;
      if ('page' in wish) page = wish.page;
      if ('empty_pages' in wish) emptyPages = wish.empty_pages;
      if ('twice' in wish) twice = wish.twice;
      if (wish.hours) drift += wish.hours * 3600e3;
      if (wish.expire || wish.revoke) accessToken = '';
      if (wish.state) session(wish.state.user, wish.state.kf ?? KF).state = wish.state.state;
      if (wish.account) {
        accounts.push({open_kfid: wish.account, name: wish.account, avatar: ''});
        log.set(wish.account, []);
      }
      if (wish.people) Object.assign(people, wish.people);
      if (wish.media) media.set(wish.media.id, {name: wish.media.name ?? 'file', type: wish.media.type, bytes: Buffer.from(wish.media.base64, 'base64')});
      if (wish.forget_uploads) uploads.clear();
      if (wish.say) return say(wish.say, wish.quiet);
      if (wish.burst) {
        for (const one of wish.burst) await say(one, true);
        return ring(KF);
      }
      if (wish.event) return happens(wish.event, wish.quiet);
      if (wish.ring) return ring(wish.ring);
      if (wish.forge) return callback(`<xml><Event>kf_msg_or_event</Event></xml>`, wish.forge);
      if (wish.verify) {
        const timestamp = '1732250000', nonce = '4471902386', echo = seal(wish.verify);
        const query = new URLSearchParams({msg_signature: sign(timestamp, nonce, echo), timestamp, nonce, echostr: echo});
        const answer = await fetch(`${target}?${query}`);
        return {status: answer.status, text: await answer.text()};
      }
      if (wish.sessions) return Object.fromEntries([...sessions].map(([id, s]) => [id, s.state]));
      return {};
    },
  };
}
