// A hub for people who work on the pages: speaks docs/reference/chat-protocol.md from memory, keeps nothing, checks little.
//   npm run fake-hub [-- --port 8080]     then open http://127.0.0.1:8080/ and /workspace (login liting, password qiao-demo-2026)
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { agents, groups, knowledge, NEVER, PASSWORD, permissionsOf, seed } from './fake-data.mjs';
import { peopleRoutes, person } from './fake-people.mjs';

const port = Number(process.argv[process.argv.indexOf('--port') + 1]) || (process.argv.includes('--port') ? 0 : 8080);
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const iso = () => new Date().toISOString();
let lastId = 7300000;
const newId = () => String((lastId += 1));

// ---- what it keeps -------------------------------------------------------------------------------------------------
const contacts = new Map(); // id → ContactView
const talks = new Map(); // id → {view, messages, ids}
const tickets = new Map();
const files = new Map(); // id → {attachment, body}
const visitors = new Map(); // token → {id, contact, conversation}
const sessions = new Map(); // token → agent
const sockets = { visitor: new Set(), agent: new Set() };

export const hub = {
  conversations: () => [...talks.values()].map((t) => t.view),
  messages: (c) => talks.get(c.id).messages,
  newContact({ channel, ...more }) {
    const id = newId();
    const contact = person({ id, identities: [{ channel, user: id }], created_at: iso(), last_seen_at: iso(), ...more });
    contacts.set(id, contact);
    return contact;
  },
  newConversation(contact, { site, language }) {
    const view = {
      id: newId(), contact: contact.id, contact_name: contact.name, channel: 'web', user: contact.id, site, language, state: 'bot', group: '', agent: '', agent_name: '',
      last_seq: 0, read_by_customer: 0, read_by_agent: 0, preview: '', preview_author: 'customer', intent: '', handoff_reason: '', queue_place: 0, queue_estimate_s: 0,
      rating: 0, opened_at: iso(), changed_at: iso(), queued_at: NEVER, resolved_at: NEVER,
    };
    contact.conversations += 1;
    talks.set(view.id, { view, messages: [], ids: new Map() });
    return view;
  },
  /** Appends a message and tells everybody; a known client_id gives the message that is there. */
  store(c, m, quiet = false) {
    const talk = talks.get(c.id);
    if (m.client_id && talk.ids.has(m.client_id)) return talk.ids.get(m.client_id);
    c.last_seq += 1;
    const message = { conversation: c.id, seq: c.last_seq, id: newId(), author: m.author, author_id: m.author_id ?? '', name: m.name ?? '', note: m.note ?? false, text: m.text ?? '', attachments: m.attachments ?? [], buttons: m.buttons ?? [], delivery: m.author === 'customer' || m.note ? 'none' : 'sent', client_id: m.client_id ?? '', at: m.at ?? iso() };
    talk.messages.push(message);
    if (message.client_id) talk.ids.set(message.client_id, message);
    if (!message.note) Object.assign(c, { preview: message.text.slice(0, 40) || message.attachments[0]?.name || '', preview_author: m.author });
    if (!quiet) tellMessage(c, message, m.from);
    return message;
  },
  newTicket(t, by) {
    const c = talks.get(t.conversation).view;
    const ticket = { id: newId(), number: tickets.size + 1, contact: c.contact, contact_name: c.contact_name, state: 'open', overdue: false, created_by: by.id, created_by_name: by.name, resolution: '', created_at: iso(), resolved_at: NEVER, history: [], ...t };
    if (!ticket.deadline || ticket.deadline === NEVER) ticket.deadline = new Date(Date.now() + 86_400_000).toISOString();
    note(ticket, 'created', by, '');
    tickets.set(ticket.id, ticket);
    return ticket;
  },
};

