/**
 * A WebSocket that comes back: says `hello` first, pings, notices silence, reconnects with full jitter and obeys the close
 * codes of the chat protocol. It knows nothing about messages; `VisitorClient` and the workspace put their frames on top.
 */

export interface SocketLike {
  readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: ((event: unknown) => void) | null;
}

export type SocketStatus =
  | 'idle' // not started, or stopped by the program
  | 'connecting' // opening, or waiting for `welcome`
  | 'online' // `welcome` has come
  | 'waiting' // closed; will try again
  | 'refused'; // the hub said not to come back

export interface LiveSocketOptions {
  url: string;
  /** The first frame; asked anew for each connection. */
  hello: () => object;
  onFrame: (frame: { t: string } & Record<string, unknown>) => void;
  onStatus?: (status: SocketStatus) => void;
  /** The token is unknown or over (4401). Return true to connect again, e.g. without the token. */
  onUnauthorized?: () => boolean;
  createSocket?: (url: string) => SocketLike;
  random?: () => number;
}

export const PING_EVERY_MS = 30_000;
export const SILENCE_MS = 75_000;
export const WELCOME_WITHIN_MS = 15_000;
const LONGEST_WAIT_MS = 30_000;

/** A random time up to 1, 2, 4 … 30 s. */
export function fullJitter(attempt: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(LONGEST_WAIT_MS, 1000 * 2 ** Math.min(attempt, 10)));
}

export class LiveSocket {
  status: SocketStatus = 'idle';
  private socket: SocketLike | null = null;
  private attempt = 0;
  private lastHeard = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private pulseTimer: ReturnType<typeof setInterval> | undefined;
  private welcomeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: LiveSocketOptions) {}

  start(): void {
    if (this.status === 'connecting' || this.status === 'online') return;
    this.attempt = 0;
    this.connect();
  }

  stop(): void {
    this.dropSocket(1000);
    clearTimeout(this.retryTimer);
    this.setStatus('idle');
  }

  /** False when there is no welcomed connection: the caller keeps what it wanted to say. */
  send(frame: object): boolean {
    if (this.status !== 'online' || !this.socket || this.socket.readyState !== 1) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** Gives up this connection and opens another one, e.g. to resume after a gap. */
  reconnect(): void {
    if (this.status === 'idle' || this.status === 'refused') return;
    this.dropSocket(1000);
    this.scheduleRetry(0);
  }

  /** Something suggests that the network is back, or that the connection may be dead: find out now rather than later. */
  wake(): void {
    if (this.status === 'waiting') {
      clearTimeout(this.retryTimer);
      this.connect();
    } else if (this.status === 'online') {
      if (Date.now() - this.lastHeard > SILENCE_MS) this.reconnect();
      else this.send({ t: 'ping' });
    }
  }

  private connect(): void {
    clearTimeout(this.retryTimer);
    this.setStatus('connecting');
    let socket: SocketLike;
    try {
      socket = this.options.createSocket?.(this.options.url) ?? (new WebSocket(this.options.url) as unknown as SocketLike);
    } catch {
      this.scheduleRetry();
      return;
    }
    this.socket = socket;
    this.lastHeard = Date.now();
    socket.onopen = () => {
      if (this.socket === socket) socket.send(JSON.stringify(this.options.hello()));
    };
    socket.onmessage = (event) => {
      if (this.socket === socket) this.receive(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.closed(event.code);
    };
    socket.onerror = () => undefined; // `close` always follows and carries the code
    this.welcomeTimer = setTimeout(() => {
      if (this.socket === socket && this.status === 'connecting') this.reconnectAfterSilence();
    }, WELCOME_WITHIN_MS);
  }

  private receive(data: unknown): void {
    this.lastHeard = Date.now();
    let frame: unknown;
    try {
      frame = JSON.parse(String(data));
    } catch {
      return;
    }
    if (typeof frame !== 'object' || frame === null || typeof (frame as { t?: unknown }).t !== 'string') return;
    const known = frame as { t: string } & Record<string, unknown>;
    if (known.t === 'welcome') {
      clearTimeout(this.welcomeTimer);
      this.attempt = 0;
      this.startPulse();
      this.status = 'online'; // so that the handler of `welcome` can send
      this.options.onFrame(known);
      this.options.onStatus?.('online');
      return;
    }
    this.options.onFrame(known);
  }

  private startPulse(): void {
    clearInterval(this.pulseTimer);
    this.pulseTimer = setInterval(() => {
      if (Date.now() - this.lastHeard > SILENCE_MS) this.reconnectAfterSilence();
      else this.send({ t: 'ping' });
    }, PING_EVERY_MS);
  }

  private reconnectAfterSilence(): void {
    this.dropSocket(4408);
    this.scheduleRetry();
  }

  private closed(code: number): void {
    this.dropSocket();
    if (code === 4403) {
      this.setStatus('refused');
    } else if (code === 4401) {
      if (this.options.onUnauthorized?.()) this.scheduleRetry();
      else this.setStatus('refused');
    } else {
      if (code === 4429) this.attempt = Math.max(this.attempt, 3); // too fast: start at up to 8 s
      if (code === 4400) this.attempt = Math.max(this.attempt, 5); // our mistake: trying often does not mend it
      this.scheduleRetry();
    }
  }

  private scheduleRetry(delay = fullJitter(this.attempt, this.options.random)): void {
    this.attempt += 1;
    this.setStatus('waiting');
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect(), delay);
  }

  private dropSocket(code?: number): void {
    clearInterval(this.pulseTimer);
    clearTimeout(this.welcomeTimer);
    const socket = this.socket;
    this.socket = null;
    if (socket && code !== undefined) {
      try {
        socket.close(code);
      } catch {
        // A socket that never opened may refuse a close code; it is forgotten either way.
      }
    }
  }

  private setStatus(status: SocketStatus): void {
    if (this.status === status) return;
    this.status = status;
    this.options.onStatus?.(status);
  }
}
