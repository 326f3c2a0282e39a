// The mini program's chat component: its client against a real hub, with a stand-in for `wx` that cuts sockets and keeps storage.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import ts from 'typescript';
import WebSocket from 'ws';
import {make} from '../simulators/channels/systems/wechat.mjs';
import {serve} from '../simulators/lib/server.mjs';
import {Agent} from './lib/client.mjs';
import {copyConfig, Hub, root, tempFolder, until} from './lib/hub.mjs';

const component = path.join(root, 'connectors/wechat/miniprogram');
let hub, simulator, ChatClient;

/** As much of `wx` as the client uses. `storage` outlives the program, as on a phone. */
class Phone {
  storage = new Map();
  sockets = [];
  codes = [];
  connectSocket({url}) {
    const socket = new WebSocket(url, {perMessageDeflate: false});
    this.sockets.push(socket);
    return {
      onOpen: handler => socket.on('open', handler),
      onMessage: handler => socket.on('message', data => handler({data: data.toString()})),
      onClose: handler => socket.on('close', (code, reason) => handler({code, reason: String(reason)})),
      onError: handler => socket.on('error', error => handler({errMsg: error.message})),
      send: ({data}) => { if (socket.readyState === WebSocket.OPEN) socket.send(data); },
      close: ({code}) => (socket.readyState === WebSocket.CONNECTING ? socket.terminate() : socket.close(code)),
    };
  }
  getStorageSync(key) { return structuredClone(this.storage.get(key) ?? ''); }
  setStorageSync(key, value) { this.storage.set(key, structuredClone(value)); }
  login({success, fail}) { this.codes.length > 0 ? success({code: this.codes.shift()}) : fail(); }
  request({url, method, data, header, success, fail}) {
    fetch(url, {method, headers: header, body: JSON.stringify(data)})
      .then(async answer => success({statusCode: answer.status, data: await answer.json()})).catch(fail);
  }
  uploadFile({url, filePath, name, header, success, fail}) {
    const form = new FormData();
    form.append(name, new Blob([fs.readFileSync(filePath)]), path.basename(filePath));
    fetch(url, {method: 'POST', headers: header, body: form}).then(async answer => success({statusCode: answer.status, data: await answer.text()})).catch(fail);
  }
  /** The radio is gone, without a goodbye. */
  cut() { this.sockets.at(-1).terminate(); }
}

function open(phone, more = {}) {
  let state;
  const client = new ChatClient({wx: phone, hub: hub.url, site: 'mini', language: 'zh-CN', onChange: now => { state = now; }, ...more});
  client.open();
  return {client, get state() { return state ?? client.state; }, said: pattern => until(() => client.state.messages.some(m => pattern.test(m.text) && m.seq > 0), String(pattern))};
}

before(async () => {
  // The source that goes into mini programs, as their tools compile it.
  const data = tempFolder('miniprogram');
  const source = fs.readFileSync(path.join(component, 'qiao-chat/chat-client.ts'), 'utf8');
  const module = path.join(data, 'chat-client.mjs');
  fs.writeFileSync(module, ts.transpileModule(source, {compilerOptions: {target: 'ES2018', module: 'ES2015'}}).outputText);
  ({ChatClient} = await import(pathToFileURL(module)));

  const system = make({option: (name, fallback) => ({kind: 'mini_program'})[name] ?? fallback, hub: ''});
  simulator = await serve(system, {});
  const of = name => new RegExp(`${name} (\\S+)`).exec(system.hint)[1];
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'mini.yaml'), `plugins:
  web:
    config:
      sites:
        mini: {name: 小程序, identify_secret: a-secret-of-the-mini-program}
  wechat-mini:
    use: wechat
    config:
      kind: mini_program
      app_id: ${of('app_id')}
      secret: ${of('secret')}
      token: ${of('token')}
      aes_key: ${of('aes_key')}
      url: ${simulator.url}
      identify_secret: a-secret-of-the-mini-program
`);
  hub = await Hub.start({data, config});
});
after(async () => {
  await hub?.stop();
  simulator?.close();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

test('the component compiles as strictly as it is written', () => {
  const {config} = ts.readConfigFile(path.join(component, 'tsconfig.json'), ts.sys.readFile);
  const {options, fileNames} = ts.parseJsonConfigFileContent(config, ts.sys, component);
  const problems = ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options));
  assert.deepEqual(problems.map(p => ts.flattenDiagnosticMessageText(p.messageText, '\n')), []);
});

test('a conversation survives cuts, lost acknowledgements and a restart of the program', async () => {
  const phone = new Phone();
  const first = open(phone);
  await until(() => first.state.connected, 'the connection');
  first.client.send('退货流程');
  await first.said(/退货流程/);
  await until(() => first.client.state.messages.some(m => m.author === 'bot'), 'the bot');

  // Written while there is no connection, and again when the socket dies right after: each arrives once.
  phone.cut();
  await until(() => !first.client.state.connected, 'the cut');
  first.client.send('断线时写的');
  first.client.resume();
  await first.said(/断线时写的/);
  first.client.send('刚写完就断线');
  phone.cut();
  await until(() => !first.client.state.connected, 'the second cut');
  first.client.resume();
  await first.said(/刚写完就断线/);
  first.client.close();

  // What was said meanwhile is there when the program starts again with the storage of the phone.
  const second = open(phone);
  await second.said(/刚写完就断线/);
  const own = second.client.state.messages.filter(m => m.author === 'customer').map(m => m.text);
  assert.deepEqual(own, ['退货流程', '断线时写的', '刚写完就断线']);
  const seqs = second.client.state.messages.map(m => m.seq);
  assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
  assert.deepEqual(phone.getStorageSync('qiao-chat:mini').waiting, []);

  const file = path.join(hub.data, 'picture.png');
  fs.writeFileSync(file, Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'));
  await second.client.sendFile(file);
  await until(() => second.client.state.messages.filter(m => m.author === 'customer').length === 4 && second.client.state.messages.every(m => m.seq > 0 || m.failed), 'the picture');
  second.client.close();
});

test('a token that is over begins anew, and a refused site stops', async () => {
  const phone = new Phone();
  phone.setStorageSync('qiao-chat:mini', {token: 'nonsense', conversation: '1', waiting: []});
  const chat = open(phone);
  await until(() => chat.client.state.connected, 'a connection without the old token');
  chat.client.close();
  const stranger = open(new Phone(), {site: 'nobody'});
  await until(() => stranger.client.state.stopped === 'refused', 'the refusal');
  stranger.client.close();
});

test('the log-in of WeChat says who it is, and the contact has the UnionID', async () => {
  const phone = new Phone();
  await fetch(`${simulator.url}/_sim`, {method: 'POST', body: JSON.stringify({code: {code: 'login-1', openid: 'oMINI_7', unionid: 'uUNION_7'}})});
  phone.codes.push('login-1');
  const chat = open(phone, {login: `${hub.url}/hooks/wechat-mini/login`});
  await until(() => chat.client.state.verified, 'the identity');
  chat.client.send('我是谁');
  await chat.said(/我是谁/);
  const admin = new Agent(hub);
  await admin.login('admin');
  const {conversation} = phone.getStorageSync('qiao-chat:mini');
  const view = await admin.rest('GET', `/api/v1/conversations/${conversation}`);
  await until(async () => (await admin.rest('GET', `/api/v1/contacts/${view.contact}`)).claims.some(c => c.kind === 'unionid' && c.verified), 'the claim');
  chat.client.close();
});