const note = (ticket, what, by, text) => ticket.history.push({ at: iso(), what, by: by.id, by_name: by.name, text });
const seen = (a, c) => permissionsOf(a).includes('conversations.all') || c.agent === a.id || a.groups.includes(c.group) || c.state === 'bot';
const url = (a) => ({ ...a, url: `/api/v1/files/${a.id}?signature=demo` });
const forAgent = (m) => ({ ...m, attachments: m.attachments.map(url) });
function forVisitor(m, after) {
  const { conversation, seq, id, author, name, text, attachments, buttons, at, client_id } = m;
  return { conversation, seq, after, id, author, name, text, attachments: attachments.map(url), buttons, at, ...(author === 'customer' ? { client_id } : {}) };
}
const before = (c, seq) => talks.get(c.id).messages.filter((m) => !m.note && m.seq < seq).pop()?.seq ?? 0;
const say = (s, frame) => s.readyState === 1 && s.send(JSON.stringify(frame));

function tellMessage(c, m, from) {
  for (const s of sockets.agent) {
    const wanted = s.watched.has(c.id) || c.agent === s.agent.id || (c.state === 'queued' && s.agent.groups.includes(c.group));
    if (wanted) say(s, { t: 'msg', ...forAgent(m) });
  }
  if (m.note) return;
  for (const s of sockets.visitor) if (s !== from && s.visitor.conversation === c.id) say(s, { t: 'msg', ...forVisitor(m, before(c, m.seq)) });
}
function changed(c, what) {
  if (what !== 'read') c.changed_at = iso();
  for (const s of sockets.agent) if (seen(s.agent, c)) say(s, { t: 'conversation', what, conversation: c });
  for (const s of sockets.visitor) {
    if (s.visitor.conversation !== c.id) continue;
    if (what === 'read') say(s, { t: 'read', seq: c.read_by_agent });
    else say(s, { t: 'state', state: c.state, agent: c.agent_name, group: c.group, place: c.queue_place, estimate_s: c.queue_estimate_s });
    if (what === 'resolved') say(s, { t: 'rate' });
  }
}

// ---- what happens --------------------------------------------------------------------------------------------------
function customerWrote(c, text) {
  if (c.state === 'resolved') Object.assign(c, { state: c.agent ? 'assigned' : 'bot', rating: 0 });
  else if (c.state === 'waiting') c.state = 'assigned';
  if (c.state !== 'bot') return changed(c, 'reopened');
  const english = c.language === 'en';
  const plain = text.toLowerCase();
  setTimeout(() => {
    if (/人工|真人|person|human|agent|审核|投诉|赔偿|没动静|坏了/.test(plain)) return handoff(c, /人工|真人|person|human/.test(plain) ? 'asked' : 'declined');
    const hit = knowledge.find((k) => k.enabled && k.questions.some((q) => plain.includes(q.toLowerCase()) || q.toLowerCase().includes(plain)));
    if (!hit) return handoff(c, 'declined');
    c.intent = hit.intent;
    const buttons = hit.buttons.map((b) => ({ label: english ? b.label_en : b.label_zh, value: b.value, url: b.url }));
    hub.store(c, { author: 'bot', name: '小桥', text: english ? hit.answer_en : hit.answer_zh, buttons });
    return changed(c, 'read');
  }, 250);
}
function handoff(c, reason) {
  Object.assign(c, { state: 'queued', group: 'after-sales', handoff_reason: reason, queued_at: iso(), queue_place: 2, queue_estimate_s: 150 });
  hub.store(c, { author: 'system', text: c.language === 'en' ? 'A colleague will be with you shortly.' : '正在为您转接人工客服，请稍候。' });
  changed(c, 'queued');
}

