// A partner's own web site: another origin than the hub's, with pages that embed <qiao-stock>.
import http from 'node:http';

/** Serves `pages` (path → HTML or {html, headers}) on a free port; `url` is its origin. */
export async function partnerSite(pages) {
  const server = http.createServer((request, response) => {
    const page = pages[request.url.split('?')[0]];
    if (page === undefined) return response.writeHead(404).end();
    const {html, headers = {}} = typeof page === 'string' ? {html: page} : page;
    response.writeHead(200, {'content-type': 'text/html; charset=utf-8', ...headers}).end(html);
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    pages,
    stop: () => {
      server.closeAllConnections();
      return new Promise(resolve => server.close(resolve));
    },
  };
}

/** An administrator who manages partner keys over REST. */
export class KeyOffice {
  constructor(hub) {
    this.hub = hub;
  }

  async login(name = 'admin') {
    const answer = await fetch(`${this.hub.url}/api/v1/login`, {method: 'POST', headers: {'content-type': 'application/json'},
      body: JSON.stringify({login: name, password: 'qiao-demo-2026', token: true})});
    this.token = (await answer.json()).token;
    return this;
  }

  async call(method, path, body) {
    const answer = await fetch(`${this.hub.url}/api/v1/partner-keys${path}`, {method,
      headers: {authorization: `Bearer ${this.token}`, ...(body ? {'content-type': 'application/json'} : {})},
      ...(body ? {body: JSON.stringify(body)} : {})});
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text.startsWith('{') ? JSON.parse(text) : text;
  }

  make(key) {
    return this.call('POST', '', key);
  }
}

/** What the partner API answers to a key. */
export function ask(hub, key, path, {method = 'GET', body, headers = {}} = {}) {
  return fetch(`${hub.url}/api/partner/v1${path}`, {method,
    headers: {...(key ? {authorization: `Bearer ${key}`} : {}), ...(body ? {'content-type': 'application/json'} : {}), ...headers},
    ...(body ? {body: JSON.stringify(body)} : {})});
}
