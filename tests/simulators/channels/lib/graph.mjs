// What WhatsApp and Messenger share on Meta's side: tokens, the signature of webhooks, the shape of errors.
import {createHmac} from 'node:crypto';
import {Hook} from './hook.mjs';

export const SECRET = 'metaAppSecret0001', VERIFY = 'verify-me';

/** Meta escapes what is not ASCII in the bodies that it signs. */
const escaped = value => JSON.stringify(value).replace(/[\u0080-\uffff]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

export class Meta {
  constructor(hub, token) {
    this.genuine = token;
    this.token = token;
    this.proof = false;
    this.hook = new Hook(hub, raw => ({'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(raw).digest('hex')}`}));
  }

  refuse(status, code, message, more = {}) {
    return {status, body: {error: {message, type: 'OAuthException', code, ...more, fbtrace_id: 'AbC'}}};
  }

  /** The answer to a call without the right to make it; nothing when it has it. */
  unauthorized(call) {
    const given = call.headers.authorization?.replace('Bearer ', '') ?? call.query.get('access_token');
    if (given !== this.token) return this.refuse(401, 190, 'Error validating access token: the session is invalid', {error_subcode: 463});
    const proof = createHmac('sha256', SECRET).update(this.token).digest('hex');
    if (this.proof && call.query.get('appsecret_proof') !== proof) return this.refuse(400, 100, 'Invalid appsecret_proof provided in the API argument');
    return undefined;
  }

  send(body, more) {
    return this.hook.send(typeof body === 'string' ? body : escaped(body), more);
  }

  async control(wish) {
    this.hook.wish(wish);
    if (wish.revoke) this.token = 'revoked';
    if (wish.restore) this.token = this.genuine;
    if (wish.proof !== undefined) this.proof = wish.proof;
    if (wish.verify) {
      const response = await fetch(`${this.hook.url}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${encodeURIComponent(wish.verify)}`);
      return {status: response.status, text: await response.text()};
    }
    if (wish.raw !== undefined) return this.send(wish.raw, {forge: wish.forge ?? {}});
    return undefined;
  }
}