function visitorFrame(s, f) {
  const c = s.visitor?.conversation ? talks.get(s.visitor.conversation).view : null;
  if (f.t === 'hello') {
    let visitor = visitors.get(f.token);
    if (f.token && !visitor) return s.close(4401);
    if (!visitor) {
      const contact = hub.newContact({ channel: 'web' });
      visitor = { token: randomBytes(24).toString('base64url'), contact: contact.id, conversation: '' };
      visitors.set(visitor.token, visitor);
    }
    Object.assign(s, { visitor, language: f.language });
    sockets.visitor.add(s);
    const v = visitor.conversation ? talks.get(visitor.conversation).view : null;
    say(s, { t: 'welcome', token: visitor.token, visitor: visitor.contact, conversation: visitor.conversation, state: v?.state ?? 'bot', seq: v?.last_seq ?? 0, agent: v?.agent_name ?? '', group: v?.group ?? '', place: v?.queue_place ?? 0, estimate_s: v?.queue_estimate_s ?? 0, read: v?.read_by_agent ?? 0, rating: v?.rating ?? 0, server_time: iso() });
    if (!v) return undefined;
    const all = talks.get(v.id).messages.filter((m) => !m.note);
    let last = f.last_seq || 0;
    for (const m of last ? all.filter((x) => x.seq > last) : all.slice(-50)) {
      say(s, { t: 'msg', ...forVisitor(m, last) });
      last = m.seq;
    }
    return undefined;
  }
  if (f.t === 'ping') return say(s, { t: 'pong' });
  if (f.t === 'msg') {
    if (f.text.length > 4000) return say(s, { t: 'error', id: f.id, code: 'too_large', detail: 'at most 4,000 characters' });
    const now = c ?? hub.newConversation(contacts.get(s.visitor.contact), { site: 'demo', language: s.language });
    s.visitor.conversation = now.id;
    const known = talks.get(now.id).ids.get(f.id);
    const m = known ?? hub.store(now, { author: 'customer', text: f.text, attachments: (f.attachments ?? []).map((id) => files.get(id).attachment), client_id: f.id, from: s });
    say(s, { t: 'ack', id: f.id, seq: m.seq, message: m.id, conversation: now.id, at: m.at });
    if (!known) customerWrote(now, f.text);
    return undefined;
  }
  if (!c) return undefined;
  if (f.t === 'typing') for (const a of sockets.agent) if (a.watched.has(c.id)) say(a, { t: 'typing', conversation: c.id, author: 'customer', name: '', on: f.on });
  if (f.t === 'read') {
    c.read_by_customer = Math.max(c.read_by_customer, f.seq);
    changed(c, 'read');
  }
  if (f.t === 'handoff' && c.state === 'bot') handoff(c, 'button');
  if (f.t === 'rate') {
    c.rating = f.score;
    changed(c, 'rated');
  }
  return undefined;
}

function agentFrame(s, f) {
  if (f.t === 'hello') {
    const agent = sessions.get(f.token) ?? s.agentByCookie;
    if (!agent) return s.close(4401);
    Object.assign(s, { agent, watched: new Set(Object.keys(f.resume ?? {})) });
    sockets.agent.add(s);
    present(agent, 'online');
    say(s, { t: 'welcome', agent, permissions: permissionsOf(agent), server_time: iso() });
    for (const [id, seq] of Object.entries(f.resume ?? {})) for (const m of talks.get(id)?.messages ?? []) if (m.seq > seq) say(s, { t: 'msg', ...forAgent(m) });
    return undefined;
  }
  if (f.t === 'ping') return say(s, { t: 'pong' });
  if (f.t === 'presence') return present(s.agent, f.presence);
  if (f.t === 'look') return undefined;
  const c = talks.get(f.conversation)?.view;
  if (!c) return say(s, { t: 'error', id: f.id, code: 'not_found', detail: 'there is no such conversation' });
  s.watched.add(c.id);
  if (f.t === 'watch') for (const m of talks.get(c.id).messages) if (m.seq > f.seq) say(s, { t: 'msg', ...forAgent(m) });
  if (f.t === 'typing') for (const v of sockets.visitor) if (v.visitor.conversation === c.id) say(v, { t: 'typing', author: 'agent', name: s.agent.name, on: f.on });
  if (f.t === 'read') {
    c.read_by_agent = Math.max(c.read_by_agent, f.seq);
    changed(c, 'read');
  }
  if (f.t === 'msg') {
    const m = hub.store(c, { author: 'agent', author_id: s.agent.id, name: s.agent.name, note: f.note, text: f.text, client_id: f.id, attachments: (f.attachments ?? []).map((id) => files.get(id).attachment) });
    say(s, { t: 'ack', id: f.id, seq: m.seq, message: m.id, conversation: c.id, at: m.at });
    if (f.note) return undefined;
    Object.assign(c, { state: 'waiting', agent: c.agent || s.agent.id, agent_name: c.agent_name || s.agent.name, read_by_agent: m.seq });
    changed(c, 'read');
  }
  return undefined;
}
function present(agent, presence) {
  agent.presence = presence;
  for (const s of sockets.agent) say(s, { t: 'agent', agent });
}
function tellTicket(ticket, what) {
  for (const s of sockets.agent) say(s, { t: 'ticket', what, ticket, follow_up: what === 'resolved' && ticket.created_by === s.agent.id });
}

