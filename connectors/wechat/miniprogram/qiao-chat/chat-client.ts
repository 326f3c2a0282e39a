// Speaks the hub's chat protocol (docs/reference/chat-protocol.md) over wx.connectSocket: resumes after every cut, keeps what
// is not acknowledged and sends it again under the same id. Knows nothing of pages; base library 2.9.0 and later.

export interface SocketTask {
  onOpen(handler: () => void): void;
  onMessage(handler: (event: {data: string | ArrayBuffer}) => void): void;
  onClose(handler: (event: {code: number; reason: string}) => void): void;
  onError(handler: (event: {errMsg: string}) => void): void;
  send(options: {data: string; fail?: () => void}): void;
  close(options: {code?: number; reason?: string}): void;
}

/** The part of `wx` that is used. */
export interface Platform {
  connectSocket(options: {url: string}): SocketTask;
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, value: unknown): void;
  login(options: {success: (result: {code: string}) => void; fail: () => void}): void;
  request(options: {url: string; method: 'POST'; data: object; header: Record<string, string>;
    success: (result: {statusCode: number; data: unknown}) => void; fail: () => void}): void;
  uploadFile(options: {url: string; filePath: string; name: string; header: Record<string, string>;
    success: (result: {statusCode: number; data: string}) => void; fail: () => void}): void;
}

export interface Attachment {
  id: string;
  name: string;
  media_type: string;
  size: number;
  url: string;           // relative to the hub, good for five minutes
  local?: string;        // of a file that was sent from here: its path on the phone
}
export interface Button {label: string; value: string; url: string}
export interface ChatMessage {
  id: string;            // own ones keep the client's id
  seq: number;           // 0 until it is stored
  author: 'customer' | 'bot' | 'agent' | 'system';
  name: string;
  text: string;
  attachments: Attachment[];
  buttons: Button[];
  at: string;
  failed: string;        // why it was refused; '' when it was not
}

export interface ChatState {
  messages: ChatMessage[];
  connected: boolean;
  state: string;         // bot, queued, assigned, waiting, resolved
  agent: string;
  place: number;
  typing: boolean;
  rate: boolean;         // the hub asks for a rating
  verified: boolean;     // the hub knows who the customer is
  stopped: string;       // why it does not connect any more
}

export interface ChatOptions {
  wx: Platform;
  hub: string;           // https://chat.example.com
  site: string;
  language: string;
  login?: string;        // https://chat.example.com/hooks/wechat-mini/login
  onChange: (state: ChatState) => void;
}

interface Waiting {id: string; text: string; attachments: string[]; files?: Attachment[]}
/** `seq`: everything up to here is held without a gap; where resuming begins. */
interface Kept {token: string; conversation: string; seq: number; waiting: Waiting[]}
interface Frame {t: string; [field: string]: unknown}

const PING = 30_000;
const SILENCE = 75_000;
const LONGEST_PAUSE = 30_000;
const MOST_KEPT = 200;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const list = <T>(value: unknown): T[] => (Array.isArray(value) ? (value as T[]) : []);

/** A message id; it need only be unique for this customer. */
function newId(): string {
  let id = Date.now().toString(16);
  while (id.length < 32) id += Math.floor(Math.random() * 16).toString(16);
  return id;
}

export class ChatClient {
  readonly state: ChatState = {messages: [], connected: false, state: 'bot', agent: '', place: 0, typing: false, rate: false,
    verified: false, stopped: ''};
  private readonly options: ChatOptions;
  private readonly place: string;
  private kept: Kept;
  private socket: SocketTask | null = null;
  private wanted = false;
  private tries = 0;
  private heard = 0;
  private wantsPerson = false;
  /** seq → the seq before it that the customer may see, for what is held behind a gap. */
  private readonly before = new Map<number, number>();
  private pause: ReturnType<typeof setTimeout> | undefined;
  private beat: ReturnType<typeof setInterval> | undefined;

  constructor(options: ChatOptions) {
    this.options = options;
    this.place = `qiao-chat:${options.site}`;
    const kept = options.wx.getStorageSync(this.place) as Partial<Kept> | '' | undefined;
    // What is on the screen is asked for again: only the place in the conversation and the unsent texts are kept.
    this.kept = {token: text(kept && kept.token), conversation: text(kept && kept.conversation), seq: 0,
      waiting: list<Waiting>(kept && kept.waiting)};
    for (const message of this.kept.waiting) this.show(message);
  }

  open(): void {
    this.wanted = true;
    this.state.stopped = '';
    this.connect();
  }

  /** The page is on the screen again: the system may have cut the socket without telling. */
  resume(): void {
    if (!this.wanted) return;
    if (this.state.connected && Date.now() - this.heard <= SILENCE) return this.frame({t: 'ping'});
    this.tries = 0;
    this.connect();
  }

