// Clients written from docs/reference/chat-protocol.md alone; they share nothing with the widget or the workspace.
import {randomUUID} from 'node:crypto';
import WebSocket from 'ws';
import {json} from './hub.mjs';

class Client {
  constructor(url, path) {
    this.url = url;
    this.path = path;
    this.frames = [];
    this.waiting = [];
  }

  async open(hello) {
    this.socket = new WebSocket(this.url.replace('http', 'ws') + this.path, {perMessageDeflate: false});
    this.closed = new Promise(resolve => this.socket.once('close', (code, reason) => {
      this.waiting.forEach(w => w.fail(new Error(`closed with ${code} ${reason} while waiting for ${w.what}`)));
      resolve(code);
    }));
    this.socket.on('error', () => {});
    this.socket.on('message', data => this.receive(JSON.parse(data)));
    await new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('error', reject);
    });
    this.send({t: 'hello', ...hello});
    this.welcome = await this.frame(f => f.t === 'welcome', 'welcome');
    return this.welcome;
  }

  send(frame) {
    this.socket.send(JSON.stringify(frame));
  }

  receive(frame) {
    this.frames.push(frame);
    this.onframe?.(frame);
    this.waiting = this.waiting.filter(w => !w.offer(frame));
  }

  /** The first frame, old or new, for which `wanted` holds. */
  frame(wanted, what, seconds = 15) {
    const old = this.frames.find(wanted);
    if (old) return Promise.resolve(old);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no frame came: ${what}; the last ones: ${JSON.stringify(this.frames.slice(-5))}`)), seconds * 1000);
      const settle = (done, value) => {
        clearTimeout(timer);
        done(value);
        return true;
      };
      this.waiting.push({what, offer: f => wanted(f) && settle(resolve, f), fail: error => settle(reject, error)});
    });
  }

  close() {
    this.socket?.close();
  }
}

export class Visitor extends Client {
  constructor(hub, {site = 'demo', language = 'zh-CN'} = {}) {
    super(hub.url, '/api/v1/visitor');
    this.site = site;
    this.language = language;
  }

  async connect(more = {}) {
    const welcome = await this.open({site: this.site, language: this.language, ...(this.token ? {token: this.token} : {}), ...more});
    this.token = welcome.token;
    return welcome;
  }

  /** Sends a text and waits until it is stored. */
  async say(text, id = randomUUID()) {
    this.send({t: 'msg', id, text});
    const answer = await this.frame(f => (f.t === 'ack' || f.t === 'error') && f.id === id, `ack of "${text}"`);
    if (answer.t === 'error') throw new Error(`"${text}" was refused: ${answer.detail}`);
    return answer;
  }

  message(author, pattern, seconds) {
    return this.frame(f => f.t === 'msg' && f.author === author && pattern.test(f.text), `a message of ${author} like ${pattern}`, seconds);
  }
}

export class Agent extends Client {
  constructor(hub) {
    super(hub.url, '/api/v1/agent');
  }

  /** One who is logged in and connected. */
  static async at(hub, login) {
    const agent = new Agent(hub);
    await agent.login(login);
    await agent.connect();
    return agent;
  }

  async login(login, password = 'qiao-demo-2026') {
    const answer = await json(await fetch(`${this.url}/api/v1/login`, {
      method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify({login, password, token: true})}));
    this.token = answer.token;
    this.me = answer.agent;
    return answer;
  }

  async connect(resume = {}) {
    return this.open({token: this.token, resume});
  }

  async rest(method, path, body) {
    return json(await fetch(this.url + path, {
      method, headers: {authorization: `Bearer ${this.token}`, ...(body ? {'content-type': 'application/json'} : {})},
      ...(body ? {body: JSON.stringify(body)} : {})}));
  }

  async reply(conversation, text, {note = false} = {}) {
    const id = randomUUID();
    this.send({t: 'msg', id, conversation, text, note});
    const answer = await this.frame(f => (f.t === 'ack' || f.t === 'error') && f.id === id, `ack of "${text}"`);
    if (answer.t === 'error') throw new Error(`"${text}" was refused: ${answer.detail}`);
    return answer;
  }
}