// ---- REST ----------------------------------------------------------------------------------------------------------
class Problem extends Error {
  constructor(status, type, detail) {
    super(detail);
    Object.assign(this, { status, type });
  }
}
const talkOf = (id) => talks.get(id) ?? (() => { throw new Problem(404, 'not_found', 'there is no such conversation'); })();
const ticketOf = (id) => tickets.get(id) ?? (() => { throw new Problem(404, 'not_found', 'there is no such ticket'); })();
const views = {
  mine: (c, a) => c.agent === a.id && !['resolved', 'bot'].includes(c.state),
  queue: (c) => c.state === 'queued',
  bot: (c) => c.state === 'bot',
  all: (c) => c.state !== 'resolved',
  resolved: (c) => c.state === 'resolved',
  any: () => true,
};
function pageOf(messages, q, convert) {
  const limit = Math.min(Number(q.get('limit')) || 50, 500);
  const after = Number(q.get('after')) || 0;
  const top = Number(q.get('before')) || 0;
  const all = messages.filter((m) => m.seq > after && (!top || m.seq < top));
  const part = after ? all.slice(0, limit) : all.slice(-limit);
  return { messages: part.map(convert), more: all.length > part.length };
}
function saveFile(body, type) {
  const boundary = `--${/boundary="?([^";]+)/.exec(type)?.[1]}`;
  const start = body.indexOf('\r\n\r\n');
  const head = body.subarray(0, start).toString();
  const content = body.subarray(start + 4, body.lastIndexOf(`\r\n${boundary}`));
  const attachment = { id: newId(), name: /filename="([^"]*)"/.exec(head)?.[1] ?? 'file', media_type: /content-type: *([^\r\n]+)/i.exec(head)?.[1] ?? 'application/octet-stream', size: content.length };
  files.set(attachment.id, { attachment, body: content });
  return attachment;
}

