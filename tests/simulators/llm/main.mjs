// A server that speaks the chat-completions and embeddings protocol, and Tencent's ChatCompletions with its signature:
//   node main.mjs [--port 8400]      prints "llm URL"
// POST /_sim sets switches:
//   {"reply": "text"}                what the model says from now on; "{{entry}}" becomes the first passage's key
//   {"mode": "stream"}               stream (chunks cut at any byte), plain, cut (the stream ends early), cut_event (in the middle
//                                    of an event), error (an error object inside the stream), reset, hang, garbage, filtered
//   {"status": 429, "times": 2, "retry_after_ms": 5}   the next calls fail with this status
// GET /_sim tells what was asked: {"asked": [bodies], "calls": n, "keys": [...]}.
// Wrong keys and signatures are refused as the real ones do.
import {createHash, createHmac} from 'node:crypto';
import http from 'node:http';

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : fallback;
};
const KEY = 'sk-simulator';
const SECRET = {id: 'SIDsimulator', key: 'SKEYsimulator'};
const state = {reply: '', mode: 'stream', status: 0, times: 0, retryAfterMs: 0, asked: [], calls: 0};

const sha256 = text => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** Written from Tencent's description of TC3-HMAC-SHA256. */
function signed(request, body) {
  const time = Number(request.headers['x-tc-timestamp']);
  const date = new Date(time * 1000).toISOString().slice(0, 10);
  const host = request.headers.host.replace(/:\d+$/, '');
  const service = host.split('.')[0];
  const type = request.headers['content-type'];
  const canonical = ['POST', '/', '', `content-type:${type}`, `host:${host}`, '', 'content-type;host', sha256(body)].join('\n');
  const scope = `${date}/${service}/tc3_request`;
  const key = hmac(hmac(hmac(`TC3${SECRET.key}`, date), service), 'tc3_request');
  const signature = createHmac('sha256', key).update(['TC3-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).digest('hex');
  return request.headers.authorization === `TC3-HMAC-SHA256 Credential=${SECRET.id}/${scope}, SignedHeaders=content-type;host, Signature=${signature}`;
}

/** A vector that texts with the same characters share. */
function embed(text) {
  const vector = new Array(64).fill(0);
  for (const c of text) vector[c.codePointAt(0) % 64] += 1;
  return vector;
}

function stream(response, pieces, {end = true} = {}) {
  response.writeHead(200, {'content-type': 'text/event-stream'});
  const bytes = Buffer.from(pieces.join(''));
  // Cut anywhere, also inside of characters.
  for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
  if (end) response.end();
  else response.socket.destroySoon();
}

function chat(request, response, body, tencent) {
  const asked = JSON.parse(body);
  state.asked.push(asked);
  const messages = tencent ? asked.Messages : asked.messages;
  const system = (tencent ? messages[0].Content : messages[0].content) ?? '';
  const entry = system.match(/^\[([^\]]+)\]/m)?.[1] ?? '';
  const text = state.reply.replaceAll('{{entry}}', entry);
  const usage = tencent ? {TotalTokens: 120} : {prompt_tokens: 100, completion_tokens: 20, total_tokens: 120};
  const finish = state.mode === 'filtered' ? 'content_filter' : 'stop';
  const whole = tencent
    ? {Response: {Choices: [{Message: {Role: 'assistant', Content: text}, FinishReason: finish}], Usage: usage, RequestId: '1'}}
    : {id: '1', object: 'chat.completion', choices: [{index: 0, message: {role: 'assistant', content: text}, finish_reason: finish}], usage};
  if (state.mode === 'garbage') return response.end('{"choices": [{"mess');
  if (!(tencent ? asked.Stream : asked.stream) || state.mode === 'plain') {
    response.writeHead(200, {'content-type': 'application/json'});
    return response.end(JSON.stringify(whole));
  }
  const piece = (content, finished) => `data: ${JSON.stringify(tencent
    ? {Choices: [{Delta: {Role: 'assistant', Content: content}, FinishReason: finished ?? ''}], Usage: usage}
    : {choices: [{index: 0, delta: {content}, finish_reason: finished ?? null}]})}\n\n`;
  const half = Math.ceil(text.length / 2);
  const events = [': keep-alive\r\n\r\n', piece(text.slice(0, half)), piece(text.slice(half))];
  if (state.mode === 'cut') return stream(response, events);
  if (state.mode === 'cut_event') return stream(response, [events[1], events[2].slice(0, 30)]);
  if (state.mode === 'error') return stream(response, [events[1], 'data: {"error":{"message":"overloaded","code":"busy"}}\n\n']);
  events.push(piece('', finish));
  if (!tencent && asked.stream_options?.include_usage) events.push(`data: ${JSON.stringify({choices: [], usage})}\n\n`);
  events.push('data: [DONE]\n\n');
  return stream(response, events);
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', chunk => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString('utf8');
    const problem = (status, message, headers = {}) => {
      response.writeHead(status, {'content-type': 'application/json', ...headers});
      response.end(JSON.stringify({error: {message, type: 'error', code: String(status)}}));
    };
    if (request.url === '/_sim') {
      if (request.method === 'POST') {
        const wish = JSON.parse(body || '{}');
        for (const name of ['reply', 'mode', 'status', 'times']) if (name in wish) state[name] = wish[name];
        state.retryAfterMs = wish.retry_after_ms ?? 0;
        if (wish.forget) state.asked = [];
        return response.end('{}');
      }
      return response.end(JSON.stringify({asked: state.asked, calls: state.calls}));
    }
    state.calls += 1;
    if (state.times > 0) {
      state.times -= 1;
      return problem(state.status, 'as you wished', state.retryAfterMs ? {'retry-after-ms': String(state.retryAfterMs)} : {});
    }
    if (state.mode === 'reset') return request.socket.destroy();
    if (state.mode === 'hang') return undefined;
    if (request.url === '/' && request.headers['x-tc-action'] === 'ChatCompletions') {
      if (signed(request, body)) return chat(request, response, body, true);
      return response.end(JSON.stringify({Response: {Error: {Code: 'AuthFailure.SignatureFailure', Message: 'the signature is wrong'}}}));
    }
    if (request.headers.authorization !== `Bearer ${KEY}`) return problem(401, 'Incorrect API key provided');
    if (request.url === '/v1/chat/completions') return chat(request, response, body, false);
    if (request.url === '/v1/embeddings') {
      const {input} = JSON.parse(body);
      if (input.length > 10) return problem(400, 'batch size is invalid, it should not be larger than 10');
      const data = input.map((text, index) => ({object: 'embedding', index, embedding: embed(text)})).reverse();
      return response.end(JSON.stringify({data, usage: {total_tokens: 10}}));
    }
    return problem(404, 'no such path');
  });
});
server.listen(Number(option('port', 0)), '127.0.0.1', () => console.log(`llm http://127.0.0.1:${server.address().port}`));
if (process.argv.includes('--with-parent')) process.stdin.resume().on('end', () => process.exit(0));
