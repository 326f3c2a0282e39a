// A peer for the benchmark: what one would write with Node, `ws` and `better-sqlite3`. Messages of one turn of the event
// loop share a commit with synchronous=FULL and are delivered after it.
//   npm install && node peer.mjs PORT FILE [KEY]
// With KEY, 32 bytes in hex, what is posted is handled as the hub does: only with "Bearer USER.HMAC", and kept encrypted.
import {createCipheriv, createHmac, randomBytes, timingSafeEqual} from 'node:crypto';
import http from 'node:http';
import Database from 'better-sqlite3';
import {WebSocketServer} from 'ws';

const [port, file, hex] = process.argv.slice(2);
const key = hex && Buffer.from(hex, 'hex');
const db = new Database(file);
db.pragma('journal_mode=WAL');
db.pragma('synchronous=FULL');
db.exec('create table if not exists message(id integer primary key, conversation text, sender text, body text, at integer);' +
  'create index if not exists by_conversation on message(conversation, id)');
const insert = db.prepare('insert into message(conversation, sender, body, at) values(?, ?, ?, ?)');
const begin = db.prepare('begin');
const commit = db.prepare('commit');

let queue = [];
function flush() {
  const batch = queue;
  queue = [];
  begin.run();
  for (const m of batch) m.id = Number(insert.run(m.from, m.from, m.body, Date.now()).lastInsertRowid);
  commit.run();
  for (const m of batch) m.done(m.id);
}
function accept(from, body, done) {
  if (queue.push({from, body, done}) === 1) setImmediate(flush);
}

/** Who posts; undefined when the token is not ours. */
function user(request) {
  const [name, mark] = (request.headers.authorization ?? '').replace('Bearer ', '').split('.');
  const ours = createHmac('sha256', key).update(name).digest();
  const theirs = Buffer.from(mark ?? '', 'base64url');
  return theirs.length === ours.length && timingSafeEqual(theirs, ours) ? name : undefined;
}
function seal(text) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

const peers = new Map();
const server = http.createServer((request, response) => {
  const from = key ? user(request) : 'hook';
  if (from === undefined) return response.writeHead(401).end();
  let body = '';
  request.on('data', chunk => body += chunk);
  request.on('end', () => {
    const {text} = JSON.parse(body);
    accept(from, key ? seal(text) : text, id => {
      response.setHeader('content-type', 'application/json');
      response.end(`{"id":${id}}`);
    });
  });
});
new WebSocketServer({server, path: '/ws', perMessageDeflate: false}).on('connection', socket => {
  let me;
  socket.on('message', data => {
    const m = JSON.parse(data);
    if (m.t === 'hello') {
      me = m.id;
      peers.set(me, socket);
      socket.send('{"t":"welcome"}');
    } else {
      accept(me, m.body, id => {
        peers.get(m.to)?.send(JSON.stringify({t: 'msg', id, from: me, body: m.body}));
        socket.send(`{"t":"ack","id":${id}}`);
      });
    }
  });
  socket.on('close', () => peers.delete(me));
});
server.listen(Number(port), '127.0.0.1');