const routes = [
  ['GET', '/visitor/messages', ({ visitor, query }) => {
    if (!visitor?.conversation) return { messages: [], more: false };
    return pageOf(talks.get(visitor.conversation).messages.filter((m) => !m.note), query, (m) => forVisitor(m));
  }, 'visitor'],
  ['POST', '/visitor/files', ({ raw, type }) => saveFile(raw, type), 'visitor'],
  ['POST', '/files', ({ raw, type }) => saveFile(raw, type)],
  ['GET', '/me', ({ agent }) => ({ agent, permissions: permissionsOf(agent) })],
  ['GET', '/agents', () => ({ agents, groups })],
  ['GET', '/channels', () => ({ channels: [] })],
  ['GET', '/calls', () => ({ channels: [] })],
  ['GET', '/conversations', ({ agent, query }) => {
    const mine = hub.conversations().filter((c) => seen(agent, c));
    const view = views[query.get('view') ?? 'all'];
    const text = (query.get('search') ?? '').toLowerCase();
    const found = mine.filter((c) => view(c, agent) && (!text || (c.contact_name + talks.get(c.id).messages.map((m) => m.text).join(' ')).toLowerCase().includes(text)));
    found.sort((a, b) => (a.changed_at < b.changed_at ? 1 : -1));
    const hits = !text ? [] : found.flatMap((c) => {
      const m = talks.get(c.id).messages.filter((x) => x.text.toLowerCase().includes(text)).pop();
      const from = m?.text.toLowerCase().indexOf(text);
      return m ? [{ conversation: c.id, message: m.id, seq: m.seq, author: m.author, note: m.note, snippet: m.text, marks: [{ from, to: from + text.length }], at: m.at }] : [];
    });
    const counts = Object.fromEntries(['mine', 'queue', 'bot', 'all'].map((v) => [v, mine.filter((c) => views[v](c, agent)).length]));
    return { conversations: found.slice(0, Number(query.get('limit')) || 50), more: false, counts, hits, cursor: '' };
  }],
  ['GET', '/conversations/:id', ({ id }) => talkOf(id).view],
  ['GET', '/conversations/:id/messages', ({ id, query }) => pageOf(talkOf(id).messages, query, forAgent)],
  ['POST', '/conversations/:id/take', ({ id, agent }) => {
    const c = talkOf(id).view;
    Object.assign(c, { state: 'assigned', agent: agent.id, agent_name: agent.name, group: c.group || agent.groups[0], queue_place: 0, queue_estimate_s: 0 });
    hub.store(c, { author: 'system', text: c.language === 'en' ? `${agent.name} is here for you` : `${agent.name} 为您服务` });
    changed(c, 'assigned');
    return c;
  }],
  ['POST', '/conversations/:id/transfer', ({ id, agent, body }) => {
    const c = talkOf(id).view;
    const to = agents.find((a) => a.id === body.to_agent);
    if (body.note) hub.store(c, { author: 'agent', author_id: agent.id, name: agent.name, note: true, text: body.note });
    Object.assign(c, to ? { state: 'assigned', agent: to.id, agent_name: to.name } : { state: 'queued', agent: '', agent_name: '', group: body.to_group, queued_at: iso(), queue_place: 1, queue_estimate_s: 60 });
    changed(c, 'transferred');
    return c;
  }],
  ['POST', '/conversations/:id/resolve', ({ id }) => {
    const c = talkOf(id).view;
    Object.assign(c, { state: 'resolved', resolved_at: iso() });
    changed(c, 'resolved');
    return c;
  }],
  ...peopleRoutes({ contacts, conversations: () => hub.conversations(), tickets: () => [...tickets.values()], problem: (...args) => { throw new Problem(...args); } }),
  ['GET', '/tickets', ({ agent, query }) => {
    const scope = { mine: (t) => t.created_by === agent.id, department: (t) => agent.groups.includes(t.department), all: () => true }[query.get('view') ?? 'all'];
    const list = [...tickets.values()].filter((t) => scope(t) && (!query.get('state') || t.state === query.get('state')) && (!query.get('conversation') || t.conversation === query.get('conversation')));
    return { tickets: list.reverse(), more: false };
  }],
  ['POST', '/tickets', ({ agent, body }) => {
    const ticket = hub.newTicket(body, agent);
    tellTicket(ticket, 'created');
    return ticket;
  }],
  ['GET', '/tickets/:id', ({ id }) => ticketOf(id)],
  ['POST', '/tickets/:id/comment', ({ id, agent, body }) => {
    note(ticketOf(id), 'commented', agent, body.text);
    tellTicket(ticketOf(id), 'commented');
    return ticketOf(id);
  }],
  ['POST', '/tickets/:id/resolve', ({ id, agent, body }) => {
    const ticket = Object.assign(ticketOf(id), { state: 'resolved', resolution: body.resolution, resolved_at: iso() });
    note(ticket, 'resolved', agent, body.resolution);
    hub.store(talkOf(ticket.conversation).view, { author: 'system', text: `您的问题「${ticket.subject}」已处理：${body.resolution}` });
    tellTicket(ticket, 'resolved');
    return ticket;
  }],
  ['GET', '/knowledge', ({ query }) => ({ entries: knowledge.filter((k) => JSON.stringify(k).includes(query.get('search') ?? '')) })],
  ['POST', '/knowledge', ({ body, agent }) => (knowledge.unshift({ ...body, changed_at: iso(), changed_by: agent.name }), keepVersion(knowledge[0], 'created'), knowledge[0])],
  ['PUT', '/knowledge/:id', ({ id, body, agent }) => {
    const entry = knowledge.find((k) => k.key === id);
    if (!versions[id]) keepVersion(entry, 'created');
    return keepVersion(Object.assign(entry, body, { changed_at: iso(), changed_by: agent.name }), 'changed');
  }],
  ['DELETE', '/knowledge/:id', ({ id }) => (knowledge.splice(knowledge.findIndex((k) => k.key === id), 1), {})],
  ['GET', '/knowledge/:id/versions', ({ id }) => ({ versions: versions[id] ?? [] })],
  ['POST', '/knowledge/:id/restore', ({ id, body, agent }) => {
    const old = versions[id].find((v) => v.version === body.version).entry;
    return keepVersion(Object.assign(knowledge.find((k) => k.key === id), old, { changed_at: iso(), changed_by: agent.name }), 'restored');
  }],
  ['POST', '/knowledge/check', ({ body }) => ({
    warnings: knowledge.filter((k) => k.key !== body.key).flatMap((k) => body.questions.filter((q) => k.questions.includes(q)).map((text) => ({ kind: 'same_question', entry: k.key, title: k.questions[0], text, score: 1 }))),
  })],
  ['GET', '/knowledge-drafts', () => ({ drafts: [...drafts.values()] })],
  ['POST', '/knowledge-drafts', ({ body, agent }) => {
    const draft = { ...body, by: agent.name, at: iso(), is_new: !knowledge.some((k) => k.key === body.entry.key) };
    drafts.set(body.entry.key, draft);
    return draft;
  }],
  ['DELETE', '/knowledge-drafts/:id', ({ id }) => (drafts.delete(id), {})],
  ['POST', '/knowledge-drafts/:id/publish', ({ id, agent }) => {
    const entry = { ...drafts.get(id).entry, changed_at: iso(), changed_by: `${drafts.get(id).by} / ${agent.name}` };
    const at = knowledge.findIndex((k) => k.key === id);
    if (at >= 0) knowledge[at] = entry;
    else knowledge.unshift(entry);
    drafts.delete(id);
    return keepVersion(entry, 'published');
  }],
  ['GET', '/vocabulary', () => words.now],
  ['PUT', '/vocabulary', ({ body, agent }) => {
    words.versions.unshift({ version: words.versions.length + 1, what: 'changed', at: iso(), by: agent.name, vocabulary: body });
    return (words.now = body);
  }],
  ['GET', '/vocabulary/versions', () => ({ versions: words.versions })],
  ['POST', '/knowledge/try', ({ body }) => {
    const hit = knowledge.find((k) => k.questions.some((q) => body.text.includes(q) || q.includes(body.text)));
    const candidates = hit ? [{ key: hit.key, title: hit.questions[0], score: 0.92, reason: 'keyword', question: hit.questions[0], keyword: hit.keywords[0] ?? '' }, { key: 'delivery_time', title: '多久能送到', score: 0.11, reason: 'learned', question: '快递咋还没到', keyword: '' }] : [];
    return { answer: { outcome: hit ? 'answer' : 'decline', content: { text: hit?.answer_zh ?? '' }, entry: hit?.key ?? '', intent: hit?.intent ?? '', group: hit?.group ?? '', score: hit ? 0.92 : 0, reason: hit ? 'keyword' : 'no_match' }, candidates, threshold: 0.3 };
  }],
];

