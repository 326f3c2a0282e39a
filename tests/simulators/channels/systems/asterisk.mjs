// Asterisk: the manager interface (AMI) on a TCP port of its own, the REST interface (ARI) below /ari of the printed address.
// User "qiao" and secret "amiSecret1" unless --user and --secret say otherwise. Strict: nothing but Challenge and Login before the
// log-in, a wrong key ends the line, with --tls FOLDER both are encrypted (the certificate is FOLDER/cert.pem), a second WebSocket of one ARI application takes over from the first.
import {createHash, randomInt} from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import {Switchboard, listen, steer} from '../lib/telephone.mjs';
import {frame, upgrade} from '../lib/websocket.mjs';

export async function start({port, host, option}) {
  const user = option('user', 'qiao');
  const secret = option('secret', 'amiSecret1');
  const switches = {orders: [], opened: 0};
  const sessions = new Set();
  const apps = new Map();

  const packet = headers => Object.entries(headers).filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}: ${value}\r\n`).join('') + '\r\n';
  function event(name, headers) {
    const text = packet({Event: name, Privilege: 'call,all', ...headers});
    for (const session of sessions) {
      if (!session.in || session.rest || switches.mute) continue;
      session.send(text);
      if (switches.twice) session.send(text);
    }
  }
  function ari(type, more) {
    const text = JSON.stringify({type, timestamp: new Date().toISOString().replace('Z', '+0000'), ...more});
    for (const [app, session] of apps) {
      if (switches.mute) continue;
      const bytes = frame(1, Buffer.from(JSON.stringify({...JSON.parse(text), application: app})));
      session.send(bytes);
      if (switches.twice) session.send(bytes);
    }
  }

  const names = new Map();
  const channelName = (device, leg) => names.get(leg) ?? (names.set(leg, `PJSIP/${device}-${(names.size + 0x20).toString(16).padStart(8, '0')}`), names.get(leg));
  const trunk = call => channelName(call.outbound ? call.from : 'trunk', call.id);
  const first = call => ({Channel: trunk(call), ChannelState: call.up ? '6' : '4', ChannelStateDesc: call.up ? 'Up' : 'Ring',
    CallerIDNum: call.from || '<unknown>', CallerIDName: call.name || '<unknown>', ConnectedLineNum: '<unknown>', Exten: call.to, Context: 'from-trunk',
    Uniqueid: call.id, Linkedid: call.id});
  const dest = (call, extension, leg) => ({DestChannel: channelName(extension, leg), DestChannelState: '5', DestCallerIDNum: extension, DestUniqueid: leg,
    DestLinkedid: call.id, DialString: extension});
  const own = (call, extension, leg, up = false) => ({Channel: channelName(extension, leg), ChannelState: up ? '6' : '5', ChannelStateDesc: up ? 'Up' : 'Ringing',
    CallerIDNum: extension, CallerIDName: '<unknown>', ConnectedLineNum: call.from, Exten: 's', Context: 'from-internal', Uniqueid: leg, Linkedid: call.id});
  const rest = (name, id, number, cidName, exten, state, connected = '', created = '') => ({id, name, state, caller: {name: cidName, number},
    connected: {name: '', number: connected}, dialplan: {context: 'from-trunk', exten, priority: 1}, creationtime: created, language: 'en'});
  const restFirst = call => rest(trunk(call), call.id, call.from, call.name, call.to, call.up ? 'Up' : 'Ring', '', '2024-11-22T14:03:20.120+0800');
  const restPhone = (call, extension, leg, state = 'Ringing') => rest(channelName(extension, leg), leg, extension, '', 's', state, call.from, '2024-11-22T14:03:21.120+0800');
  const STATUS = {noanswer: 'NOANSWER', cancel: 'CANCEL', busy: 'BUSY', normal: 'ANSWER'};

  const words = {
    arrives(call) {
      event('Newchannel', first(call));
      ari('ChannelCreated', {channel: restFirst(call)});
    },
    queued: call => event('QueueCallerJoin', {...first(call), Queue: call.queue, Position: 1, Count: 1}),
    rings(call, {extension, leg}) {
      event('Newchannel', own(call, extension, leg));
      event('DialBegin', {...first(call), ...dest(call, extension, leg)});
      ari('ChannelCreated', {channel: restPhone(call, extension, leg, 'Down')});
      ari('Dial', {dialstatus: '', dialstring: extension, caller: restFirst(call), peer: restPhone(call, extension, leg, 'Down')});
      ari('Dial', {dialstatus: 'RINGING', dialstring: extension, caller: restFirst(call), peer: restPhone(call, extension, leg)});
    },
    silent(call, {extension, leg, cause}) {
      if (cause !== 'normal') {
        event('DialEnd', {...first(call), ...dest(call, extension, leg), DialStatus: STATUS[cause]});
        ari('Dial', {dialstatus: STATUS[cause], caller: restFirst(call), peer: restPhone(call, extension, leg)});
      }
      event('Hangup', {...own(call, extension, leg), Cause: '16', 'Cause-txt': 'Normal Clearing'});
      ari('ChannelDestroyed', {cause: 16, cause_txt: 'Normal Clearing', channel: restPhone(call, extension, leg)});
    },
    answered(call, {extension, leg}) {
      event('DialEnd', {...first(call), ...dest(call, extension, leg), DialStatus: 'ANSWER'});
      event('BridgeEnter', {...own(call, extension, leg, true), BridgeUniqueid: `bridge-${call.id}`});
      ari('Dial', {dialstatus: 'ANSWER', caller: restFirst(call), peer: restPhone(call, extension, leg, 'Up')});
    },
    placed(call, {extension}) {
      event('Newchannel', {...own(call, extension, call.id), Exten: call.ordered ? '' : call.to});
      ari('ChannelCreated', {channel: {...restPhone(call, extension, call.id, 'Down'), dialplan: {context: 'from-internal', exten: call.ordered ? '' : call.to, priority: 1}}});
    },
    'customer-answers'(call) {
      event('Newchannel', {...own(call, 'trunk', call.customer), CallerIDNum: call.to});
      event('DialBegin', {...first(call), ...dest(call, 'trunk', call.customer)});
      event('DialEnd', {...first(call), ...dest(call, 'trunk', call.customer), DialStatus: 'ANSWER'});
      ari('Dial', {dialstatus: '', caller: restFirst(call), peer: restPhone(call, 'trunk', call.customer, 'Down')});
      ari('Dial', {dialstatus: 'ANSWER', caller: restFirst(call), peer: restPhone(call, 'trunk', call.customer, 'Up')});
    },
    hold(call, {extension, leg}) {
      event('Hold', own(call, extension, leg, true));
      ari('ChannelHold', {channel: restPhone(call, extension, leg, 'Up')});
    },
    unhold(call, {extension, leg}) {
      event('Unhold', own(call, extension, leg, true));
      ari('ChannelUnhold', {channel: restPhone(call, extension, leg, 'Up')});
    },
    transfer(call, {from, extension, leg}) {
      event('BlindTransfer', {Result: 'Success', TransfererChannel: channelName(from, leg), TransfererUniqueid: leg, TransfererLinkedid: call.id,
        TransfereeChannel: trunk(call), TransfereeLinkedid: call.id, IsExternal: 'Yes', Context: 'from-internal', Extension: extension});
      ari('BridgeBlindTransfer', {channel: restPhone(call, from, leg, 'Up'), exten: extension, context: 'from-internal', result: 'Success'});
    },
    recorded(call, {file}) {
      event('VarSet', {...first(call), Variable: 'MIXMONITOR_FILENAME', Value: file});
      ari('ChannelVarset', {channel: restFirst(call), variable: 'MIXMONITOR_FILENAME', value: file});
    },
    ends(call) {
      if (call.customer) {
        event('Hangup', {...own(call, 'trunk', call.customer), Cause: '16', 'Cause-txt': 'Normal Clearing'});
        ari('ChannelDestroyed', {cause: 16, cause_txt: 'Normal Clearing', channel: restPhone(call, 'trunk', call.customer)});
      }
      event('Hangup', {...first(call), Cause: '16', 'Cause-txt': 'Normal Clearing'});
      ari('ChannelDestroyed', {cause: 16, cause_txt: 'Normal Clearing', channel: restFirst(call)});
    },
  };
  const board = new Switchboard((what, call, more) => words[what](call, more));

  function order(id, extension, number) {
    switches.orders.push({call: id, extension, number});
    const call = {id, from: extension, name: '', to: number, queue: '', outbound: true, up: false, held: false, talks: extension, phones: new Map(),
      customer: board.leg(), ordered: true};
    board.calls.set(id, call);
    words.placed(call, {extension});
  }

  function action(session, headers) {
    const id = headers.ActionID ? {ActionID: headers.ActionID} : {};
    const fail = message => session.send(packet({Response: 'Error', ...id, Message: message}));
    const what = (headers.Action ?? '').toLowerCase();
    if (what === 'challenge') {
      if (headers.AuthType !== 'MD5') return fail('Must specify AuthType');
      session.challenge = String(randomInt(100000000, 999999999));
      return session.send(packet({Response: 'Success', ...id, Challenge: session.challenge}));
    }
    if (what === 'login') {
      const key = createHash('md5').update(`${session.challenge}${secret}`).digest('hex');
      const good = headers.Username === user && (headers.AuthType === 'MD5' ? session.challenge && headers.Key === key : headers.Secret === secret);
      if (!good) {
        fail('Authentication failed');
        return session.end();
      }
      session.in = true;
      session.send(packet({Response: 'Success', ...id, Message: 'Authentication accepted'}));
      return session.send(packet({Event: 'FullyBooted', Privilege: 'system,all', Status: 'Fully Booted'}));
    }
    if (!session.in) return fail('Permission denied');
    switch (what) {
      case 'ping':
        return session.send(packet({Response: 'Success', ...id, Ping: 'Pong', Timestamp: (Date.now() / 1000).toFixed(6)}));
      case 'coreshowchannels': {
        session.send(packet({Response: 'Success', ...id, EventList: 'start', Message: 'Channels will follow'}));
        let items = 0;
        const item = headers => { ++items; session.send(packet({Event: 'CoreShowChannel', ...id, ...headers})); };
        for (const call of board.calls.values()) {
          for (const [extension, about] of call.phones) item(own(call, extension, about.leg, about.state === 'talks'));
          item(first(call));
        }
        return session.send(packet({Event: 'CoreShowChannelsComplete', ...id, EventList: 'Complete', ListItems: items}));
      }
      case 'originate': {
        const extension = headers.Channel?.match(/^PJSIP\/(\d+)$/)?.[1];
        if (!extension || !/^\+?[\d*#]+$/.test(headers.Exten ?? '') || !headers.Context || headers.Async !== 'true') return fail('Invalid channel or extension');
        session.send(packet({Response: 'Success', ...id, Message: 'Originate successfully queued'}));
        return order(headers.ChannelId, extension, headers.Exten);
      }
      case 'logoff':
        session.send(packet({Response: 'Goodbye', ...id}));
        return session.end();
      default:
        return fail('Invalid/unknown command');
    }
  }

  const line = await listen({host, switches, sessions, secure: option('tls', ''),
    greet: session => { ++switches.opened; session.send('Asterisk Call Manager/8.0.2\r\n'); },
    take(session) {
      for (let end; (end = session.buffer.indexOf('\r\n\r\n')) >= 0;) {
        const block = session.buffer.subarray(0, end).toString('utf8');
        session.buffer = session.buffer.subarray(end + 4);
        action(session, Object.fromEntries(block.split('\r\n').map(l => [l.slice(0, l.indexOf(':')), l.slice(l.indexOf(':') + 1).trim()])));
      }
    }});

  const allowed = (headers, query) => headers.authorization === `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` ||
    query.get('api_key') === `${user}:${secret}`;
  function handle(call) {
    if (!allowed(call.headers, call.query)) return {status: 401, body: {message: 'Authentication required'}};
    if (call.method === 'GET' && call.path === '/ari/channels') {
      const list = [];
      for (const one of board.calls.values()) {
        for (const [extension, about] of one.phones) list.push(restPhone(one, extension, about.leg, about.state === 'talks' ? 'Up' : 'Ringing'));
        list.push(restFirst(one));
      }
      return {body: list};
    }
    if (call.method === 'POST' && call.path === '/ari/channels') {
      const extension = call.query.get('endpoint')?.match(/^PJSIP\/(\d+)$/)?.[1];
      const number = call.query.get('extension') ?? '';
      if (!extension || !/^\+?[\d*#]+$/.test(number) || !call.query.get('context')) return {status: 400, body: {message: 'Endpoint not found'}};
      const id = call.query.get('channelId') ?? board.leg();
      // The answer comes before the events.
      setImmediate(() => order(id, extension, number));
      return {body: rest(channelName(extension, id), id, number, '', '', 'Down')};
    }
    return {status: 404, body: {message: 'Resource not found'}};
  }

  // The WebSocket needs the server itself, so it stands in front of the one for HTTP and passes everything else on.
  const {url: inner} = await steer({port: 0, host, board, switches, sessions, handle});
  const pass = (request, response) => {
    const onward = http.request(inner + request.url, {method: request.method, headers: request.headers}, answer => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  };
  const watch = (request, socket) => {
    const address = new URL(request.url, 'http://localhost');
    const app = address.searchParams.get('app');
    if (switches.refuse) return socket.destroy();
    if (address.pathname !== '/ari/events' || !app) return socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    if (!allowed(request.headers, address.searchParams)) return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    let session;
    const ws = upgrade(request, socket, {onClose: () => { sessions.delete(session); if (apps.get(app) === session) apps.delete(app); }});
    if (!ws) return;
    ++switches.opened;
    session = {in: true, rest: true, socket, send(bytes) {
      if (switches.half) {
        switches.half = false;
        return socket.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => socket.destroy());
      }
      if (switches.slow) return setTimeout(() => socket.writable && socket.write(bytes), switches.slow);
      socket.write(bytes);
    }};
    const before = apps.get(app);
    before?.send(frame(1, Buffer.from(JSON.stringify({type: 'ApplicationReplaced', application: app}))));
    before?.socket.end();
    apps.set(app, session);
    sessions.add(session);
  };
  const open = (server, at) => new Promise((resolve, reject) => {
    server.on('upgrade', watch).once('error', reject);
    server.listen(at, host, () => resolve(server.address().port));
  });
  const url = `http://${host}:${await open(http.createServer(pass), port)}`;
  const folder = option('tls', '');
  const address = folder ? `https://localhost:${await open(https.createServer({cert: fs.readFileSync(path.join(folder, 'cert.pem')),
    key: fs.readFileSync(path.join(folder, 'key.pem'))}, pass), 0)}` : url;
  return {url, hint: `ami=${line} ari=${address}/ari user=${user} secret=${secret}`};
}