  close(): void {
    this.wanted = false;
    clearTimeout(this.pause);
    this.drop(1000);
  }

  send(words: string, files: Attachment[] = []): string {
    const message: Waiting = {id: newId(), text: words, attachments: files.map(file => file.id), files};
    this.kept.waiting.push(message);
    this.keep();
    this.show(message);
    this.changed();
    this.deliver(message);
    return message.id;
  }

  /** Uploads a file that wx.chooseMedia gave and sends it. */
  sendFile(filePath: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.options.wx.uploadFile({
        url: `${this.options.hub}/api/v1/visitor/files`, filePath, name: 'file', header: {Authorization: `Bearer ${this.kept.token}`},
        success: ({statusCode, data}) => {
          if (statusCode !== 200) return reject(new Error(data));
          resolve(this.send('', [{...(JSON.parse(data) as Attachment), local: filePath}]));
        },
        fail: () => reject(new Error('the file was not sent')),
      });
    });
  }

  typing(on: boolean): void {
    if (this.state.connected && this.kept.conversation) this.frame({t: 'typing', on});
  }

  read(): void {
    const seq = Math.max(0, ...this.state.messages.map(m => m.seq));
    if (this.state.connected && seq > 0) this.frame({t: 'read', seq});
  }

  handoff(): void {
    this.wantsPerson = true;
    this.askForPerson();
  }

  /** The hub takes the wish only once there is a conversation. */
  private askForPerson(): void {
    if (!this.wantsPerson || !this.state.connected || !this.kept.conversation) return;
    this.wantsPerson = false;
    this.frame({t: 'handoff'});
  }

  rate(score: number, comment = ''): void {
    if (!this.state.connected) return;
    this.frame({t: 'rate', score, comment});
    this.state.rate = false;
    this.changed();
  }

  // ---- the socket

  private connect(): void {
    clearTimeout(this.pause);
    this.drop(1000);
    const socket = this.options.wx.connectSocket({url: `${this.options.hub.replace(/^http/, 'ws')}/api/v1/visitor`});
    this.socket = socket;
    socket.onOpen(() => {
      if (this.socket !== socket) return;
      this.heard = Date.now();
      this.frame({t: 'hello', site: this.options.site, language: this.options.language,
        ...(this.kept.token ? {token: this.kept.token, last_seq: this.kept.seq} : {})});
    });
    socket.onMessage(({data}) => {
      if (this.socket === socket && typeof data === 'string') this.receive(data);
    });
    socket.onClose(({code}) => this.closed(socket, code));
    socket.onError(() => this.closed(socket, 1006));
    clearInterval(this.beat);
    this.beat = setInterval(() => this.alive(socket), PING);
  }

  private alive(socket: SocketTask): void {
    if (this.socket !== socket) return;
    if (Date.now() - this.heard > SILENCE) {
      socket.close({code: 1000});
      return this.closed(socket, 1006);
    }
    if (this.state.connected) this.frame({t: 'ping'});
  }

  private drop(code: number): void {
    clearInterval(this.beat);
    const socket = this.socket;
    this.socket = null;
    this.state.connected = false;
    socket?.close({code});
  }

  private closed(socket: SocketTask, code: number): void {
    if (this.socket !== socket) return;
    this.drop(1000);
    if (code === 4401) {
      // The next one is another visitor: neither proven nor in this conversation.
      this.kept = {...this.kept, token: '', conversation: ''};
      this.state.verified = false;
      this.forgetMessages();
    }
    if (code === 4403) {
      this.wanted = false;
      this.state.stopped = 'refused';
    }
    this.changed();
    if (!this.wanted) return;
    // Full jitter: those who were cut together do not come back together.
    const most = Math.min(LONGEST_PAUSE, 1000 * 2 ** Math.min(this.tries, 5));
    this.tries += 1;
    this.pause = setTimeout(() => this.connect(), Math.random() * most);
  }

  private frame(frame: Frame): void {
    this.socket?.send({data: JSON.stringify(frame)});
  }

  private deliver(message: Waiting): void {
    if (this.state.connected) this.frame({t: 'msg', id: message.id, text: message.text, attachments: message.attachments});
  }

  // ---- what the hub says

  private receive(data: string): void {
    this.heard = Date.now();
    const frame = JSON.parse(data) as Frame;
    switch (frame.t) {
      case 'welcome': this.welcome(frame); break;
      case 'msg': this.message(frame); break;
      case 'ack': this.acknowledged(frame); break;
      case 'error': this.refused(frame); break;
      case 'typing': this.state.typing = frame.on === true; break;
      case 'rate': this.state.rate = true; break;
      case 'identified': this.state.verified = frame.verified === true; break;
      case 'state':
        this.state.state = text(frame.state);
        this.state.agent = text(frame.agent);
        this.state.place = number(frame.place);
        break;
      default: return;
    }
    this.changed();
  }

  private welcome(frame: Frame): void {
    this.tries = 0;
    this.state.connected = true;
    this.state.state = text(frame.state) || 'bot';
    this.state.agent = text(frame.agent);
    this.kept.token = text(frame.token);
    this.follow(text(frame.conversation));
    this.keep();
    for (const message of this.kept.waiting) this.deliver(message);
    this.askForPerson();
    this.identify();
  }

  private follow(conversation: string): void {
    if (!conversation || conversation === this.kept.conversation) return;
    if (this.kept.conversation) this.forgetMessages();
    this.kept.conversation = conversation;
  }

  /** Another conversation counts from 1 again: what is on the screen does not belong to it, but for what is unsent. */
  private forgetMessages(): void {
    this.kept.seq = 0;
    this.before.clear();
    this.state.messages = this.state.messages.filter(m => m.seq === 0);
  }

  /** What came behind a gap counts once the gap is closed. */
  private advance(): void {
    for (const {seq} of this.state.messages) {
      if (seq > this.kept.seq && (this.before.get(seq) ?? seq - 1) <= this.kept.seq) this.kept.seq = seq;
      if (seq <= this.kept.seq) this.before.delete(seq);
    }
  }

  private message(frame: Frame): void {
    const seq = number(frame.seq);
    this.follow(text(frame.conversation));
    const first = !this.state.messages.some(m => m.seq > 0);
    this.before.set(seq, first ? 0 : typeof frame.after === 'number' ? frame.after : seq - 1);
    const known = this.state.messages.find(m => m.seq === seq);
    const own = known ?? this.state.messages.find(m => m.seq === 0 && m.id === text(frame.client_id));
    if (own) {
      own.seq = seq;
    } else {
      this.state.messages.push({id: text(frame.id), seq, author: frame.author as ChatMessage['author'], name: text(frame.name), text: text(frame.text),
        attachments: list(frame.attachments), buttons: list(frame.buttons), at: text(frame.at), failed: ''});
    }
    if (!known) this.state.typing = false;
    this.sort();
    this.advance();
  }

  private acknowledged(frame: Frame): void {
    const id = text(frame.id);
    this.kept.waiting = this.kept.waiting.filter(message => message.id !== id);
    this.follow(text(frame.conversation));
    const seq = number(frame.seq);
    const own = this.state.messages.find(m => m.id === id);
    if (this.state.messages.some(m => m.seq === seq && m !== own)) {
      this.state.messages = this.state.messages.filter(m => m !== own);
    } else if (own) {
      own.seq = seq;
      own.at = text(frame.at);
    }
    this.sort();
    this.advance();
    this.keep();
    this.askForPerson();
  }

  private refused(frame: Frame): void {
    const id = text(frame.id);
    const own = this.state.messages.find(m => m.id === id);
    if (!own) return;
    if (number(frame.retry_after) > 0) {
      const again = this.kept.waiting.find(message => message.id === id);
      if (again) setTimeout(() => this.deliver(again), number(frame.retry_after) * 1000);
      return;
    }
    own.failed = text(frame.detail) || text(frame.code);
    this.kept.waiting = this.kept.waiting.filter(message => message.id !== id);
    this.keep();
  }

  // ---- who the customer is

  private identify(): void {
    const url = this.options.login;
    if (!url || this.state.verified) return;
    this.options.wx.login({
      success: ({code}) => this.options.wx.request({
        url, method: 'POST', data: {code}, header: {'content-type': 'application/json'},
        success: ({statusCode, data}) => {
          if (statusCode === 200 && this.state.connected) this.frame({t: 'identify', id: 'login', identity: (data as {identity: string}).identity});
        },
        fail: () => {},
      }),
      fail: () => {},
    });
  }

  // ---- the list

  private show(message: Waiting): void {
    this.state.messages.push({id: message.id, seq: 0, author: 'customer', name: '', text: message.text, attachments: message.files ?? [], buttons: [],
      at: '', failed: ''});
  }

  /** Stored ones by number, then those on their way in the order in which they were written. */
  private sort(): void {
    const stored = this.state.messages.filter(m => m.seq > 0).sort((a, b) => a.seq - b.seq).slice(-MOST_KEPT);
    this.state.messages = [...stored, ...this.state.messages.filter(m => m.seq === 0)];
  }

  private keep(): void {
    this.options.wx.setStorageSync(this.place, {token: this.kept.token, conversation: this.kept.conversation, waiting: this.kept.waiting});
  }

  private changed(): void {
    this.options.onChange(this.state);
  }
}