const versions = {};
const drafts = new Map();
const words = { now: { synonyms: [{ word: '快递', same_as: ['包裹', '件儿'] }], stop_words: ['话说'], products: [{ name: '水蜜桃', sku: 'PEACH-2', same_as: ['蜜桃', '桃子'] }] }, versions: [] };
function keepVersion(entry, what) {
  const list = (versions[entry.key] ??= []);
  list.unshift({ version: list.length + 1, what, at: entry.changed_at, by: entry.changed_by, entry: structuredClone(entry) });
  return entry;
}

const cookieOf = (request) => /(?:^|; )qiao_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
async function rest(request, response, path, query) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const raw = Buffer.concat(chunks);
  const type = request.headers['content-type'] ?? '';
  const body = type.includes('json') && raw.length ? JSON.parse(raw) : {};
  const answer = (status, value, headers = {}) => response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', 'Cache-Control': 'no-store', ...headers }).end(JSON.stringify(value));
  if (request.method === 'GET' && path.startsWith('/files/')) {
    const file = files.get(path.slice(7));
    return file ? response.writeHead(200, { 'Content-Type': file.attachment.media_type }).end(file.body) : answer(404, {});
  }
  if (path === '/login') {
    const agent = agents.find((a) => a.login === body.login);
    if (!agent || body.password !== PASSWORD) return answer(401, { type: 'accounts.wrong_login', title: 'wrong', status: 401, detail: 'Login or password is wrong.' });
    const token = randomBytes(24).toString('base64url');
    sessions.set(token, agent);
    return answer(200, { agent, permissions: permissionsOf(agent), expires_at: iso() }, { 'Set-Cookie': `qiao_session=${token}; Path=/; HttpOnly; SameSite=Lax` });
  }
  if (path === '/logout') {
    sessions.delete(cookieOf(request));
    return answer(200, {}, { 'Set-Cookie': 'qiao_session=; Path=/; Max-Age=0' });
  }
  const agent = sessions.get(cookieOf(request));
  const visitor = visitors.get((request.headers.authorization ?? '').replace('Bearer ', ''));
  for (const [method, pattern, run, who] of routes) {
    const match = new RegExp(`^${pattern.replace(':id', '([^/]+)')}$`).exec(path);
    if (method !== request.method || !match) continue;
    if (who === 'visitor' ? !visitor : !agent) return answer(401, { type: 'unauthorized', title: 'log in', status: 401, detail: 'Log in first.' });
    try {
      return answer(200, run({ agent, visitor, query, body, raw, type, id: match[1] && decodeURIComponent(match[1]) }));
    } catch (error) {
      return answer(error.status ?? 500, { type: error.type ?? 'internal', title: 'failed', status: error.status ?? 500, detail: error.message });
    }
  }
  return answer(404, { type: 'not_found', title: 'not found', status: 404, detail: 'nothing is at this address' });
}

