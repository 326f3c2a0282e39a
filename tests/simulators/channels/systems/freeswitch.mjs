// FreeSWITCH's event socket (mod_event_socket): password "ClueCon" unless --password says otherwise. Strict: nothing but `auth`
// before the log-in, only events that were asked for, replies in the order of the commands.
import {randomUUID} from 'node:crypto';
import {Switchboard, listen, steer} from '../lib/telephone.mjs';

const encode = value => encodeURIComponent(value).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export async function start({port, host, option}) {
  const password = option('password', 'ClueCon');
  const switches = {orders: [], opened: 0};
  const sessions = new Set();
  const uuids = new Map();
  // The exchange names its channels by UUID; tests name calls as they like.
  const uuid = name => uuids.get(name) ?? (uuids.set(name, /^[0-9a-f-]{36}$/.test(name) ? name : randomUUID()), uuids.get(name));

  function event(name, headers) {
    const inner = Object.entries({'Event-Name': name, 'Core-UUID': '99990000-1111-2222-3333-444455556666',
      'Event-Date-Timestamp': `${Date.now()}000`, ...headers}).filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}: ${encode(String(value))}\n`).join('') + '\n';
    const outer = `Content-Length: ${Buffer.byteLength(inner)}\nContent-Type: text/event-plain\n\n${inner}`;
    for (const session of sessions) {
      const wanted = name === 'CUSTOM' ? `CUSTOM ${headers['Event-Subclass']}` : name;
      if (!session.in || switches.mute || !session.events?.has(wanted)) continue;
      session.send(outer);
      if (switches.twice) session.send(outer);
    }
  }

  const first = call => ({'Unique-ID': uuid(call.id), 'Channel-Call-UUID': uuid(call.id), 'Call-Direction': 'inbound',
    'Caller-Caller-ID-Number': call.from, 'Caller-Caller-ID-Name': call.name, 'Caller-Destination-Number': call.to,
    'Channel-Name': `sofia/external/${call.from}@192.0.2.10`});
  const phone = (call, {extension, leg}) => ({'Unique-ID': uuid(leg), 'Channel-Call-UUID': uuid(call.id), 'Other-Leg-Unique-ID': uuid(call.id),
    'Call-Direction': 'outbound', 'Caller-Caller-ID-Number': call.from, 'Caller-Destination-Number': extension, 'variable_dialed_user': extension,
    'Channel-Name': `sofia/internal/${extension}@192.0.2.20:5060`});
  const CAUSES = {normal: 'NORMAL_CLEARING', noanswer: 'NO_ANSWER', busy: 'USER_BUSY', cancel: 'ORIGINATOR_CANCEL'};

  const words = {
    arrives: call => event('CHANNEL_CREATE', {...first(call), 'Answer-State': 'ringing'}),
    queued: call => event('CUSTOM', {'Event-Subclass': 'callcenter::info', 'CC-Action': 'member-queue-start', 'CC-Queue': `${call.queue}@default`,
      'CC-Member-Session-UUID': uuid(call.id), 'CC-Member-CID-Number': call.from}),
    rings: (call, more) => {
      event('CHANNEL_CREATE', {...phone(call, more), 'Answer-State': 'ringing'});
      event('CHANNEL_PROGRESS', {...phone(call, more), 'Answer-State': 'ringing'});
    },
    silent: (call, more) => event('CHANNEL_HANGUP_COMPLETE', {...phone(call, more), 'Hangup-Cause': CAUSES[more.cause]}),
    answered: (call, more) => {
      event('CHANNEL_ANSWER', {...phone(call, more), 'Answer-State': 'answered'});
      event('CHANNEL_BRIDGE', {...first(call), 'Other-Leg-Unique-ID': uuid(more.leg), 'Bridge-A-Unique-ID': uuid(call.id), 'Bridge-B-Unique-ID': uuid(more.leg)});
    },
    placed: (call, {extension}) => event('CHANNEL_CREATE', call.ordered
      ? {...phone(call, {extension, leg: call.id}), 'Other-Leg-Unique-ID': undefined} : first(call)),
    'customer-answers': call => {
      const leg = {'Unique-ID': uuid(call.customer), 'Channel-Call-UUID': uuid(call.id), 'Other-Leg-Unique-ID': uuid(call.id), 'Call-Direction': 'outbound',
        'Caller-Destination-Number': call.to, 'Channel-Name': `sofia/gateway/main/${call.to}`};
      event('CHANNEL_CREATE', leg);
      event('CHANNEL_ANSWER', leg);
    },
    hold: (call, {leg}) => event('CHANNEL_HOLD', {'Unique-ID': uuid(leg), 'Channel-Call-UUID': uuid(call.id)}),
    unhold: (call, {leg}) => event('CHANNEL_UNHOLD', {'Unique-ID': uuid(leg), 'Channel-Call-UUID': uuid(call.id)}),
    transfer: () => {},
    recorded: (call, {file}) => event('RECORD_STOP', {...first(call), 'Record-File-Path': file, 'variable_record_seconds': '12'}),
    ends: (call, {cause}) => {
      if (call.customer) event('CHANNEL_HANGUP_COMPLETE', {'Unique-ID': uuid(call.customer), 'Channel-Call-UUID': uuid(call.id), 'Hangup-Cause': CAUSES[cause]});
      event('CHANNEL_HANGUP_COMPLETE', {...first(call), 'Hangup-Cause': CAUSES[cause] ?? cause, 'variable_billsec': '0'});
    },
  };
  const board = new Switchboard((what, call, more) => words[what](call, more));

  function channels() {
    const rows = [];
    for (const call of board.calls.values()) {
      rows.push({uuid: uuid(call.id), direction: 'inbound', name: `sofia/external/${call.from}@192.0.2.10`, state: 'CS_EXECUTE', cid_name: call.name,
        cid_num: call.from, dest: call.to, callstate: call.up ? 'ACTIVE' : 'RINGING', call_uuid: uuid(call.id)});
      for (const [extension, about] of call.phones) {
        rows.unshift({uuid: uuid(about.leg), direction: 'outbound', name: `sofia/internal/${extension}@192.0.2.20:5060`, state: 'CS_EXCHANGE_MEDIA',
          cid_name: call.name, cid_num: call.from, dest: extension,
          callstate: about.state !== 'talks' ? 'RINGING' : call.held ? 'HELD' : 'ACTIVE', call_uuid: uuid(call.id)});
      }
    }
    return JSON.stringify({row_count: rows.length, ...(rows.length ? {rows} : {})});
  }

  const reply = (session, text, more = '') => session.send(`Content-Type: command/reply\nReply-Text: ${text}\n${more}\n`);
  const api = (session, text) => session.send(`Content-Type: api/response\nContent-Length: ${Buffer.byteLength(text)}\n\n${text}`);

  function command(session, block) {
    const [line, ...headers] = block.split('\n');
    const [verb, ...rest] = line.trim().split(' ');
    if (!session.in && verb !== 'auth') return reply(session, '-ERR command not found');
    switch (verb) {
      case 'auth':
        session.in = rest.join(' ') === password;
        reply(session, session.in ? '+OK accepted' : '-ERR invalid');
        if (!session.in) session.end();
        return;
      case 'event': {
        if (rest[0] !== 'plain') return reply(session, '-ERR no such format here');
        session.events = new Set();
        const names = rest.slice(1);
        const custom = names.indexOf('CUSTOM');
        (custom < 0 ? names : names.slice(0, custom)).forEach(name => session.events.add(name));
        if (custom >= 0) names.slice(custom + 1).forEach(name => session.events.add(`CUSTOM ${name}`));
        return reply(session, '+OK event listener enabled plain');
      }
      case 'api':
        if (rest.join(' ') === 'show channels as json') return api(session, channels());
        if (rest[0] === 'uptime') return api(session, '1234');
        return api(session, `-ERR ${rest[0]} Command not found!\n`);
      case 'bgapi': {
        const job = headers.map(h => h.match(/^Job-UUID: (\S+)$/)?.[1]).find(Boolean) ?? randomUUID();
        const order = rest.join(' ').match(/^originate \{([^}]*)\}user\/(\d+) &bridge\(sofia\/gateway\/[\w-]+\/(\+?[\d*#]+)\)$/);
        if (!order) return reply(session, '-ERR bad originate');
        const id = order[1].match(/origination_uuid=([0-9a-f-]{36})/)?.[1] ?? randomUUID();
        reply(session, `+OK Job-UUID: ${job}`, `Job-UUID: ${job}\n`);
        switches.orders.push({call: id, extension: order[2], number: order[3]});
        const call = {id, from: order[2], name: '', to: order[3], queue: '', outbound: true, up: false, held: false, talks: order[2], phones: new Map(),
          customer: board.leg(), ordered: true};
        board.calls.set(id, call);
        words.placed(call, {extension: order[2]});
        return;
      }
      case 'exit':
        reply(session, '+OK bye');
        session.send('Content-Type: text/disconnect-notice\nContent-Length: 0\n\n');
        return session.end();
      default:
        return reply(session, '-ERR command not found');
    }
  }

  const line = await listen({host, switches, sessions,
    greet: session => { ++switches.opened; session.send('Content-Type: auth/request\n\n'); },
    take(session) {
      for (let end; (end = session.buffer.indexOf('\n\n')) >= 0;) {
        const block = session.buffer.subarray(0, end).toString('utf8');
        session.buffer = session.buffer.subarray(end + 2);
        if (block.trim()) command(session, block.replace(/^\n+/, ''));
      }
    }});
  const {url} = await steer({port, host, board, switches, sessions});
  return {url, hint: `esl=${line} password=${password}`};
}
