/**
 * Everything the workspace knows, and the one place where frames change it. Frames may come twice, late or after a gap; what is
 * held stays right all the same. Components read `state` and call the methods below.
 */

import { reactive } from 'vue';
import { Courier } from '../../../../../../sdk/app/js/src/courier';
import { uuid } from '../../../../../../sdk/app/js/src/ids';
import { LiveSocket, type SocketLike, type SocketStatus } from '../../../../../../sdk/app/js/src/live-socket';
import { Outbox, type Draft, type KeyValue } from '../../../../../../sdk/app/js/src/outbox';
import type { AgentFrame, AgentMessage, AgentView, Attachment, CallFrame, ConversationView, Presence, TicketView } from '../../shared/protocol';
import { ApiError, type Api, type ConversationTab, type Session, type Transfer } from '../api';
import { loadChannels, raised } from '../channels';
import { belongs, maySee, mergeConversation, noteMessage } from './conversations';
import { foundOf, type FoundPage } from './search';
import { emptyState, type HubState } from './hub-state';
import { applyDelivery, applyMessage, applyOlder, applyPage, hasGap, newDialogue, trim, type Dialogue } from './dialogue';

export const PAGE = 50;
const KEEP = 200;
const GAP_PATIENCE_MS = 1_000;
const TYPING_SHOWN_MS = 8_000;
const TYPING_SENT_EVERY_MS = 3_000;
const COUNTS_AFTER_MS = 300;
const PRESENCE = 'qiao:workspace:presence';

export type HubNotice =
  | { kind: 'follow-up'; ticket: TicketView }
  | { kind: 'ticket'; ticket: TicketView }
  | { kind: 'queued' | 'assigned'; conversation: ConversationView }
  | { kind: 'message'; conversation: ConversationView; message: AgentMessage }
  | { kind: 'gone'; conversation: string };

export interface HubOptions {
  api: Api;
  url: string;
  storage: KeyValue;
  createSocket?: (url: string) => SocketLike;
  random?: () => number;
  onNotice?: (notice: HubNotice) => void;
  onCall?: (frame: CallFrame) => void;
  onSessionOver?: () => void;
}

export class Hub {
  readonly state: HubState = reactive(emptyState());
  private readonly socket: LiveSocket;
  private outbox: Outbox;
  private courier: Courier;
  private readonly typingTimers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly gapTimers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly fetching = new Set<string>();
  /** Taken by this screen: nobody needs to be told. */
  private readonly taking = new Set<string>();
  private countsTimer: ReturnType<typeof setTimeout> | undefined;
  private typingSent = { conversation: '', at: 0 };
  private wantedPresence: Presence | null = null;
  private welcomedBefore = false;
  private looking = ''; // the contact on the screen

  constructor(private readonly options: HubOptions) {
    this.socket = new LiveSocket({
      url: options.url,
      hello: () => ({ t: 'hello', resume: this.resumePoints() }),
      onFrame: (frame) => this.receive(frame as unknown as AgentFrame),
      onStatus: (status) => this.statusChanged(status),
      onUnauthorized: () => {
        this.options.onSessionOver?.();
        return false;
      },
      createSocket: options.createSocket,
      random: options.random,
    });
    this.outbox = new Outbox(options.storage, 'qiao:workspace:nobody:out:');
    this.courier = this.newCourier();
  }

  get api(): Api {
    return this.options.api;
  }

  may(permission: string): boolean {
    return this.state.permissions.includes('*') || this.state.permissions.includes(permission);
  }

  begin(session: Session): void {
    this.state.me = session.agent;
    this.state.permissions = session.permissions;
    // Each agent of a shared computer has an outbox of their own.
    this.outbox = new Outbox(this.options.storage, `qiao:workspace:${session.agent.id}:out:`);
    this.courier = this.newCourier();
    this.state.drafts = this.outbox.all();
    // Whoever went away does not come back by reloading the page.
    if (this.options.storage.getItem(PRESENCE) === 'away') this.wantedPresence = 'away';
    this.socket.start();
    void this.loadStaff();
    void loadChannels(this.api);
  }