// ---- pages ---------------------------------------------------------------------------------------------------------
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.webmanifest': 'application/manifest+json' };
// As strict as the real hub, and Trusted Types on top: what works here works there.
const POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types vue 'allow-duplicates'";
async function page(response, path) {
  const file = path === '/workspace' || path === '/workspace/' ? 'workspace/index.html' : path === '/' ? 'index.html' : path.slice(1);
  try {
    const body = await readFile(join(dist, normalize(file)));
    response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': POLICY }).end(body);
  } catch {
    response.writeHead(404).end('not found');
  }
}

seed(hub);
const server = createServer((request, response) => {
  const address = new URL(request.url, 'http://localhost');
  if (address.pathname.startsWith('/api/v1/')) void rest(request, response, address.pathname.slice(7), address.searchParams);
  else void page(response, decodeURIComponent(address.pathname));
});
const upgrade = new WebSocketServer({ server });
upgrade.on('connection', (socket, request) => {
  const agent = request.url.startsWith('/api/v1/agent');
  socket.agentByCookie = sessions.get(cookieOf(request));
  socket.on('message', (data) => (agent ? agentFrame : visitorFrame)(socket, JSON.parse(data)));
  socket.on('close', () => {
    if (!agent) return sockets.visitor.delete(socket);
    sockets.agent.delete(socket);
    if (socket.agent && ![...sockets.agent].some((s) => s.agent === socket.agent)) present(socket.agent, 'offline');
    return undefined;
  });
});
server.listen(port, '127.0.0.1', () => console.log(`fake hub on http://127.0.0.1:${server.address().port}/ and /workspace`));
