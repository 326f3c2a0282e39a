// The platform's side of WeChat's message push: writes a message as XML or JSON, signs and encrypts it, posts it, and posts
// it again when no proper answer came in time. Written from the platform's description; shares nothing with the hub.
import crypto from 'node:crypto';
import http from 'node:http';

export const sha1 = parts => crypto.createHash('sha1').update([...parts].sort().join('')).digest('hex');

const keyOf = aesKey => Buffer.from(`${aesKey}=`, 'base64');

/** The Encrypt field: AES-256-CBC over random, length, message and app id, padded to 32 bytes. */
export function encrypt(message, {aesKey, appId}) {
  const key = keyOf(aesKey);
  const text = Buffer.from(message, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  let plain = Buffer.concat([crypto.randomBytes(16), length, text, Buffer.from(appId)]);
  const more = 32 - plain.length % 32;
  plain = Buffer.concat([plain, Buffer.alloc(more, more)]);
  const cipher = crypto.createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64');
}

/** Throws when it was not written for this account. */
export function decrypt(sealed, {aesKey, appId}) {
  const key = keyOf(aesKey);
  const decipher = crypto.createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(Buffer.from(sealed, 'base64')), decipher.final()]);
  const more = plain.at(-1);
  if (more < 1 || more > 32 || !plain.subarray(-more).every(byte => byte === more)) throw new Error('wrong padding');
  const length = plain.readUInt32BE(16);
  const end = plain.length - more;
  if (20 + length > end) throw new Error('wrong length');
  if (plain.subarray(20 + length, end).toString() !== appId) throw new Error('sealed for another app id');
  return plain.subarray(20, 20 + length).toString('utf8');
}

const cdata = text => `<![CDATA[${String(text).replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
const numeric = new Set(['CreateTime', 'MsgId', 'MsgID', 'Location_X', 'Location_Y', 'Scale']);

export const toXml = fields => `<xml>${Object.entries(fields)
  .map(([name, value]) => `<${name}>${numeric.has(name) ? value : cdata(value)}</${name}>`).join('')}</xml>`;

/** Flat elements of an answer; throws when it is not the XML that the platform takes. */
export function fromXml(text) {
  const body = /^<xml>([\s\S]*)<\/xml>\s*$/.exec(text);
  if (!body) throw new Error('an answer must be one <xml> element');
  const fields = {};
  const element = /\s*<(\w+)>((?:<!\[CDATA\[[\s\S]*?\]\]>|[^<])*)<\/\1>/y;
  let at = 0;
  while (at < body[1].trimEnd().length) {
    element.lastIndex = at;
    const found = element.exec(body[1]);
    if (!found) throw new Error(`not understood: ${body[1].slice(at, at + 40)}`);
    fields[found[1]] = found[2].replace(/<!\[CDATA\[([\s\S]*?)\]\]>/g, '$1');
    at = element.lastIndex;
  }
  return fields;
}

// MsgId goes beyond 2^53: it stands in the JSON as digits.
const toJson = fields => `{${Object.entries(fields)
  .map(([name, value]) => `${JSON.stringify(name)}:${name === 'MsgId' || typeof value === 'number' ? value : JSON.stringify(value)}`).join(',')}}`;

/** Address and body of one post. `account`: {token, aesKey, appId, mode, format}. */
export function signed(fields, account, {timestamp = Math.floor(Date.now() / 1000), breakSignature = false} = {}) {
  const json = account.format === 'json';
  const plain = json ? toJson(fields) : toXml(fields);
  const nonce = String(crypto.randomInt(1e9));
  const query = new URLSearchParams({signature: sha1([account.token, String(timestamp), nonce]), timestamp: String(timestamp), nonce,
    openid: fields.FromUserName});
  if (breakSignature) query.set('signature', '0'.repeat(40));
  if (account.mode === 'plain') return {query, body: plain, json};
  const sealed = encrypt(plain, account);
  query.set('encrypt_type', 'aes');
  query.set('msg_signature', sha1([account.token, String(timestamp), nonce, sealed]));
  if (breakSignature === 'message') query.set('msg_signature', '0'.repeat(40));
  const outer = account.mode === 'compatible' ? {...fields, Encrypt: sealed} : {ToUserName: fields.ToUserName, Encrypt: sealed};
  return {query, body: json ? toJson(outer) : toXml(outer), json};
}

/** One POST; {status, body} or {cut: why}. The connection is cut after `limit` ms, as the platform does after 5 s. */
export function post(url, {query, body, json}, {limit = 5000, agent, halfClosed = false} = {}) {
  return new Promise(resolve => {
    const target = new URL(url);
    for (const [name, value] of query) target.searchParams.set(name, value);
    const request = http.request(target, {method: 'POST', agent,
      headers: {'content-type': json ? 'application/json' : 'text/xml', 'content-length': Buffer.byteLength(body)}});
    const timer = setTimeout(() => { request.destroy(); resolve({cut: 'too late'}); }, limit);
    const done = what => { clearTimeout(timer); resolve(what); };
    request.on('response', response => {
      const chunks = [];
      response.on('data', chunk => chunks.push(chunk));
      response.on('end', () => done({status: response.statusCode, body: Buffer.concat(chunks).toString('utf8')}));
      response.on('error', error => done({cut: error.message}));
    });
    request.on('error', error => done({cut: error.message}));
    request.end(body);
    // Says that it sends nothing more, and still wants the answer.
    if (halfClosed) request.on('socket', socket => socket.once('connect', () => request.once('finish', () => socket.end())));
  });
}

/** What an answer means: null when the platform takes it for none and posts again, else {} or the message in it. */
export function meaning(answer, account, user) {
  if (answer.cut || answer.status !== 200) return null;
  const text = answer.body.trim();
  if (text === 'success' || text === '') return {};
  let fields = fromXml(text);
  if (fields.Encrypt !== undefined) {
    if (account.mode === 'plain') throw new Error('an encrypted answer in plain mode');
    if (sha1([account.token, fields.TimeStamp, fields.Nonce, fields.Encrypt]) !== fields.MsgSignature) throw new Error('the answer is not signed right');
    fields = fromXml(decrypt(fields.Encrypt, account));
  } else if (account.mode === 'safe') {
    throw new Error('a plain answer in safe mode');
  }
  if (fields.ToUserName !== user) throw new Error('the answer is for somebody else');
  if (fields.FromUserName !== account.account) throw new Error('the answer is from another account');
  if (!/^\d+$/.test(fields.CreateTime)) throw new Error('the answer has no time');
  if (fields.MsgType === 'text' && !fields.Content) throw new Error('an empty answer');
  return fields;
}

/** Delivers as the platform does: up to three posts. {tries, shown, ms: of each try, problem}. */
export async function deliver(url, fields, account, {limit = 5000, agent, tries = 3, halfClosed = false, breakSignature = false, timestamp} = {}) {
  const result = {tries: 0, ms: [], statuses: [], shown: null};
  while (result.tries < tries) {
    result.tries += 1;
    const began = performance.now();
    const answer = await post(url, signed(fields, account, {breakSignature, timestamp}), {limit, agent, halfClosed});
    result.ms.push(performance.now() - began);
    result.statuses.push(answer.cut ?? answer.status);
    try {
      const said = meaning(answer, account, fields.FromUserName);
      if (said) {
        result.shown = said.MsgType ? said : null;
        return result;
      }
    } catch (error) {
      result.problem = error.message;
      return result;
    }
  }
  result.problem = 'no answer: the customer reads that the account is out of service';
  return result;
}
