// A telephone exchange without sound: calls, phones that ring, and lines on which programs listen. `freeswitch` and
// `asterisk` put it into words.
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import {count, serve} from '../../lib/server.mjs';

/** The calls, and what people do with their phones. What happens goes to `tell(what, call, more)`. */
export class Switchboard {
  constructor(tell) {
    this.tell = tell;
    this.calls = new Map();
    this.next = 1;
  }

  leg() {
    return `${1732253000 + this.next}.${this.next++}`;
  }

  /** A customer calls. */
  arrive({call, from, name = '', to = '4008', queue = ''}) {
    const made = {id: call ?? this.leg(), from, name, to, queue, outbound: false, up: false, held: false, talks: '', phones: new Map()};
    this.calls.set(made.id, made);
    this.tell('arrives', made, {});
    if (queue) this.tell('queued', made, {});
    return made;
  }

  /** An agent calls, or a program does for an agent. */
  place({call, extension, to}) {
    const made = {id: call ?? this.leg(), from: extension, name: '', to, queue: '', outbound: true, up: false, held: false, talks: extension,
      phones: new Map(), customer: this.leg()};
    this.calls.set(made.id, made);
    this.tell('placed', made, {extension});
    return made;
  }

  act({do: what, call: id, extension, to, file, cause = 'normal', ...more}) {
    if (what === 'ring' && !this.calls.has(id)) this.arrive({call: id, ...more, to});
    if (what === 'arrive') return this.arrive({call: id, to, ...more});
    if (what === 'place') return this.place({call: id, extension, to});
    const call = this.calls.get(id);
    if (!call) throw new Error(`there is no call ${id}`);
    switch (what) {
      case 'ring':
        if (!extension) break;
        call.phones.set(extension, {leg: this.leg(), state: 'rings'});
        this.tell('rings', call, {extension, leg: call.phones.get(extension).leg});
        break;
      case 'silent':
        this.silence(call, extension, 'noanswer');
        break;
      case 'answer':
        call.up = true;
        if (call.outbound) {
          this.tell('customer-answers', call, {});
          break;
        }
        call.talks = extension;
        call.phones.get(extension).state = 'talks';
        this.tell('answered', call, {extension, leg: call.phones.get(extension).leg});
        for (const [phone, about] of call.phones) if (about.state === 'rings') this.silence(call, phone, 'cancel');
        break;
      case 'hold':
      case 'unhold':
        call.held = what === 'hold';
        this.tell(what, call, {extension: call.talks, leg: call.phones.get(call.talks)?.leg ?? call.id});
        break;
      case 'transfer': {
        const from = call.talks;
        this.tell('transfer', call, {from, extension: to, leg: call.phones.get(from)?.leg});
        call.phones.set(to, {leg: this.leg(), state: 'rings'});
        this.tell('rings', call, {extension: to, leg: call.phones.get(to).leg});
        call.phones.get(to).state = 'talks';
        call.talks = to;
        this.tell('answered', call, {extension: to, leg: call.phones.get(to).leg});
        this.silence(call, from, 'normal');
        break;
      }
      case 'record':
        this.tell('recorded', call, {file});
        break;
      case 'hangup':
        for (const phone of [...call.phones.keys()]) this.silence(call, phone, call.up ? 'normal' : 'cancel');
        this.calls.delete(id);
        this.tell('ends', call, {cause});
        break;
      default:
        throw new Error(`nobody can do "${what}"`);
    }
    return call;
  }

  silence(call, extension, cause) {
    const about = call.phones.get(extension);
    if (!about) return;
    call.phones.delete(extension);
    this.tell('silent', call, {extension, leg: about.leg, cause});
  }
}

/** One program that listens. What is sent passes the switches: slow, trickle, half. */
export class Session {
  constructor(socket, switches) {
    this.socket = socket;
    this.switches = switches;
    this.buffer = Buffer.alloc(0);
    this.queue = Promise.resolve();
    socket.setNoDelay(true);
    socket.on('error', () => {});
  }

  send(bytes) {
    const {slow, trickle} = this.switches;
    let text = Buffer.from(bytes);
    if (this.switches.half) {
      this.switches.half = false;
      text = text.subarray(0, Math.floor(text.length / 2));
      this.socket.write(text, () => this.socket.destroy());
      return;
    }
    this.queue = this.queue.then(async () => {
      if (slow) await new Promise(resolve => setTimeout(resolve, slow));
      for (let at = 0; at < text.length && !this.socket.destroyed;) {
        const piece = trickle ? 3 : text.length;
        this.socket.write(text.subarray(at, at + piece));
        at += piece;
        if (trickle) await new Promise(resolve => setImmediate(resolve));
      }
    });
  }

  end() {
    this.queue = this.queue.then(() => this.socket.end());
  }
}

/** A certificate for localhost, made with openssl in a folder; its path. */
export function certificateIn(folder) {
  const file = name => path.join(folder, name);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', file('key.pem'), '-out', file('cert.pem')], {stdio: 'ignore'});
  return file('cert.pem');
}

/**
 * Opens a TCP port, with TLS when there is a folder for a certificate; `greet(session)` once, `take(session)` whenever bytes came into
 * session.buffer.
 */
export function listen({host, switches, sessions, greet, take, port = 0, secure = ''}) {
  const open = secure
    ? handler => tls.createServer({cert: fs.readFileSync(certificateIn(secure)), key: fs.readFileSync(path.join(secure, 'key.pem'))}, handler)
    : handler => net.createServer(handler);
  const server = open(socket => {
    if (switches.refuse) return socket.destroy();
    const session = new Session(socket, switches);
    sessions.add(session);
    socket.on('close', () => sessions.delete(session));
    greet(session);
    socket.on('data', chunk => {
      session.buffer = Buffer.concat([session.buffer, chunk]);
      take(session);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server.address().port));
  });
}

/**
 * The HTTP side that tests and people steer by: POST /_sim {"do": "ring", "call": "c1", "from": "13800138000", "extension": "1005"}
 * and the switches {"drop": true}, {"half": true}, {"slow": ms}, {"trickle": true}, {"twice": true}, {"mute": true} (nothing is
 * told; the calls go on), {"refuse": true} (no new lines). GET /_sim tells what was asked so far.
 */
export function steer({port, host, board, switches, sessions, handle}) {
  return serve({
    handle: handle ?? (() => ({status: 404, body: {}})),
    failure: () => ({status: 500, body: {message: 'Allocation failed'}}),
    control(wish, state) {
      for (const name of ['half', 'slow', 'trickle', 'twice', 'mute', 'refuse']) if (name in wish) switches[name] = wish[name];
      state.slow = 0;
      if (wish.drop) for (const session of [...sessions]) session.socket.destroy();
      if (!wish.do) return {lines: sessions.size};
      count(state, wish.do);
      return {call: board.act(wish).id};
    },
    get secrets() {
      return {lines: [...sessions].filter(s => s.in).length, opened: switches.opened ?? 0, orders: switches.orders ?? [], open: [...board.calls.keys()]};
    },
  }, {port, host});
}
