/**
 * A customer's side of the chat: connects, resumes, keeps messages in order and sends each of them until it is acknowledged.
 * It draws nothing; whoever draws reads the public members after each `change`.
 */

import type { Attachment, Author, VisitorFrame, VisitorMessage } from './protocol.js';
import { asMessage, fromFrame, standingOf, type ChatMessage, type Standing } from './chat-message.js';
import { Courier } from './courier.js';
import { uuid } from './ids.js';
import { LiveSocket, type SocketLike, type SocketStatus } from './live-socket.js';
import { Outbox, type Draft, type KeyValue } from './outbox.js';
import { uploadFile } from './upload.js';

export type { ChatMessage, Standing } from './chat-message.js';

export interface ChatClientOptions {
  /** Address of the hub, e.g. "https://chat.example.com/". */
  hub: string;
  site: string;
  language: string;
  page?: string;
  storage: KeyValue;
  createSocket?: (url: string) => SocketLike;
  random?: () => number;
  fetch?: typeof fetch;
  /** Tell the hub what has arrived: for apps whose devices are woken for what has not (AppClient). */
  receipts?: boolean;
}

/**
 * Who the page says that its visitor is: a text that the site's server signed (PAYLOAD.SIGNATURE or a JWT), a user id with its
 * hash, or only what the visitor said.
 */
export type Identity = string | { user?: string; user_hash?: string; name?: string; phone?: string; email?: string };

export type ChatChange = 'messages' | 'state' | 'status' | 'typing' | 'rate' | 'arrived';

export const GAP_PATIENCE_MS = 2_000;
const TYPING_SHOWN_MS = 8_000;
const TYPING_SENT_EVERY_MS = 3_000;

export class ChatClient {
  status: SocketStatus = 'idle';
  conversation = '';
  standing: Standing = { state: 'bot', agent: '', group: '', place: 0, estimateSeconds: 0 };
  /** The agent has read up to here. */
  readByAgent = 0;
  /** The hub asks for a rating. */
  rateWanted = false;
  typing: { author: Author; name: string } | null = null;
  /** The history that the hub promised in `welcome` has arrived. */
  historyLoaded = false;
  language: string;

  private readonly socket: LiveSocket;
  private readonly outbox: Outbox;
  private readonly courier: Courier;
  private readonly stored = new Map<number, ChatMessage>();
  private readonly listeners = new Set<(change: ChatChange, message?: ChatMessage) => void>();
  protected token: string | null;
  private visitor = '';
  /** Everything up to here is held without a gap; where resuming begins. */
  private contiguous = 0;
  private promised = 0;
  private readSent = 0;
  private gapTimer: ReturnType<typeof setTimeout> | undefined;
  private typingTimer: ReturnType<typeof setTimeout> | undefined;
  private typingSentAt = 0;
  private handoffWanted = false;
  private identity: Identity | null = null;
  /** The frame that said so last, and the visitor about whom the hub has answered it. */
  private identifyId = '';
  private identified = '';
  /** Told to the hub with `got`. */
  private confirmed = 0;
  /** What `welcome` promised on this connection is there. */
  private caughtUp = false;
  private loadTimer: ReturnType<typeof setTimeout> | undefined;
  private rated = false;

  constructor(private readonly options: ChatClientOptions) {
    this.language = options.language;
    this.token = this.readToken();
    this.outbox = new Outbox(options.storage, this.key('out:'));
    this.courier = new Courier(this.outbox, {
      send: ({ id, text, attachments }) => this.socket.send({ t: 'msg', id, text, attachments: attachments.map((a) => a.id) }),
      onSilence: () => this.socket.reconnect(),
      onChange: () => this.emit('messages'),
    });
    this.socket = new LiveSocket({
      url: new URL('api/v1/visitor', options.hub).href.replace(/^http/, 'ws'),
      hello: () => this.hello(),
      onFrame: (frame) => this.receive(frame as unknown as VisitorFrame),
      onStatus: (status) => this.statusChanged(status),
      onUnauthorized: () => this.forgetToken(),
      createSocket: options.createSocket,
      random: options.random,
    });
  }