  end(): void {
    this.socket.stop();
    for (const timer of [...this.typingTimers.values(), ...this.gapTimers.values()]) clearTimeout(timer);
    clearTimeout(this.countsTimer);
    this.typingTimers.clear();
    this.gapTimers.clear();
    this.courier.stop();
    this.welcomedBefore = false;
    this.looking = '';
    this.wantedPresence = null;
    Object.assign(this.state, emptyState());
  }

  wake(): void {
    this.socket.wake();
  }

  // ---- lists -------------------------------------------------------------------------------------------------------

  async loadTab(tab: ConversationTab, next = false): Promise<void> {
    const info = this.state.tabs[tab];
    if (info.loading || (next && !info.more)) return;
    info.loading = true;
    try {
      const page = await this.api.conversations({ view: tab, limit: PAGE, before: next ? info.before : undefined });
      for (const conversation of page.conversations) this.putConversation(conversation);
      const last = page.conversations[page.conversations.length - 1];
      if (last) info.before = last.changed_at;
      info.more = page.more;
      info.loaded = true;
      if (page.counts) this.state.counts = { ...this.state.counts, ...page.counts };
      if (!next) this.lookAgain(tab, new Set(page.conversations.map((c) => c.id)), page.more ? (last?.changed_at ?? '') : '');
    } finally {
      info.loading = false;
    }
  }

  /** What this screen still shows in a tab and the hub does not: it changed while nobody listened. */
  private lookAgain(tab: ConversationTab, listed: Set<string>, since: string): void {
    const me = this.state.me?.id ?? '';
    const stale = Object.values(this.state.conversations).filter((c) => belongs(c, tab, me) && !listed.has(c.id) && c.changed_at >= since);
    for (const c of stale.slice(0, PAGE)) this.fetchConversation(c.id);
  }

  /** Through everything that this agent may see, resolved conversations too. */
  async search(text: string, cursor = ''): Promise<FoundPage> {
    const page = await this.api.conversations({ view: 'any', search: text, cursor, limit: PAGE });
    for (const conversation of page.conversations) this.putConversation(conversation);
    return { list: foundOf(page), cursor: page.cursor ?? '' };
  }

  async conversation(id: string): Promise<ConversationView | undefined> {
    if (!this.state.conversations[id]) this.putConversation(await this.api.conversation(id));
    return this.state.conversations[id];
  }

  putConversation(incoming: ConversationView): ConversationView {
    const merged = (this.state.conversations[incoming.id] = mergeConversation(this.state.conversations[incoming.id], incoming));
    const active = this.state.activity[incoming.id];
    if (!active || merged.changed_at > active) this.state.activity[incoming.id] = merged.changed_at;
    return merged;
  }

  // ---- dialogues ---------------------------------------------------------------------------------------------------

  async open(id: string): Promise<void> {
    this.state.opened = id;
    this.state.dialogues[id] ??= newDialogue(id);
    const dialogue = this.dialogue(id);
    if (dialogue.loaded) {
      trim(dialogue, KEEP);
      this.watch(dialogue);
      this.markRead(id);
      return;
    }
    await this.loadNewest(id);
    this.watch(dialogue);
    this.markRead(id);
  }

  async loadOlder(id: string): Promise<void> {
    const dialogue = this.dialogue(id);
    if (!dialogue.loaded || !dialogue.hasOlder || this.fetching.has(id)) return;
    this.fetching.add(id);
    try {
      const page = await this.api.messages(id, { before: dialogue.floor, limit: PAGE });
      applyOlder(dialogue, page.messages, page.more);
    } finally {
      this.fetching.delete(id);
    }
  }

  /** Signed addresses of attachments last five minutes: asks for one message again. */
  async refreshMessage(id: string, seq: number): Promise<AgentMessage | undefined> {
    const page = await this.api.messages(id, { after: seq - 1, limit: 1 });
    const message = page.messages.find((m) => m.seq === seq);
    const dialogue = this.state.dialogues[id];
    if (message && dialogue) applyMessage(dialogue, message);
    return message;
  }

  markRead(id: string): void {
    const dialogue = this.state.dialogues[id];
    const conversation = this.state.conversations[id];
    if (!dialogue?.loaded || !conversation || dialogue.top <= conversation.read_by_agent) return;
    // Only whoever serves the customer reads for them; the hub keeps to that too.
    if (conversation.agent !== this.state.me?.id) return;
    if (this.socket.send({ t: 'read', conversation: id, seq: dialogue.top })) conversation.read_by_agent = dialogue.top;
  }

