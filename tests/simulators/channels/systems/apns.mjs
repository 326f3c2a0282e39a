// Apple's push service: HTTP/2 over TLS. The address printed is the one of the switches; `push=` is the service. `ca=`, `key=`:
// files with its certificate and the provider's key, which are made anew at each start.
//   {"gone": "TOKEN"}     the app was removed from that device (410)       {"bad": "TOKEN"}      no such token (400)
//   {"fail": "busy"|"broken"|"stopping"|"expired"|"hang"|"reset", "times": 2}   the next pushes fail
// GET /_sim: {"written": [{token, headers, payload, collapsed}], "logins": different provider tokens, "sessions": connections}
import {execFileSync} from 'node:child_process';
import {generateKeyPairSync, randomUUID} from 'node:crypto';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import http2 from 'node:http2';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {serve} from '../../lib/server.mjs';
import {read, verify} from '../lib/jwt.mjs';

const KEY = 'HUBKEY0001', TEAM = 'HUBTEAM001', TOPIC = 'com.example.shop';
const failures = {busy: [429, 'TooManyRequests'], broken: [500, 'InternalServerError'], stopping: [503, 'Shutdown'], expired: [403, 'ExpiredProviderToken']};

function certificate(folder) {
  const [key, ca] = ['tls.key', 'ca.pem'].map(name => path.join(folder, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', key, '-out', ca], {stdio: 'ignore'});
  return {key: readFileSync(key), cert: readFileSync(ca), ca};
}

export async function start({port, host}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'qiao-apns-'));
  process.on('exit', () => rmSync(folder, {recursive: true, force: true}));
  const provider = generateKeyPairSync('ec', {namedCurve: 'P-256'});
  const keyFile = path.join(folder, 'provider.p8');
  writeFileSync(keyFile, provider.privateKey.export({type: 'pkcs8', format: 'pem'}), {mode: 0o600});
  const tls = certificate(folder);
  const sim = {gone: new Set(), bad: new Set(), fail: '', times: 0, tokens: new Map(), sessions: 0, newest: 0};
  let state;  // what GET /_sim tells

  const authorised = header => {
    if (!header) return [403, 'MissingProviderToken'];
    const jwt = header.startsWith('bearer ') ? read(header.slice(7)) : undefined;
    if (!jwt || jwt.header.kid !== KEY || jwt.claims.iss !== TEAM || !verify(jwt, 'ES256', provider.publicKey)) return [403, 'InvalidProviderToken'];
    const age = Date.now() / 1000 - jwt.claims.iat;
    if (!Number.isInteger(jwt.claims.iat) || age < -300) return [403, 'InvalidProviderToken'];
    if (age > 3600) return [403, 'ExpiredProviderToken'];
    if (!sim.tokens.has(header)) {
      if (sim.newest && jwt.claims.iat - sim.newest < 1200) return [429, 'TooManyProviderTokenUpdates'];
      sim.newest = jwt.claims.iat;
      sim.tokens.set(header, jwt);
      state.logins = sim.tokens.size;
    }
  };
  const refusal = (headers, body) => {
    if (headers[':method'] !== 'POST') return [405, 'MethodNotAllowed'];
    const token = /^\/3\/device\/([0-9a-fA-F]+)$/.exec(headers[':path'])?.[1];
    if (token === undefined) return [404, 'BadPath'];
    const no = authorised(headers.authorization);
    if (no) return no;
    if (token.length < 64 || /^0+$/.test(token) || sim.bad.has(token)) return [400, 'BadDeviceToken'];
    if (!headers['apns-topic']) return [400, 'MissingTopic'];
    if (headers['apns-topic'] !== TOPIC) return [400, 'DeviceTokenNotForTopic'];
    const kind = headers['apns-push-type'];
    if (!['alert', 'background'].includes(kind)) return [400, 'InvalidPushType'];
    if (!['5', '10', undefined].includes(headers['apns-priority']) || (kind === 'background' && headers['apns-priority'] === '10')) return [400, 'BadPriority'];
    if (headers['apns-expiration'] && !/^\d+$/.test(headers['apns-expiration'])) return [400, 'BadExpirationDate'];
    if (Buffer.byteLength(headers['apns-collapse-id'] ?? '') > 64) return [400, 'BadCollapseId'];
    if (headers['apns-id'] && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(headers['apns-id'])) return [400, 'BadMessageId'];
    if (body.length === 0) return [400, 'PayloadEmpty'];
    if (body.length > 4096) return [413, 'PayloadTooLarge'];
    let payload;
    try {
      payload = JSON.parse(body.toString('utf8'));
    } catch {
      return [400, 'PayloadEmpty'];
    }
    if (typeof payload.aps !== 'object' || (kind === 'alert' && !payload.aps.alert)) return [400, 'PayloadEmpty'];
    if (payload.aps.badge !== undefined && !Number.isInteger(payload.aps.badge)) return [400, 'PayloadEmpty'];
    if (sim.gone.has(token)) return [410, 'Unregistered'];
    const collapse = headers['apns-collapse-id'];
    const before = collapse ? state.written.filter(p => p.token === token && p.headers['apns-collapse-id'] === collapse && !p.collapsed) : [];
    before.forEach(p => (p.collapsed = true));
    const shown = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('apns-')));
    state.written.push({token, headers: shown, payload, collapsed: false});
  };

  const server = http2.createSecureServer({key: tls.key, cert: tls.cert, allowHTTP1: false});
  server.on('session', session => {
    sim.sessions += 1;
    session.on('error', () => {});
  });
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers) => {
    const chunks = [];
    stream.on('error', () => {});
    stream.on('data', chunk => chunks.push(chunk));
    stream.on('end', () => {
      const id = headers['apns-id'] ?? randomUUID();
      const answer = (status, reason) => {
        stream.respond({':status': status, 'apns-id': id, ...(reason ? {'content-type': 'application/json'} : {})});
        stream.end(reason ? JSON.stringify({reason, ...(status === 410 ? {timestamp: Date.now()} : {})}) : undefined);
      };
      if (sim.times > 0) {
        const mode = sim.fail;
        sim.times -= 1;
        if (mode === 'hang') return;
        if (mode === 'reset') return stream.session.destroy();
        return answer(...failures[mode]);
      }
      const no = refusal(headers, Buffer.concat(chunks));
      if (no) answer(...no);
      else answer(200);
    });
  });
  await new Promise(resolve => server.listen(0, host, resolve));

  const switches = await serve({
    secrets: {get sessions() { return sim.sessions; }},
    handle: () => ({status: 404}),
    failure: () => ({status: 404}),
    control(wish, its) {
      state = its;
      if (wish.gone) sim.gone.add(wish.gone);
      if (wish.bad) sim.bad.add(wish.bad);
      if ('fail' in wish) {
        sim.fail = wish.fail;
        sim.times = wish.fail ? wish.times ?? 1 : 0;
      }
    },
  }, {port, host});
  await fetch(`${switches.url}/_sim`, {method: 'POST', body: '{}'});
  return {url: switches.url, hint: `push=https://${host}:${server.address().port} ca=${tls.ca} key=${keyFile} key_id=${KEY} team=${TEAM} topic=${TOPIC}`};
}