  /** True when this browser has been here before, or has something unsent: worth connecting without being asked. */
  get known(): boolean {
    return this.token !== null || this.outbox.all().length > 0;
  }

  onChange(listener: (change: ChatChange, message?: ChatMessage) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  start(): void {
    this.socket.start();
  }

  stop(): void {
    clearTimeout(this.gapTimer);
    clearTimeout(this.typingTimer);
    clearTimeout(this.loadTimer);
    this.courier.stop();
    this.socket.stop();
  }

  /** The page is visible again or the network is back. */
  wake(): void {
    this.socket.wake();
  }

  /** Tells the hub who this is, until it has answered; again only about another visitor or when the page says somebody else. */
  identify(identity: Identity): void {
    this.identity = identity;
    this.identified = '';
    this.sendIdentity();
  }

  private sendIdentity(): void {
    if (!this.identity || this.visitor === '' || this.identified === this.visitor) return;
    const said = typeof this.identity === 'string' ? { identity: this.identity } : this.identity;
    const id = uuid();
    if (this.socket.send({ t: 'identify', id, ...said })) this.identifyId = id;
  }

  private identityAnswered(id: string): void {
    if (id !== '' && id === this.identifyId) this.identified = this.visitor;
  }

  /** Stored messages by seq, then what waits for its acknowledgement. */
  messages(): ChatMessage[] {
    const list = [...this.stored.values()].sort((a, b) => a.seq - b.seq);
    for (const draft of this.outbox.all()) list.push(asMessage(draft));
    return list;
  }

  send(text: string, attachments: Attachment[] = []): string {
    const draft: Draft = { id: uuid(), text, attachments, at: new Date().toISOString() };
    this.typingSentAt = 0;
    this.start();
    this.courier.post(draft);
    return draft.id;
  }

  retry(id: string): void {
    this.start();
    this.courier.retry(id);
  }

  discard(id: string): void {
    this.courier.discard(id);
  }

  setTyping(on: boolean): void {
    const now = Date.now();
    if (on && now - this.typingSentAt < TYPING_SENT_EVERY_MS) return;
    if (!on && this.typingSentAt === 0) return;
    this.typingSentAt = on ? now : 0;
    if (this.conversation) this.socket.send({ t: 'typing', on });
  }

  /** The customer has seen everything that is held. */
  markRead(): void {
    let seq = 0;
    for (const message of this.stored.values()) if (message.author !== 'customer') seq = Math.max(seq, message.seq);
    if (seq <= this.readSent || !this.socket.send({ t: 'read', seq })) return;
    this.readSent = seq;
    this.write('read', `${this.conversation}:${seq}`);
  }

  /** How many answers the customer has not seen yet. */
  unread(): number {
    let count = 0;
    for (const m of this.stored.values()) {
      if (m.seq > this.readSent && (m.author === 'agent' || m.author === 'bot')) count += 1;
    }
    return count;
  }

  requestPerson(): void {
    this.handoffWanted = true;
    this.start();
    this.askForPerson();
  }

  /** The hub takes the wish only once there is a conversation. */
  private askForPerson(): void {
    if (this.handoffWanted && this.conversation !== '') this.handoffWanted = !this.socket.send({ t: 'handoff' });
  }

  rate(score: number, comment: string): boolean {
    if (!this.socket.send({ t: 'rate', score, comment })) return false;
    this.closeRating();
    return true;
  }

  /** Rated, or not wanted: do not ask again for this resolution. */
  closeRating(): void {
    this.write('rated', `${this.conversation}:${this.contiguous}`);
    this.askForRating(false);
  }

  private askForRating(wanted: boolean): void {
    const asked = wanted && !this.rated && this.read('rated') !== `${this.conversation}:${this.contiguous}`;
    if (asked === this.rateWanted) return;
    this.rateWanted = asked;
    this.emit('rate');
  }

  upload(file: File, onProgress: (share: number) => void): Promise<Attachment> {
    return uploadFile(new URL('api/v1/visitor/files', this.options.hub).href, file, this.token, onProgress);
  }

  /** The address of an attachment; those of the hub are relative to it. */
  fileUrl(attachment: Attachment): string {
    if (!attachment.url) return '';
    try {
      const url = new URL(attachment.url, this.options.hub);
      return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : '';
    } catch {
      return '';
    }
  }

  /** Signed addresses last five minutes: asks for the message again and returns a fresh one. */
  async freshUrl(seq: number, attachment: string): Promise<string> {
    await this.fetchAfter(seq - 1, 1);
    const found = this.stored.get(seq)?.attachments.find((a) => a.id === attachment);
    return found ? this.fileUrl(found) : '';
  }

  /** Another tab of the same site wrote to the shared storage. */
  storageChanged(key: string | null): void {
    if (key !== this.key('token')) return;
    const token = this.readToken();
    if (token && token !== this.token && !this.conversation) {
      this.token = token;
      this.socket.reconnect();
    }
  }

  private hello(): object {
    // Another tab may have become a visitor while this one was waiting; both must be the same person.
    if (!this.token) this.token = this.readToken();
    const frame: Record<string, unknown> = { t: 'hello', site: this.options.site, language: this.language };
    if (this.token) frame.token = this.token;
    if (this.contiguous > 0) frame.last_seq = this.contiguous;
    if (this.options.page) frame.page = this.options.page;
    if (this.options.receipts) frame.receipts = true;
    return frame;
  }

  private receive(frame: VisitorFrame): void {
    switch (frame.t) {
      case 'welcome':
        this.welcomed(frame);
        break;
      case 'ack':
        this.acknowledged(frame.id, frame.seq, frame.message, frame.conversation, frame.at);
        break;
      case 'msg':
        this.arrived(frame);
        break;
      case 'typing':
        this.typingChanged(frame.on ? { author: frame.author, name: frame.name ?? '' } : null);
        break;
      case 'read':
        if (frame.seq > this.readByAgent) {
          this.readByAgent = frame.seq;
          this.emit('messages');
        }
        break;
      case 'state':
        this.standing = standingOf(frame);
        if (frame.state !== 'resolved') this.rated = false;
        this.askForRating(frame.state === 'resolved');
        this.emit('state');
        break;
      case 'rate':
        this.askForRating(true);
        break;
      case 'error':
        if (!frame.retry_after) this.identityAnswered(frame.id ?? '');
        this.courier.refuse(frame.id ?? '', frame.detail || frame.code, frame.retry_after ?? 0);
        break;
      case 'identified':
        this.identityAnswered(frame.id);
        break;
      case 'pong':
        break;
    }
  }

  private welcomed(frame: Extract<VisitorFrame, { t: 'welcome' }>): void {
    if (frame.token) {
      this.token = frame.token;
      this.write('token', frame.token);
    }
    // Another person or another conversation: what is on the screen does not belong to it.
    const stranger = this.visitor !== '' && this.visitor !== frame.visitor;
    if (stranger || (this.conversation !== '' && this.conversation !== frame.conversation)) this.forgetMessages();
    this.visitor = frame.visitor;
    this.conversation = frame.conversation;
    this.promised = frame.seq;
    this.standing = standingOf(frame);
    this.rated = (frame.rating ?? 0) > 0;
    this.readByAgent = Math.max(this.readByAgent, frame.read ?? 0);
    const [readIn, readSeq] = (this.read('read') ?? '').split(':');
    if (readIn === frame.conversation) this.readSent = Math.max(this.readSent, Number(readSeq) || 0);
    this.readSent = Math.min(this.readSent, frame.seq);
    this.caughtUp = false;
    this.checkLoaded();
    this.courier.reset();
    this.emit('state');
    this.sendIdentity();
    this.askForPerson();
    this.courier.flush();
  }

  private arrived(frame: VisitorMessage): void {
    this.adoptConversation(frame.conversation);
    const known = this.stored.get(frame.seq);
    const message = fromFrame(frame);
    if (known) {
      // The same message again carries fresh addresses; nothing else can have changed.
      message.key = known.key;
      this.stored.set(frame.seq, message);
      if (frame.after !== undefined) this.bridged.set(frame.seq, frame.after);
      this.extend();
      this.watchGap();
      this.confirm();
      this.emit('messages');
      return;
    }
    if (frame.author === 'customer' && frame.client_id) {
      this.courier.settle(frame.client_id);
    }
    const first = this.stored.size === 0;
    const news = this.historyLoaded || frame.seq > this.promised;
    this.stored.set(frame.seq, message);
    const after = frame.after ?? frame.seq - 1;
    if (first || after <= this.contiguous) this.contiguous = Math.max(this.contiguous, frame.seq);
    this.bridged.set(frame.seq, after);
    this.extend();
    this.watchGap();
    this.checkLoaded();
    if (frame.author !== 'customer') this.typingChanged(null);
    this.confirm();
    this.emit('messages');
    if (news) this.emit('arrived', message);
    this.courier.flush();
  }

  /** seq → the seq before it that the customer may see. */
  private readonly bridged = new Map<number, number>();

  private extend(): void {
    // Messages that came early become contiguous once the one before them is there.
    const waiting = [...this.stored.keys()].filter((seq) => seq > this.contiguous).sort((a, b) => a - b);
    for (const seq of waiting) {
      const after = this.bridged.get(seq) ?? seq - 1;
      if (after > this.contiguous) break;
      this.contiguous = seq;
    }
  }

  /** Says what has arrived, so that nobody is woken for it: also what stood behind a gap until now. */
  private confirm(): void {
    if (!this.options.receipts || this.contiguous <= this.confirmed) return;
    const news = [...this.stored.values()].some((m) => m.author !== 'customer' && m.seq > this.confirmed && m.seq <= this.contiguous);
    if (news && this.socket.send({ t: 'got', seq: this.contiguous })) this.confirmed = this.contiguous;
  }

  private get hasGap(): boolean {
    for (const seq of this.stored.keys()) if (seq > this.contiguous) return true;
    return false;
  }

  private watchGap(): void {
    if (!this.hasGap) {
      clearTimeout(this.gapTimer);
      this.gapTimer = undefined;
      return;
    }
    // An acknowledgement that is under way closes most gaps; only what stays open is asked for.
    this.gapTimer ??= setTimeout(() => {
      this.gapTimer = undefined;
      if (!this.hasGap) return;
      this.fetchAfter(this.contiguous, 100).then(
        () => this.hasGap && this.socket.reconnect(),
        () => this.socket.reconnect(),
      );
    }, GAP_PATIENCE_MS);
  }

  private async fetchAfter(after: number, limit: number): Promise<void> {
    const answer = await this.call('GET', `api/v1/visitor/messages?after=${after}&limit=${limit}`);
    const body = (await answer.json()) as { messages: VisitorMessage[] };
    let previous = after;
    for (const message of body.messages) {
      this.arrived({ after: previous, ...message });
      previous = message.seq;
    }
  }

  protected async call(method: string, path: string, body?: string): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.token ?? ''}` };
    if (body) headers['Content-Type'] = 'application/json';
    const send = this.options.fetch ?? fetch.bind(globalThis);
    const answer = await send(new URL(path, this.options.hub).href, { method, headers, body });
    if (!answer.ok) throw new Error(`${method} ${path.split('?')[0]}: ${answer.status}`);
    return answer;
  }

  /** Nothing of the visitor stays: neither messages nor what was not sent yet nor the token. */
  protected forget(): void {
    this.stop();
    for (const draft of this.outbox.all()) this.outbox.remove(draft.id);
    for (const name of ['token', 'read', 'rated']) this.drop(name);
    this.token = null;
    this.identity = null;
    this.identified = '';
    this.handoffWanted = false;
    this.conversation = '';
    this.visitor = '';
    this.standing = { state: 'bot', agent: '', group: '', place: 0, estimateSeconds: 0 };
    this.forgetMessages();
  }

  private acknowledged(id: string, seq: number, message: string, conversation: string, at: string): void {
    this.adoptConversation(conversation);
    const draft = this.courier.settle(id);
    if (draft && !this.stored.has(seq)) {
      const first = this.stored.size === 0;
      this.stored.set(seq, { ...asMessage({ ...draft, failed: undefined }), seq, id: message, at, status: 'stored' });
      if (first && this.contiguous === 0 && seq === 1) this.contiguous = 1;
      this.extend();
      this.watchGap();
      this.confirm();
      this.checkLoaded();
      // The acknowledgement carries no addresses; pictures of one's own are worth a question.
      if (draft.attachments.length > 0) this.fetchAfter(seq - 1, 1).catch(() => undefined);
    }
    this.askForPerson();
    this.emit('messages');
    this.courier.flush();
  }

  private adoptConversation(conversation: string): void {
    if (!conversation || conversation === this.conversation) return;
    if (this.conversation) this.forgetMessages();
    this.conversation = conversation;
  }

  private forgetMessages(): void {
    this.stored.clear();
    this.bridged.clear();
    this.contiguous = 0;
    this.confirmed = 0;
    this.readSent = 0;
    this.readByAgent = 0;
    this.historyLoaded = false;
    this.rateWanted = false;
    this.emit('messages');
  }

  private checkLoaded(): void {
    if (this.caughtUp) return;
    clearTimeout(this.loadTimer);
    if (this.promised > 0 && !this.stored.has(this.promised) && this.contiguous < this.promised) {
      // The newest may be a private note, which never comes.
      this.loadTimer = setTimeout(() => this.loaded(), GAP_PATIENCE_MS);
      return;
    }
    this.loaded();
  }

  private loaded(): void {
    this.caughtUp = true;
    this.historyLoaded = true;
    this.askForRating(this.standing.state === 'resolved');
    this.emit('state');
  }

  private typingChanged(typing: { author: Author; name: string } | null): void {
    clearTimeout(this.typingTimer);
    if (typing) this.typingTimer = setTimeout(() => this.typingChanged(null), TYPING_SHOWN_MS);
    if (!typing && !this.typing) return;
    this.typing = typing;
    this.emit('typing');
  }

  private statusChanged(status: SocketStatus): void {
    this.status = status;
    if (status !== 'online') {
      clearTimeout(this.loadTimer);
      this.courier.reset();
      this.typingChanged(null);
    }
    this.emit('status');
  }

  private forgetToken(): boolean {
    const newer = this.readToken();
    if (newer && newer !== this.token) {
      this.token = newer; // another tab has a better one
      return true;
    }
    this.token = null;
    this.drop('token');
    this.conversation = '';
    this.visitor = '';
    this.forgetMessages();
    return true;
  }

  private key(name: string): string {
    return `qiao:${this.options.site}:${name}`;
  }

  private readToken(): string | null {
    return this.read('token');
  }

  private read(name: string): string | null {
    try {
      return this.options.storage.getItem(this.key(name));
    } catch {
      return null;
    }
  }

  private write(name: string, value: string): void {
    try {
      this.options.storage.setItem(this.key(name), value);
    } catch {
      // The token then lives as long as the page.
    }
  }

  private drop(name: string): void {
    try {
      this.options.storage.removeItem(this.key(name));
    } catch {
      // Without storage there is nothing to remove.
    }
  }

  private emit(change: ChatChange, message?: ChatMessage): void {
    for (const listener of this.listeners) listener(change, message);
  }
}