  send(conversation: string, text: string, options: { note?: boolean; attachments?: Attachment[] } = {}): string {
    const draft: Draft = {
      id: uuid(),
      conversation,
      text,
      note: options.note ?? false,
      attachments: options.attachments ?? [],
      at: new Date().toISOString(),
    };
    this.typingSent = { conversation: '', at: 0 };
    this.courier.post(draft);
    return draft.id;
  }

  retry(id: string): void {
    this.courier.retry(id);
  }

  discard(id: string): void {
    this.courier.discard(id);
  }

  setTyping(conversation: string, on: boolean): void {
    const now = Date.now();
    const same = this.typingSent.conversation === conversation;
    if (on && same && now - this.typingSent.at < TYPING_SENT_EVERY_MS) return;
    if (!on && !same) return;
    this.typingSent = on ? { conversation, at: now } : { conversation: '', at: 0 };
    this.socket.send({ t: 'typing', conversation, on });
  }

  async take(id: string): Promise<void> {
    this.taking.add(id);
    try {
      this.changedHere(await this.api.take(id));
      this.markRead(id);
    } finally {
      this.taking.delete(id);
    }
  }

  async transfer(id: string, to: Transfer): Promise<void> {
    this.changedHere(await this.api.transfer(id, to));
  }

  async resolve(id: string): Promise<void> {
    this.changedHere(await this.api.resolve(id));
  }

  private changedHere(conversation: ConversationView): void {
    this.putConversation(conversation);
    this.scheduleCounts();
    this.forgetIfGone(conversation);
  }

  /** Transferred out of sight: the hub says so once and nothing more is to be had about it. */
  private forgetIfGone(conversation: ConversationView): boolean {
    const { me, permissions } = this.state;
    if (!me || maySee(conversation, me, permissions)) return false;
    this.forget(conversation);
    return true;
  }

  private forget({ id }: ConversationView): void {
    delete this.state.conversations[id];
    delete this.state.dialogues[id];
    delete this.state.typing[id];
    this.options.onNotice?.({ kind: 'gone', conversation: id });
  }

  setPresence(presence: Presence): void {
    this.wantedPresence = presence;
    this.options.storage.setItem(PRESENCE, presence);
    if (this.state.me) this.state.me.presence = presence;
    this.socket.send({ t: 'presence', presence });
  }

  /** The screen shows this person and wants to know when they change; "" when it shows nobody. */
  look(contact: string): void {
    this.looking = contact;
    this.socket.send({ t: 'look', contact });
  }

  // ---- frames ------------------------------------------------------------------------------------------------------

  receive(frame: AgentFrame): void {
    switch (frame.t) {
      case 'welcome':
        this.welcomed(frame.agent, frame.permissions);
        break;
      case 'msg':
        this.arrived(frame);
        break;
      case 'ack':
        this.acknowledged(frame.id, frame.conversation, frame.seq, frame.message, frame.at);
        break;
      case 'conversation':
        this.conversationChanged(frame.conversation);
        break;
      case 'typing':
        if (frame.author !== 'agent' || frame.name !== this.state.me?.name) {
          this.typingChanged(frame.conversation, frame.on ? { name: frame.name ?? '', author: frame.author } : undefined);
        }
        break;
      case 'delivery': {
        const dialogue = this.state.dialogues[frame.conversation];
        if (dialogue) applyDelivery(dialogue, frame.seq, frame.state, frame.detail ?? '');
        break;
      }
      case 'ticket':
        this.state.tickets[frame.ticket.id] = frame.ticket;
        if (frame.follow_up) this.options.onNotice?.({ kind: 'follow-up', ticket: frame.ticket });
        else if (frame.what === 'created' && frame.ticket.created_by !== this.state.me?.id) {
          this.options.onNotice?.({ kind: 'ticket', ticket: frame.ticket });
        }
        break;
      case 'contact':
        if (frame.contact === this.looking) this.state.contactNews = { contact: frame.contact, now: frame.now };
        break;
      case 'agent':
        this.agentChanged(frame.agent);
        break;
      case 'alert':
        raised(frame);
        break;
      case 'error':
        this.courier.refuse(frame.id ?? '', frame.detail || frame.code, frame.retry_after ?? 0);
        break;
      case 'call':
        this.options.onCall?.(frame);
    }
  }

