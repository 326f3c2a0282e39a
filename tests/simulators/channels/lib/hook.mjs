// How a messenger calls a hub's webhook: signed by the platform's own rule, and again when it was not answered 2xx.
//   {"hub": "http://127.0.0.1:8080/hooks/telegram"}  where
//   {"duplicate": 2}   every call is made so many times
//   {"reorder": true}  a call is held back until after the next one
// Every system's `control` passes its wishes to `wish` and its calls to `send`.
export class Hook {
  /** `sign(raw)`: the headers of a call with this body. */
  constructor(url, sign) {
    this.url = url;
    this.sign = sign;
    this.duplicate = 1;
    this.reorder = false;
    this.held = undefined;
    this.answers = [];
  }

  wish({hub, duplicate, reorder}) {
    if (hub !== undefined) this.url = hub;
    if (duplicate !== undefined) this.duplicate = duplicate;
    if (reorder !== undefined) this.reorder = reorder;
  }

  /** The answer to the last of the calls that this one led to; nothing when it is held back. */
  async send(body, {forge = {}, type = 'application/json'} = {}) {
    const raw = typeof body === 'string' ? body : JSON.stringify(body);
    if (this.reorder && this.held === undefined) {
      this.held = raw;
      return undefined;
    }
    let answer = await this.post(raw, forge, type);
    if (this.held !== undefined) {
      const late = this.held;
      this.held = undefined;
      answer = await this.post(late, forge, type);
    }
    return answer;
  }

  async post(raw, forge, type) {
    let answer;
    for (let copy = 0; copy < this.duplicate; ++copy) {
      for (let attempt = 0; attempt < 6; ++attempt) {
        const response = await fetch(this.url, {method: 'POST', body: raw,
          headers: {'content-type': type, ...this.sign(raw, {attempt}), ...forge}});
        answer = {status: response.status, text: await response.text()};
        this.answers.push(answer);
        if (response.ok || response.status < 500) break;
        await new Promise(resolve => setTimeout(resolve, 100 << attempt));
      }
    }
    return answer;
  }
}

/** A multipart/form-data body as FormData. */
export function form(call) {
  return new Response(call.bytes, {headers: {'content-type': call.headers['content-type'] ?? ''}}).formData();
}

/** One pixel, as a picture that somebody sends. */
export const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
