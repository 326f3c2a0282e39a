// Douyin (抖音): OAuth with renewals, comments and replies, private messages, signed webhooks. Switches of its own, beside those
// of lib/server.mjs:
//   {"hub": "http://…/hooks/douyin"}                     where webhooks go
//   {"comment": {"user": "cust-1", "item": "@v1==", "text": "…", "to": "@comment"}, "quiet": true}
//                                                        a customer comments; quiet: no webhook
//   {"message": {"user": "cust-1", "message_type": "text", "text": "…"}}   a private message
//   {"event": {"event": "im_enter_direct_msg", "from_user_id": …, "content": {…}}}   any other webhook
//   {"twice": true, "as_text": true}                     webhooks come twice; their content as a text with JSON
//   {"hold": true}, {"hold": false}                      webhooks wait; then they come in the wrong order
//   {"verify": 12345}                                    the console saves the address
//   {"forge": "…"}                                       a webhook with this signature
//   {"expire": true}                                     the access token is not valid any more
//   {"hours": 25}                                        so much time passes
//   {"under": "@comment"}                                the replies that stand under a comment
import crypto from 'node:crypto';
import {count} from '../../lib/server.mjs';

const KEY = 'aw1234567890abcd', SECRET = '2f8a1c3d5e7b9a0c1d2e3f4a5b6c7d8e';
const ACCOUNT = 'b0000002-aaaa-4bbb-8ccc-000000000002', REFRESH = 'rft.first';