  private welcomed(agent: AgentView, permissions: string[]): void {
    this.state.me = agent;
    this.state.permissions = permissions;
    if (this.wantedPresence && this.wantedPresence !== 'online') this.setPresence(this.wantedPresence);
    else this.state.me.presence = 'online'; // an open screen makes its agent online
    this.courier.reset();
    if (this.welcomedBefore) this.refreshLists();
    if (this.looking) this.look(this.looking);
    // What changed while nobody listened is not told again.
    if (this.looking && this.welcomedBefore) this.state.contactNews = { contact: this.looking, now: this.looking };
    this.welcomedBefore = true;
    this.courier.flush();
  }

  private arrived(message: AgentMessage): void {
    const { conversation: id } = message;
    const own = message.author === 'agent' && message.author_id === this.state.me?.id;
    if (message.client_id && this.outbox.get(message.client_id)) this.settle(message.client_id);
    const dialogue = this.state.dialogues[id];
    const known = this.state.conversations[id];
    const news = !known || message.seq > known.last_seq;
    let applied = 'applied';
    if (dialogue) {
      applied = applyMessage(dialogue, message);
      if (applied === 'early') this.watchGap(dialogue);
    }
    if (known && news) {
      noteMessage(known, message);
      if (message.at > (this.state.activity[id] ?? '')) this.state.activity[id] = message.at;
    } else if (!known) {
      this.fetchConversation(id);
    }
    if (message.author === 'customer') this.typingChanged(id, undefined);
    if (applied === 'duplicate' || own) return;
    if (known && news && message.author === 'customer' && known.agent === this.state.me?.id) {
      this.options.onNotice?.({ kind: 'message', conversation: known, message });
    }
  }

  /** The echo of an own message and its acknowledgement may come in either order, once or twice. */
  private acknowledged(id: string, conversation: string, seq: number, message: string, at: string): void {
    const draft = this.outbox.get(id);
    const dialogue = this.state.dialogues[conversation];
    if (draft && dialogue?.loaded && seq > dialogue.top) {
      const me = this.state.me;
      const stored: AgentMessage = {
        conversation,
        seq,
        id: message,
        author: 'agent',
        author_id: me?.id ?? '',
        name: me?.name ?? '',
        note: draft.note,
        text: draft.text,
        attachments: draft.attachments,
        buttons: [],
        delivery: draft.note ? 'none' : 'pending',
        client_id: id,
        at,
      };
      if (applyMessage(dialogue, stored) === 'early') this.watchGap(dialogue);
      const known = this.state.conversations[conversation];
      if (known && seq > known.last_seq) noteMessage(known, stored);
      if (at > (this.state.activity[conversation] ?? '')) this.state.activity[conversation] = at;
    }
    this.settle(id);
  }

  private settle(id: string): void {
    this.courier.settle(id);
    this.courier.flush();
  }

  private conversationChanged(incoming: ConversationView): void {
    const before = this.state.conversations[incoming.id];
    const now = this.putConversation(incoming);
    const me = this.state.me?.id;
    if (!before || before.state !== now.state || before.agent !== now.agent || before.group !== now.group) this.scheduleCounts();
    if (this.forgetIfGone(now)) return;
    if (incoming.id === this.state.opened && typeof document !== 'undefined' && document.visibilityState === 'visible') {
      this.markRead(incoming.id);
    }
    if (now.agent === me && before?.agent !== me && now.state !== 'resolved' && !this.taking.has(now.id)) {
      this.options.onNotice?.({ kind: 'assigned', conversation: now });
    } else if (now.state === 'queued' && before?.state !== 'queued' && this.inMyGroups(now.group)) {
      this.options.onNotice?.({ kind: 'queued', conversation: now });
    }
  }

  private inMyGroups(group: string): boolean {
    return this.state.me?.groups.includes(group) ?? false;
  }

  private typingChanged(conversation: string, typing: { name: string; author: string } | undefined): void {
    clearTimeout(this.typingTimers.get(conversation));
    if (typing) {
      this.typingTimers.set(
        conversation,
        setTimeout(() => delete this.state.typing[conversation], TYPING_SHOWN_MS),
      );
      this.state.typing[conversation] = typing;
    } else if (this.state.typing[conversation]) {
      delete this.state.typing[conversation];
    }
  }

