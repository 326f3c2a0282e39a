import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentMessage, AgentView, ConversationView, TicketView } from '../src/shared/protocol';
import { ApiError, type Api } from '../src/workspace/api';
import { belongs, inOrder, unreadOf } from '../src/workspace/store/conversations';
import { Hub, type HubNotice } from '../src/workspace/store/hub';
import { FakeNetwork, memoryStorage } from './fake-socket';

const T0 = '2026-11-22T08:00:00.000Z';
const T1 = '2026-11-22T08:01:00.000Z';
const T2 = '2026-11-22T08:02:00.000Z';
const NEVER = '1970-01-01T00:00:00.000Z';
const me: AgentView = { id: '11', login: 'liting', name: '李婷', role: 'agent', groups: ['after-sales'], capacity: 8, presence: 'online', active: true };

function conversation(id: string, more: Partial<ConversationView> = {}): ConversationView {
  return {
    id, contact: `k${id}`, contact_name: '林晓雨', channel: 'web', user: 'u', site: 'demo', language: 'zh-CN', state: 'assigned', group: 'after-sales', agent: '11', agent_name: '李婷',
    last_seq: 3, read_by_customer: 0, read_by_agent: 0, preview: 'text 3', preview_author: 'customer', intent: '', handoff_reason: '', queue_place: 0, queue_estimate_s: 0, rating: 0,
    opened_at: T0, changed_at: T0, queued_at: NEVER, resolved_at: NEVER, ...more,
  };
}
const message = (seq: number, more: Partial<AgentMessage> = {}): AgentMessage => ({
  conversation: 'c1', seq, id: `m${seq}`, author: 'customer', author_id: '', name: '', note: false, text: `text ${seq}`, delivery: 'none', client_id: '', at: T1, ...more,
});
const frame = (seq: number, more: Partial<AgentMessage> = {}) => ({ t: 'msg', ...message(seq, more) });