export function make({hub = ''} = {}) {
  const names = {'cust-1': '小明', 'cust-2': '阿珍'};
  const videos = {'@9VwKzuuES8gmaXS7ZohtSM780mzrPfCHPJJ4qwKvL1gaa/L/60zdRmYqig357zEBwmOi4mAd96+gp/pfsAZc7Q==': '秋冬口红试色', '@v2==': '围巾的三种系法'};
  const comments = [];         // {comment_id, item_id, parent, comment_user_id, content, create_time}
  const talks = new Map();     // conversation → {user, last, left, opened, ids}
  const grants = new Map([[REFRESH, {renewals: 0}]]);
  const tokens = new Set();
  const images = new Set();
  let drift = 0, target = hub, twice = false, asText = false, next = 1;
  const now = () => Date.now() + drift;
  const id = kind => `@${kind}${next++}/+${crypto.randomBytes(9).toString('base64')}==`;
  const good = (data, more = {}) => ({body: {data: {error_code: 0, description: '', ...data}, extra: {error_code: 0, sub_error_code: 0, description: '', logid: '20241122', now: now()}, ...more}});
  const bad = (error_code, description) => ({body: {data: {error_code, description}, extra: {error_code, description, sub_error_code: 0, logid: '20241122', now: now()}}});

  const held = [];
  let hold = false;
  async function post(body, signature) {
    if (hold) {
      held.unshift(body);
      return undefined;
    }
    const raw = JSON.stringify(body);
    const headers = {'content-type': 'application/json', 'msg-id': crypto.randomUUID(),
      'x-douyin-signature': signature ?? crypto.createHash('sha1').update(SECRET + raw).digest('hex')};
    let answer;
    for (let sent = 0; sent < (twice ? 2 : 1); ++sent) {
      for (let tries = 0; tries < 3; ++tries) {
        try {
          answer = await fetch(target, {method: 'POST', body: raw, headers, signal: AbortSignal.timeout(5000)});
          if (answer.status === 200 || signature) break;
        } catch {
          answer = undefined;
        }
      }
    }
    return answer ? {status: answer.status, text: await answer.text()} : {status: 0};
  }

  const tell = (event, from, to, content) => post({event, client_key: KEY, from_user_id: from, to_user_id: to, log_id: '20241122LOG1',
    content: asText ? JSON.stringify(content) : content});

  function commented(user, item, text, parent = '') {
    const one = {comment_id: id('c'), item_id: item, parent, comment_user_id: user, nick_name: names[user] ?? '', avatar: '',
      content: text, create_time: Math.floor(now() / 1000), digg_count: 0};
    comments.push(one);
    return one;
  }

  const announce = one => tell('item_comment_reply', one.comment_user_id, ACCOUNT, {comment_id: one.comment_id,
    comment_user_id: one.comment_user_id, content: one.content, create_time: one.create_time, digg_count: 0, reply_comment_total: 0,
    reply_to_comment_id: one.parent, reply_to_item_id: one.item_id, at_user_id: ''});

  function talk(user) {
    const key = `@conv-${user}==`;
    if (!talks.has(key)) talks.set(key, {user, last: 0, left: 0, opened: 0, greetings: 0, ids: new Set()});
    return [key, talks.get(key)];
  }

  const listed = one => ({...one, reply_comment_total: comments.filter(c => c.parent === one.comment_id).length, top: false});

  /** A page of a list, newest first. */
  function page(list, call, most) {
    const from = Number(call.query.get('cursor') ?? 0), size = Number(call.query.get('count') ?? 10);
    if (!(size >= 1 && size <= most)) return bad(2100005, 'count');
    const part = list.slice(from, from + size);
    return good({cursor: from + part.length, has_more: from + part.length < list.length, list: part.map(listed)});
  }

  function send(q, state) {
    const place = talks.get(q.conversation_id);
    if (!place || place.user !== q.to_user_id) return bad(2100005, 'conversation_id');
    if (!place.ids.has(q.msg_id)) return bad(28003082, 'msg_id is not a message of the user');
    const age = now() - place.last;
    if (q.scene === 'im_reply_msg') {
      if (age > 24 * 3600e3) return bad(28003081, 'out of time');
      if (place.left <= 0) return bad(28003070, 'too many messages');
    } else if (q.scene === 'im_enter_direct_msg') {
      if (now() - place.opened > 30e3 || place.greetings >= 3) return bad(28003081, 'out of time');
    } else {
      return bad(2100005, 'scene');
    }
    const content = q.content ?? {};
    if (content.msg_type === 1) {
      if (!content.text?.text || [...content.text.text].length > 1000 || /https?:/.test(content.text.text)) return bad(28001038, 'content not allowed');
    } else if (content.msg_type === 2) {
      if (!images.has(content.image?.media_id)) return bad(2100005, 'media_id');
    } else {
      return bad(2100005, 'msg_type');
    }
    if (q.scene === 'im_reply_msg') --place.left; else ++place.greetings;
    const made = id('m');
    state.written.push({message: q, id: made});
    // The platform tells about everything that goes out, from wherever.
    if (target) {
      setTimeout(() => tell('im_send_msg', ACCOUNT, place.user, {conversation_short_id: q.conversation_id, server_message_id: made,
        create_time: now(), message_type: 'text', text: content.text?.text ?? ''}).catch(() => {}), 5);
    }
    return good({}, {msg_id: made});
  }

  function oauth(call, state) {
    const form = new URLSearchParams(call.body);
    if (form.get('client_key') !== KEY) return bad(10003, 'client_key');
    switch (call.path) {
      case '/oauth/refresh_token/': {
        if (!grants.has(form.get('refresh_token'))) return bad(10010, 'refresh_token expired');
        ++state.logins;
        const access = `act.${crypto.randomBytes(24).toString('hex')}`;
        tokens.add(access);
        return good({access_token: access, expires_in: '1296000', refresh_token: form.get('refresh_token'), refresh_expires_in: '2592000',
          open_id: ACCOUNT, scope: 'item.comment'}, {message: 'success'});
      }
      case '/oauth/renew_refresh_token/': {
        const grant = grants.get(form.get('refresh_token'));
        if (!grant) return bad(10010, 'refresh_token expired');
        if (grant.renewals >= 5) return bad(10020, 'too often');
        grants.delete(form.get('refresh_token'));
        const fresh = `rft.${crypto.randomBytes(12).toString('hex')}`;
        grants.set(fresh, {renewals: grant.renewals + 1});
        return good({refresh_token: fresh, expires_in: '2592000'}, {message: 'success'});
      }
      case '/oauth/access_token/': {
        if (form.get('client_secret') !== SECRET) return bad(10013, 'client_secret');
        if (form.get('code') !== 'code-1' || form.get('grant_type') !== 'authorization_code') return bad(10007, 'code');
        grants.set('rft.by-code', {renewals: 0});
        const access = `act.${crypto.randomBytes(24).toString('hex')}`;
        tokens.add(access);
        return good({access_token: access, expires_in: 1296000, refresh_token: 'rft.by-code', refresh_expires_in: 2592000, open_id: ACCOUNT}, {message: 'success'});
      }
    }
    return undefined;
  }

  return {
    hint: `client_key=${KEY} client_secret=${SECRET} open_id=${ACCOUNT} refresh_token=${REFRESH}`,
    failure(mode) {
      if (mode === 'busy') return {status: 429, body: {}, headers: {'retry-after': '1'}};
      if (mode === 'expired') return bad(10008, 'access_token expired');
      if (mode === 'system') return bad(28001005, 'system error');
      return {status: 502, raw: '<html>Bad Gateway</html>', headers: {'content-type': 'text/html'}};
    },
    handle(call, state) {
      count(state, call.path);
      const authorised = /^\/oauth\/(access_token|refresh_token|renew_refresh_token)\/$/.test(call.path) ? oauth(call, state) : undefined;
      if (authorised) return authorised;
      if (call.path === '/picture.png') return {raw: Buffer.from('iVBORw0KGgoAAAA=', 'base64'), headers: {'content-type': 'image/png'}};
      if (!tokens.has(call.headers['access-token'])) return bad(10008, 'access_token expired');
      if (call.query.get('open_id') !== ACCOUNT) return bad(2100005, 'open_id');
      // Every value is to be encoded on its own, once.
      if (/[@/]/.test(call.rawQuery)) return bad(2100005, 'encode item_id');
      if (call.path === '/tool/imagex/client_upload/') {
        if (!/^multipart\/form-data; boundary=/.test(call.headers['content-type'] ?? '') || !call.body.includes('name="image"')) return bad(2100005, 'image');
        const made = `img-${next++}`;
        images.add(made);
        return good({image: {image_id: made}});
      }
      if (call.path === '/oauth/userinfo/') return good({open_id: ACCOUNT, nickname: '桥记彩妆', avatar: '', union_id: 'u-1'});
      let q = {};
      if (call.method === 'POST') {
        if (call.headers['content-type'] !== 'application/json') return bad(2100005, 'content-type');
        q = JSON.parse(call.body);
      }
      switch (call.path) {
        case '/api/douyin/v1/video/video_data/':
          return good({list: q.item_ids.filter(i => videos[i]).map(i => ({item_id: i, title: videos[i], cover: `${call.origin}/picture.png`,
            share_url: `https://www.iesdouyin.com/share/video/${encodeURIComponent(i)}`, create_time: 1732250000}))});
        case '/item/comment/list/': {
          const item = call.query.get('item_id');
          if (!videos[item]) return bad(2100005, 'item_id');
          return page(comments.filter(c => c.item_id === item && !c.parent).reverse(), call, 20);
        }
        case '/item/comment/reply/list/':
          if (!comments.some(c => c.comment_id === call.query.get('comment_id'))) return bad(2100005, 'comment_id');
          return page(comments.filter(c => c.parent === call.query.get('comment_id')).reverse(), call, 20);
        case '/item/comment/reply/': {
          if (!videos[q.item_id]) return bad(2100005, 'item_id');
          if (q.comment_id && !comments.some(c => c.comment_id === q.comment_id && c.item_id === q.item_id)) return bad(2100005, 'comment_id');
          if (!q.content || [...q.content].length > 100 || /https?:/.test(q.content)) return bad(28001038, 'content not allowed');
          const made = commented(ACCOUNT, q.item_id, q.content, q.comment_id ?? '');
          state.written.push({comment: q});
          if (target) setTimeout(() => announce(made).catch(() => {}), 5);
          return good({comment_id: made.comment_id});
        }
        case '/im/send/msg/': return send(q, state);
        case '/api/im/message/resources/': return good({url: `${call.origin}/picture.png`, media_type: 'image'});
      }
      return bad(2100005, 'no such call');
    },
    async control(wish) {
      if (wish.hub) target = wish.hub;
      if ('hold' in wish) {
        hold = wish.hold;
        for (const body of hold ? [] : held.splice(0)) await post(body);
      }
      if ('twice' in wish) twice = wish.twice;
      if ('as_text' in wish) asText = wish.as_text;
      if (wish.hours) drift += wish.hours * 3600e3;
      if (wish.expire || wish.revoke) tokens.clear();
      if (wish.end_grants) grants.clear();
      if (wish.verify !== undefined) return post({event: 'verify_webhook', client_key: '', content: {challenge: wish.verify}});
      if (wish.forge) return post({event: 'im_receive_msg', content: {}}, wish.forge);
      if (wish.comment) {
        const {user, item = Object.keys(videos)[0], text, to = ''} = wish.comment;
        const one = commented(user, item, text, to);
        return {comment_id: one.comment_id, item_id: item, ...(wish.quiet ? {} : await announce(one))};
      }
      if (wish.message) {
        const {user, ...rest} = wish.message;
        const [conversation, place] = talk(user);
        const message = id('m');
        place.ids.add(message);
        Object.assign(place, {last: now(), left: 6});
        return {server_message_id: message, ...await tell('im_receive_msg', user, wish.to ?? ACCOUNT, {conversation_short_id: conversation,
          server_message_id: message, conversation_type: 1, create_time: now(), message_type: 'text', scene_type: 100, source: '', ...rest,
          user_infos: [{open_id: user, nick_name: names[user] ?? '', avatar: ''}, {open_id: ACCOUNT, nick_name: '桥记彩妆', avatar: ''}]})};
      }
      if (wish.enter) {
        const [conversation, place] = talk(wish.enter);
        const message = id('m');
        place.ids.add(message);
        Object.assign(place, {opened: now(), greetings: 0});
        return tell('im_enter_direct_msg', wish.enter, ACCOUNT, {conversation_short_id: conversation, server_message_id: message,
          create_time: now(), path: 'pages/shop', query: 'sku=A-7'});
      }
      if (wish.event) return tell(wish.event.event, wish.event.from_user_id, wish.event.to_user_id ?? ACCOUNT, wish.event.content ?? {});
      if (wish.under) return {replies: comments.filter(c => c.parent === wish.under).map(c => ({user: c.comment_user_id, content: c.content}))};
      return {};
    },
  };
}