  private agentChanged(agent: AgentView): void {
    const index = this.state.agents.findIndex((a) => a.id === agent.id);
    if (index >= 0) this.state.agents[index] = agent;
    else this.state.agents.push(agent);
    if (agent.id === this.state.me?.id) this.state.me = agent;
  }

  // ---- inner -------------------------------------------------------------------------------------------------------

  private dialogue(id: string): Dialogue {
    this.state.dialogues[id] ??= newDialogue(id);
    return this.state.dialogues[id] as Dialogue;
  }

  private resumePoints(): Record<string, number> {
    const points: Record<string, number> = {};
    for (const [id, dialogue] of Object.entries(this.state.dialogues)) if (dialogue.loaded) points[id] = dialogue.top;
    return points;
  }

  private watch(dialogue: Dialogue): void {
    this.socket.send({ t: 'watch', conversation: dialogue.conversation, seq: dialogue.top });
  }

  private async loadNewest(id: string): Promise<void> {
    if (this.fetching.has(id)) return;
    this.fetching.add(id);
    try {
      const [page] = await Promise.all([this.api.messages(id, { limit: PAGE }), this.conversation(id)]);
      applyPage(this.dialogue(id), page.messages, page.more);
    } finally {
      this.fetching.delete(id);
    }
  }

  /** Most gaps close by themselves within a moment; what stays open is asked for. */
  private watchGap(dialogue: Dialogue): void {
    const id = dialogue.conversation;
    if (!dialogue.loaded || this.gapTimers.has(id)) return;
    const timer = setTimeout(() => {
      this.gapTimers.delete(id);
      if (!hasGap(dialogue)) return;
      this.api
        .messages(id, { after: dialogue.top, limit: 200 })
        .then((page) => {
          applyPage(dialogue, page.messages, page.more);
          if (!dialogue.loaded) return this.loadNewest(id);
          if (hasGap(dialogue)) this.watchGap(dialogue);
          return undefined;
        })
        .catch(() => this.socket.reconnect());
    }, GAP_PATIENCE_MS);
    this.gapTimers.set(id, timer);
  }

  private fetchConversation(id: string): void {
    if (this.fetching.has(`c:${id}`)) return;
    this.fetching.add(`c:${id}`);
    this.api
      .conversation(id)
      .then((c) => {
        this.putConversation(c);
        this.scheduleCounts();
      })
      .catch((error: unknown) => {
        // Not ours to see any more. Anything else is passing: the next list brings it.
        const gone = this.state.conversations[id];
        if (gone && error instanceof ApiError && error.status === 404) this.forget(gone);
      })
      .finally(() => this.fetching.delete(`c:${id}`));
  }

  private refreshLists(): void {
    for (const tab of Object.keys(this.state.tabs) as ConversationTab[]) {
      if (this.state.tabs[tab].loaded) void this.loadTab(tab).catch(() => undefined);
    }
  }

  private scheduleCounts(): void {
    clearTimeout(this.countsTimer);
    this.countsTimer = setTimeout(() => {
      this.api
        .conversations({ view: 'mine', limit: 1 })
        .then((page) => page.counts && (this.state.counts = { ...this.state.counts, ...page.counts }))
        .catch(() => undefined);
    }, COUNTS_AFTER_MS);
  }

  private async loadStaff(): Promise<void> {
    try {
      const staff = await this.api.agents();
      this.state.agents = staff.agents;
      this.state.groups = staff.groups;
    } catch {
      // Names of groups then show as keys; the next login tries again.
    }
  }

  private newCourier(): Courier {
    return new Courier(this.outbox, {
      send: ({ id, conversation, text, note, attachments }) =>
        this.socket.send({ t: 'msg', id, conversation, text, note: note ?? false, attachments: attachments.map((a) => a.id) }),
      onSilence: () => this.socket.reconnect(),
      onChange: () => (this.state.drafts = this.outbox.all()),
    });
  }

  private statusChanged(status: SocketStatus): void {
    this.state.status = status;
    if (status !== 'online') this.courier.reset();
  }
}
