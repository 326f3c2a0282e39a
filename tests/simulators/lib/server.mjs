// A small HTTP server with the switches that every simulator has. `POST /_sim` sets them:
//   {"slow": 3000}                        every answer takes so long (0: off)
//   {"fail": "busy", "times": 2}          the next calls fail: busy (429), broken (5xx), expired, garbage, hang, reset
//   {"revoke": true}                      all sessions and tokens are gone
//   {"keep_back": "/send_msg"}            what is asked at paths that end so is done, and its answer kept back until {"keep_back": ""}
// and whatever else the system's own `control(wish, state)` understands; what that returns (or promises) is the answer.
// `GET /_sim` tells what was asked so far: {"calls": {...}, "logins": n, "written": [...], "kept_back": n}.
// A handler gets the body as text in `call.body` and as bytes in `call.bytes`, and returns {status, body (JSON), raw (string or
// Buffer), headers}, or a promise of it.
import http from 'node:http';

export function serve(system, {port = 0, host = '127.0.0.1'} = {}) {
  const state = {slow: 0, fail: '', times: 0, sessions: new Map(), calls: {}, logins: 0, written: [], keepBack: ''};
  const timers = new Set();
  const keptBack = [];

  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', chunk => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url, 'http://localhost');
      const bytes = Buffer.concat(chunks);
      const call = {method: request.method, path: decodeURIComponent(url.pathname), query: url.searchParams, rawQuery: url.search,
        headers: request.headers, bytes, body: bytes.toString('utf8'), origin: `http://${request.headers.host}`};
      const answer = ({status = 200, body = {}, headers = {}, raw}) => {
        const text = raw ?? JSON.stringify(body);
        response.writeHead(status, {'content-type': 'application/json', ...headers});
        response.end(text);
      };
      const settle = (result, failed) => Promise.resolve(result).then(given => {
        if (!state.keepBack || call.path.startsWith('/_sim') || !call.path.endsWith(state.keepBack)) return answer(given);
        keptBack.push(() => response.destroyed || answer(given));
      }, failed);
      if (call.path.startsWith('/_sim')) {
        return settle(control(call), error => answer({status: 400, body: {error: String(error?.stack ?? error)}}));
      }
      const later = state.slow;
      const work = () => {
        if (response.destroyed) return;
        if (state.times > 0) {
          const mode = state.fail;
          if (--state.times === 0) state.fail = '';
          if (mode === 'hang') return;
          if (mode === 'reset') return request.socket.destroy();
          if (mode === 'garbage') return answer({raw: '{"result": [[1, "half an answ'});
          return answer(system.failure(mode, call, state));
        }
        const broken = error => answer(system.failure('broken', call, state, error));
        try {
          settle(system.handle(call, state), broken);
        } catch (error) {
          broken(error);
        }
      };
      if (later === 0) return work();
      const timer = setTimeout(() => { timers.delete(timer); work(); }, later);
      timers.add(timer);
    });
  });

  async function control(call) {
    if (call.method === 'GET') {
      return {body: {calls: state.calls, logins: state.logins, written: state.written, kept_back: keptBack.length, ...(system.secrets ?? {})}};
    }
    const wish = JSON.parse(call.body || '{}');
    if ('slow' in wish) state.slow = wish.slow;
    if ('fail' in wish) {
      state.fail = wish.fail;
      state.times = wish.fail ? wish.times ?? 1 : 0;
    }
    if (wish.revoke) state.sessions.clear();
    if ('keep_back' in wish) {
      state.keepBack = wish.keep_back;
      keptBack.splice(0).forEach(give => give());
    }
    return {body: (await system.control?.(wish, state)) ?? {}};
  }

  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve({
      url: `http://${host}:${server.address().port}`,
      close() {
        timers.forEach(clearTimeout);
        server.closeAllConnections();
        server.close();
      },
    }));
  });
}

/** Counts a call by what it is about. */
export function count(state, what) {
  state.calls[what] = (state.calls[what] ?? 0) + 1;
}