describe('Hub', () => {
  let network: FakeNetwork;
  let storage: Storage;
  let notices: HubNotice[];
  let hub: Hub;
  let sessionOver: ReturnType<typeof vi.fn>;
  let api: { [K in 'messages' | 'conversation' | 'conversations' | 'agents' | 'take']: ReturnType<typeof vi.fn> };

  function make(): Hub {
    network = new FakeNetwork();
    notices = [];
    sessionOver = vi.fn();
    return new Hub({
      api: api as unknown as Api,
      url: 'ws://hub/api/v1/agent',
      storage,
      createSocket: network.create,
      random: () => 0,
      onNotice: (n) => notices.push(n),
      onSessionOver: sessionOver,
    });
  }
  function connect(): void {
    network.last.open();
    network.last.says({ t: 'welcome', agent: { ...me }, permissions: ['conversations', 'group:after-sales'] });
  }
  function begin(): void {
    hub.begin({ agent: { ...me }, permissions: ['conversations', 'group:after-sales'] });
    connect();
  }
  async function openConversation(): Promise<void> {
    hub.putConversation(conversation('c1'));
    await hub.open('c1');
  }
  const seqs = () => hub.state.dialogues.c1?.messages.map((m) => m.seq);
  const kinds = () => notices.map((n) => n.kind);

  beforeEach(() => {
    vi.useFakeTimers();
    storage = memoryStorage();
    api = {
      messages: vi.fn(() => Promise.resolve({ messages: [1, 2, 3].map((n) => message(n)), more: false })),
      conversation: vi.fn((id: string) => Promise.resolve(conversation(id))),
      conversations: vi.fn(() => Promise.resolve({ conversations: [], more: false, counts: { mine: 1, queue: 2, bot: 3, all: 6 } })),
      agents: vi.fn(() => Promise.resolve({ agents: [{ ...me }], groups: [] })),
      take: vi.fn((id: string) => Promise.resolve(conversation(id))),
    };
    hub = make();
  });
  afterEach(() => {
    hub.end();
    vi.useRealTimers();
  });

  it('hears of the person on the screen and of nobody else, and asks again after a break', () => {
    begin();
    hub.look('71');
    expect(network.last.of('look')).toEqual([{ t: 'look', contact: '71' }]);
    hub.receive({ t: 'contact', contact: '80', now: '80' });
    expect(hub.state.contactNews).toBeNull();
    hub.receive({ t: 'contact', contact: '71', now: '90' });
    expect(hub.state.contactNews).toEqual({ contact: '71', now: '90' });
    hub.look('90');
    hub.state.contactNews = null;
    network.last.drops(1006);
    vi.advanceTimersByTime(60_000);
    connect();
    expect(network.last.of('look')).toEqual([{ t: 'look', contact: '90' }]);
    expect(hub.state.contactNews).toEqual({ contact: '90', now: '90' });
  });

  it('opens a conversation, watches it from its last message and marks it as read', async () => {
    begin();
    await openConversation();
    expect(seqs()).toEqual([1, 2, 3]);
    expect(network.last.of('watch')).toEqual([{ t: 'watch', conversation: 'c1', seq: 3 }]);
    expect(network.last.of('read')).toEqual([{ t: 'read', conversation: 'c1', seq: 3 }]);
    expect(hub.state.conversations.c1?.read_by_agent).toBe(3);
  });

  it('does not read for a colleague', async () => {
    begin();
    hub.putConversation(conversation('c1', { agent: '12' }));
    await hub.open('c1');
    expect(network.last.of('read')).toHaveLength(0);
  });

  it('resumes every open dialogue where it stopped', async () => {
    begin();
    await openConversation();
    network.last.says(frame(4));
    network.last.drops(1012);
    vi.advanceTimersByTime(1);
    network.last.open();
    expect(network.last.sent[0]).toEqual({ t: 'hello', resume: { c1: 4 } });
    network.last.says({ t: 'welcome', agent: me, permissions: [] });
    network.last.says(frame(4));
    network.last.says(frame(5));
    expect(seqs()).toEqual([1, 2, 3, 4, 5]);
  });

  it('does not resume beyond a gap', async () => {
    begin();
    await openConversation();
    network.last.says(frame(6));
    network.last.drops(1006);
    vi.advanceTimersByTime(1);
    network.last.open();
    expect(network.last.sent[0]).toEqual({ t: 'hello', resume: { c1: 3 } });
  });

  it('asks for what is missing, once the gap has stayed', async () => {
    begin();
    await openConversation();
    network.last.says(frame(6));
    network.last.says(frame(5));
    api.messages.mockResolvedValueOnce({ messages: [4, 5, 6].map((n) => message(n)), more: false });
    await vi.advanceTimersByTimeAsync(1000);
    expect(api.messages).toHaveBeenLastCalledWith('c1', { after: 3, limit: 200 });
    expect(seqs()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('does not ask when the gap closes by itself', async () => {
    begin();
    await openConversation();
    network.last.says(frame(5));
    network.last.says(frame(4));
    await vi.advanceTimersByTimeAsync(2000);
    expect(api.messages).toHaveBeenCalledTimes(1);
    expect(seqs()).toEqual([1, 2, 3, 4, 5]);
  });

  it('loads again from the newest page when the hub cannot close the gap', async () => {
    begin();
    await openConversation();
    network.last.says(frame(9));
    api.messages.mockResolvedValueOnce({ messages: [], more: false }).mockResolvedValueOnce({ messages: [7, 8, 9].map((n) => message(n)), more: true });
    await vi.advanceTimersByTimeAsync(1000);
    expect(seqs()).toEqual([7, 8, 9]);
  });

  describe('an own message', () => {
    const own = (seq: number, id: string) => frame(seq, { author: 'agent', author_id: '11', name: '李婷', client_id: id, text: '您好', delivery: 'sent' });
    const ack = (seq: number, id: string) => ({ t: 'ack', id, conversation: 'c1', seq, message: `m${seq}`, at: T1 });

    beforeEach(async () => {
      begin();
      await openConversation();
    });

    it('stands once when its echo comes before the acknowledgement', () => {
      const id = hub.send('c1', '您好');
      expect(hub.state.drafts).toHaveLength(1);
      network.last.says(own(4, id));
      expect(hub.state.drafts).toHaveLength(0);
      network.last.says(ack(4, id));
      expect(seqs()).toEqual([1, 2, 3, 4]);
      expect(hub.state.dialogues.c1?.messages[3]?.delivery).toBe('sent');
    });

    it('stands once when the acknowledgement comes first', () => {
      const id = hub.send('c1', '您好');
      network.last.says(ack(4, id));
      expect(hub.state.drafts).toHaveLength(0);
      expect(hub.state.dialogues.c1?.messages[3]).toMatchObject({ seq: 4, text: '您好', author: 'agent', delivery: 'pending' });
      network.last.says(own(4, id));
      network.last.says(ack(4, id));
      expect(seqs()).toEqual([1, 2, 3, 4]);
      expect(hub.state.dialogues.c1?.messages[3]?.delivery).toBe('sent');
    });

    it('waits for the customer’s message that came before it', () => {
      const id = hub.send('c1', '您好');
      network.last.says(ack(5, id));
      expect(seqs()).toEqual([1, 2, 3]);
      network.last.says(frame(4));
      expect(seqs()).toEqual([1, 2, 3, 4, 5]);
    });

    it('is sent again under the same id after a reconnect, and not after its acknowledgement', () => {
      const id = hub.send('c1', '您好');
      hub.send('c1', '请稍等');
      network.last.drops(1006);
      vi.advanceTimersByTime(1);
      connect();
      expect(network.last.of('msg')).toMatchObject([{ id, text: '您好' }]);
      network.last.says(ack(4, id));
      expect(network.last.of('msg').map((f) => f.text)).toEqual(['您好', '请稍等']);
      network.last.says(ack(5, String(network.last.of('msg')[1]?.id)));
      network.last.drops(1006);
      vi.advanceTimersByTime(1);
      connect();
      expect(network.last.of('msg')).toHaveLength(0);
    });

    it('survives a reload of the page', () => {
      const id = hub.send('c1', '您好');
      hub.end();
      hub = make();
      begin();
      expect(network.last.of('msg')).toMatchObject([{ id, conversation: 'c1', text: '您好', note: false }]);
    });

    it('shows why it was refused and can be sent again or dropped', () => {
      const id = hub.send('c1', '您好');
      network.last.says({ t: 'error', id, code: 'conflict', detail: 'the conversation is over' });
      expect(hub.state.drafts[0]?.failed).toBe('the conversation is over');
      hub.retry(id);
      expect(network.last.of('msg')).toHaveLength(2);
      network.last.says({ t: 'error', id, code: 'conflict', detail: 'still' });
      hub.discard(id);
      expect(hub.state.drafts).toHaveLength(0);
    });

    it('waits when the hub is busy', () => {
      const id = hub.send('c1', '您好');
      network.last.says({ t: 'error', id, code: 'overloaded', detail: '', retry_after: 2 });
      expect(network.last.of('msg')).toHaveLength(1);
      vi.advanceTimersByTime(2001);
      expect(network.last.of('msg')).toHaveLength(2);
      expect(hub.state.drafts[0]?.failed).toBeUndefined();
    });

    it('belongs to its agent, not to whoever logs in next', () => {
      hub.send('c1', '您好');
      network.last.drops(1006);
      hub.end();
      hub = make();
      hub.begin({ agent: { ...me, id: '12' }, permissions: [] });
      connect();
      expect(network.last.of('msg')).toHaveLength(0);
    });
  });

  it('moves preview, last seq and order with a message, and fetches a conversation that it does not know', async () => {
    begin();
    await openConversation();
    network.last.says(frame(4, { text: '今天能有结果吗', at: T2 }));
    expect(hub.state.conversations.c1).toMatchObject({ last_seq: 4, preview: '今天能有结果吗', preview_author: 'customer' });
    expect(hub.state.activity.c1).toBe(T2);
    network.last.says(frame(5, { note: true, author: 'agent', text: 'secret', at: T2 }));
    expect(hub.state.conversations.c1).toMatchObject({ last_seq: 5, preview: '今天能有结果吗' });
    network.last.says(frame(1, { conversation: 'c9' }));
    network.last.says(frame(2, { conversation: 'c9' }));
    await vi.advanceTimersByTimeAsync(1);
    expect(api.conversation).toHaveBeenCalledTimes(1);
    expect(hub.state.conversations.c9?.id).toBe('c9');
  });

  it('does not let an old list answer undo what a frame said', () => {
    begin();
    network.last.says({ t: 'conversation', what: 'assigned', conversation: conversation('c1', { changed_at: T2, last_seq: 7, read_by_agent: 7, state: 'waiting', preview: 'new' }) });
    hub.putConversation(conversation('c1', { changed_at: T1, last_seq: 5, read_by_agent: 2, state: 'queued', preview: 'old' }));
    expect(hub.state.conversations.c1).toMatchObject({ state: 'waiting', last_seq: 7, read_by_agent: 7, preview: 'new' });
  });

  it('takes the newer state even when a message was ahead of it', async () => {
    begin();
    await openConversation();
    network.last.says(frame(4, { at: T2, text: 'ahead' }));
    network.last.says({ t: 'conversation', what: 'reopened', conversation: conversation('c1', { changed_at: T1, state: 'assigned', last_seq: 3, preview: 'behind' }) });
    expect(hub.state.conversations.c1).toMatchObject({ changed_at: T1, last_seq: 4, preview: 'ahead' });
  });

  it('looks again at what changed while the connection was down', async () => {
    begin();
    for (const id of ['c1', 'c2', 'c3']) hub.putConversation(conversation(id));
    api.conversations.mockResolvedValueOnce({ conversations: ['c1', 'c2', 'c3'].map((id) => conversation(id)), more: false });
    await hub.loadTab('mine');
    expect(api.conversation).not.toHaveBeenCalled();
    network.last.drops(1006);
    vi.advanceTimersByTime(1);
    api.conversations.mockResolvedValueOnce({ conversations: [conversation('c1')], more: false });
    api.conversation
      .mockResolvedValueOnce(conversation('c2', { state: 'resolved', changed_at: T2 }))
      .mockRejectedValueOnce(new ApiError(404, 'not_found', 'there is no such conversation'));
    connect();
    await vi.advanceTimersByTimeAsync(10);
    expect(hub.state.conversations.c2?.state).toBe('resolved');
    expect(hub.state.conversations.c3).toBeUndefined();
    expect(api.conversation.mock.calls.map((c) => c[0] as string)).toEqual(['c2', 'c3']);
  });

  it('asks for the counts once after a burst of changes', async () => {
    begin();
    for (let i = 0; i < 5; i += 1) network.last.says({ t: 'conversation', what: 'queued', conversation: conversation(`c${i}`, { state: 'queued', agent: '' }) });
    await vi.advanceTimersByTimeAsync(1000);
    expect(api.conversations).toHaveBeenCalledTimes(1);
    expect(hub.state.counts).toEqual({ mine: 1, queue: 2, bot: 3, all: 6 });
  });

  it('tells of a conversation that is assigned or queued, once, and not of one that was taken here', async () => {
    begin();
    const queued = conversation('c5', { state: 'queued', agent: '', changed_at: T0 });
    network.last.says({ t: 'conversation', what: 'queued', conversation: queued });
    network.last.says({ t: 'conversation', what: 'place', conversation: { ...queued, queue_place: 1 } });
    expect(kinds()).toEqual(['queued']);
    network.last.says({ t: 'conversation', what: 'assigned', conversation: conversation('c5', { changed_at: T1 }) });
    network.last.says({ t: 'conversation', what: 'read', conversation: conversation('c5', { changed_at: T1 }) });
    expect(kinds()).toEqual(['queued', 'assigned']);
    const taking = hub.take('c7');
    network.last.says({ t: 'conversation', what: 'assigned', conversation: conversation('c7', { changed_at: T1 }) });
    await taking;
    expect(kinds()).toEqual(['queued', 'assigned']);
  });

  it('tells of the customer’s messages in own conversations, once each', async () => {
    begin();
    await openConversation();
    network.last.says(frame(4));
    network.last.says(frame(4));
    network.last.says(frame(5, { author: 'bot' }));
    expect(kinds()).toEqual(['message']);
  });

  it('asks whether to follow up on a resolved ticket', () => {
    begin();
    const ticket = { id: 't1', number: 7, conversation: 'c1', created_by: '11', state: 'resolved', resolution: '已赔付' } as TicketView;
    network.last.says({ t: 'ticket', what: 'resolved', ticket, follow_up: true });
    expect(notices).toMatchObject([{ kind: 'follow-up', ticket: { number: 7 } }]);
    expect(hub.state.tickets.t1?.resolution).toBe('已赔付');
  });

  it('lets go of a conversation that was transferred out of sight', async () => {
    begin();
    await openConversation();
    network.last.says({ t: 'conversation', what: 'transferred', conversation: conversation('c1', { agent: '12', group: 'logistics', changed_at: T2 }) });
    expect(hub.state.conversations.c1).toBeUndefined();
    expect(hub.state.dialogues.c1).toBeUndefined();
    expect(notices).toEqual([{ kind: 'gone', conversation: 'c1' }]);
    network.last.drops(1006);
    vi.advanceTimersByTime(1);
    network.last.open();
    expect(network.last.sent[0]).toEqual({ t: 'hello', resume: {} });
  });

  it('keeps a conversation that a colleague of the same group serves', async () => {
    begin();
    await openConversation();
    network.last.says({ t: 'conversation', what: 'transferred', conversation: conversation('c1', { agent: '12', changed_at: T2 }) });
    expect(hub.state.conversations.c1?.agent).toBe('12');
    network.last.says({ t: 'error', id: '', code: 'not_found', detail: 'there is no such conversation' });
    expect(notices).toEqual([]);
  });

  it('keeps "away" over a reconnect', () => {
    begin();
    hub.setPresence('away');
    network.last.drops(1006);
    vi.advanceTimersByTime(1);
    connect();
    expect(network.last.of('presence')).toEqual([{ t: 'presence', presence: 'away' }]);
    expect(hub.state.me?.presence).toBe('away');
  });

  it('stays away over a reload', () => {
    begin();
    hub.setPresence('away');
    hub.end();
    hub = make();
    begin();
    expect(network.last.of('presence')).toEqual([{ t: 'presence', presence: 'away' }]);
  });

  it('forgets who types after a while or when their message comes', async () => {
    begin();
    await openConversation();
    network.last.says({ t: 'typing', conversation: 'c1', author: 'customer', name: '', on: true });
    expect(hub.state.typing.c1).toBeTruthy();
    network.last.says(frame(4));
    expect(hub.state.typing.c1).toBeUndefined();
    network.last.says({ t: 'typing', conversation: 'c1', author: 'customer', name: '', on: true });
    vi.advanceTimersByTime(8000);
    expect(hub.state.typing.c1).toBeUndefined();
  });

  it('does not show the agent their own typing', () => {
    begin();
    network.last.says({ t: 'typing', conversation: 'c1', author: 'agent', name: '李婷', on: true });
    expect(hub.state.typing.c1).toBeUndefined();
  });

  it('says when the login is over and stays away', () => {
    begin();
    network.last.drops(4401);
    expect(sessionOver).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(60_000);
    expect(network.sockets).toHaveLength(1);
  });
});

describe('lists', () => {
  it('know what belongs to which tab', () => {
    const states = ['bot', 'queued', 'assigned', 'waiting', 'resolved'] as const;
    const tabs = (agent: string) =>
      states.map((state) => (['mine', 'queue', 'bot', 'all', 'resolved'] as const).filter((tab) => belongs(conversation('c', { state, agent }), tab, '11')).join());
    expect(tabs('11')).toEqual(['bot,all', 'mine,queue,all', 'mine,all', 'mine,all', 'resolved']);
    expect(tabs('12')).toEqual(['bot,all', 'queue,all', 'all', 'all', 'resolved']);
  });

  it('order the queue by place and the rest by what happened last', () => {
    const list = [conversation('a', { changed_at: T0 }), conversation('b', { changed_at: T1 }), conversation('c', { changed_at: T0 })];
    expect(inOrder([...list], 'mine', { c: T2 }).map((c) => c.id)).toEqual(['c', 'b', 'a']);
    const queue = [conversation('a', { queue_place: 2 }), conversation('b', { queue_place: 1 }), conversation('c', { queued_at: T0 })];
    expect(inOrder(queue, 'queue', {}).map((c) => c.id)).toEqual(['b', 'a', 'c']);
  });

  it('count unread messages of the customer only', () => {
    expect(unreadOf(conversation('c', { last_seq: 5, read_by_agent: 3 }), undefined)).toBe(2);
    expect(unreadOf(conversation('c', { last_seq: 5, read_by_agent: 5 }), undefined)).toBe(0);
    expect(unreadOf(conversation('c', { last_seq: 5, read_by_agent: 3, preview_author: 'agent' }), undefined)).toBe(0);
    expect(unreadOf(conversation('c', { last_seq: 5, read_by_agent: 3, state: 'bot' }), undefined)).toBe(0);
    const dialogue = { conversation: 'c', loaded: true, messages: [message(4, { author: 'agent' }), message(5)], floor: 4, top: 5, hasOlder: true, early: {}, deliveries: {} };
    expect(unreadOf(conversation('c', { last_seq: 5, read_by_agent: 3 }), dialogue)).toBe(1);
  });
});
