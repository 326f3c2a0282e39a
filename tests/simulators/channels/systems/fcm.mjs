// Firebase Cloud Messaging, HTTP v1, with Google's token endpoint. `account=` is the service account's file.
//   {"gone": "TOKEN"}    the app was removed (404 UNREGISTERED)       {"bad": "TOKEN"}   no such token (400 INVALID_ARGUMENT)
//   {"fail": "busy"|"broken"|"expired", "times": 2}    {"revoke": true}: access tokens are gone
import {generateKeyPairSync, randomBytes} from 'node:crypto';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {count, serve} from '../../lib/server.mjs';
import {read, verify} from '../lib/jwt.mjs';

const PROJECT = 'qiao-shop', EMAIL = 'push@qiao-shop.iam.gserviceaccount.com', SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const error = (status, name, code, headers) => ({status, headers, body: {error: {code: status, message: name, status: name,
  details: code ? [{'@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: code}] : []}}});

export async function start({port, host}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'qiao-fcm-'));
  process.on('exit', () => rmSync(folder, {recursive: true, force: true}));
  const keys = generateKeyPairSync('rsa', {modulusLength: 2048});
  const gone = new Set(), bad = new Set();

  const token = (call, state) => {
    count(state, 'token');
    const form = new URLSearchParams(call.body);
    const jwt = read(form.get('assertion'));
    const refused = says => ({status: 400, body: {error: 'invalid_grant', error_description: says}});
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer' || !jwt) return refused('no assertion');
    if (!verify(jwt, 'RS256', keys.publicKey)) return refused('Invalid JWT Signature.');
    const {iss, scope, aud, iat, exp} = jwt.claims;
    const now = Date.now() / 1000;
    if (iss !== EMAIL || scope !== SCOPE || aud !== `${call.origin}/token`) return refused('wrong iss, scope or aud');
    if (!(iat <= now + 300 && exp > now && exp - iat <= 3600)) return refused('Token must be a short-lived token');
    const made = `ya29.${randomBytes(24).toString('base64url')}`;
    state.sessions.set(made, true);
    state.logins += 1;
    return {body: {access_token: made, expires_in: 3599, token_type: 'Bearer'}};
  };
  const send = (call, state) => {
    count(state, 'send');
    if (!state.sessions.has(call.headers.authorization?.replace(/^Bearer /, ''))) return error(401, 'UNAUTHENTICATED');
    const message = JSON.parse(call.body).message;
    const invalid = what => error(400, 'INVALID_ARGUMENT', what ? undefined : 'INVALID_ARGUMENT');
    if (!message || typeof message.token !== 'string' || bad.has(message.token)) return invalid();
    if (Object.values(message.data ?? {}).some(value => typeof value !== 'string')) return invalid('data');
    if (message.android?.ttl && !/^\d+(\.\d+)?s$/.test(message.android.ttl)) return invalid('ttl');
    if (message.android?.priority && !['NORMAL', 'HIGH'].includes(message.android.priority)) return invalid('priority');
    if (Buffer.byteLength(JSON.stringify(message.data ?? {}) + JSON.stringify(message.notification ?? {})) > 4096) return invalid('size');
    if (gone.has(message.token)) return error(404, 'NOT_FOUND', 'UNREGISTERED');
    state.written.push(message);
    return {body: {name: `projects/${PROJECT}/messages/${state.written.length}`}};
  };
  const system = {
    handle(call, state) {
      if (call.method !== 'POST') return error(404, 'NOT_FOUND');
      if (call.path === '/token') return token(call, state);
      if (call.path === `/v1/projects/${PROJECT}/messages:send`) return send(call, state);
      return error(404, 'NOT_FOUND');
    },
    failure: mode => mode === 'busy' ? error(429, 'RESOURCE_EXHAUSTED', 'QUOTA_EXCEEDED', {'retry-after': '1'})
      : mode === 'expired' ? error(401, 'UNAUTHENTICATED') : error(503, 'UNAVAILABLE', 'UNAVAILABLE'),
    control(wish) {
      if (wish.gone) gone.add(wish.gone);
      if (wish.bad) bad.add(wish.bad);
    },
  };
  const {url} = await serve(system, {port, host});
  const account = path.join(folder, 'service-account.json');
  writeFileSync(account, JSON.stringify({type: 'service_account', project_id: PROJECT, private_key_id: 'k1', client_email: EMAIL,
    private_key: keys.privateKey.export({type: 'pkcs8', format: 'pem'}), token_uri: `${url}/token`}), {mode: 0o600});
  return {url, hint: `account=${account} project=${PROJECT}`};
}
