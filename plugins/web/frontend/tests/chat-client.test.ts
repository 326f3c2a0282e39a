import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatClient, GAP_PATIENCE_MS, type ChatMessage } from '../../../../sdk/app/js/src/chat-client';
import { ACK_WITHIN_MS } from '../../../../sdk/app/js/src/courier';
import { FakeNetwork, memoryStorage } from './fake-socket';

const WELCOME = { t: 'welcome', token: 'token-1', visitor: 'v1', conversation: '', state: 'bot', seq: 0, agent: '' };

describe('ChatClient', () => {
  let network: FakeNetwork;
  let storage: Storage;
  let client: ChatClient;
  let arrived: ChatMessage[];
  let rest: ReturnType<typeof vi.fn>;

  function make(): ChatClient {
    network = new FakeNetwork();
    arrived = [];
    rest = vi.fn(() => Promise.resolve(new Response(JSON.stringify({ messages: [], more: false }))));
    const made = new ChatClient({
      hub: 'https://hub.example/',
      site: 'demo',
      language: 'zh-CN',
      storage,
      createSocket: network.create,
      random: () => 0,
      fetch: rest as unknown as typeof fetch,
    });
    made.onChange((change, message) => change === 'arrived' && message && arrived.push(message));
    return made;
  }
  function connect(welcome: object = WELCOME): void {
    client.start();
    network.last.open();
    network.last.says({ ...WELCOME, ...welcome });
  }
  const msg = (seq: number, more: object = {}) => ({
    t: 'msg', conversation: 'c1', seq, after: seq - 1, id: `m${seq}`, author: 'bot', name: '小桥', text: `text ${seq}`, at: '2026-11-22T08:00:00.000Z', ...more,
  });
  const ack = (id: unknown, seq: number) => ({ t: 'ack', id, seq, message: `m${seq}`, conversation: 'c1', at: '2026-11-22T08:00:00.000Z' });
  const seqs = () => client.messages().map((m) => m.seq);

  beforeEach(() => {
    vi.useFakeTimers();
    storage = memoryStorage();
    client = make();
  });
  afterEach(() => {
    client.stop();
    vi.useRealTimers();
  });

  it('begins as a stranger, keeps the token and comes back with it', () => {
    expect(client.known).toBe(false);
    connect();
    expect(network.last.sent[0]).toEqual({ t: 'hello', site: 'demo', language: 'zh-CN' });
    client.stop();
    client = make();
    expect(client.known).toBe(true);
    connect();
    expect(network.last.sent[0]).toMatchObject({ token: 'token-1' });
  });

  it('says once who the visitor is, before anything they write, and not again after a reconnect', () => {
    client.identify('signed');
    client.send('我的订单到哪了');
    connect();
    expect(network.last.sent.map((f) => f.t)).toEqual(['hello', 'identify', 'msg']);
    expect(network.last.of('identify')[0]).toMatchObject({ identity: 'signed' });
    network.last.says({ t: 'identified', id: network.last.of('identify')[0]?.id, verified: true });
    network.last.drops(1006);
    vi.advanceTimersByTime(60_000);
    network.last.open();
    network.last.says(WELCOME);
    expect(network.last.of('identify')).toEqual([]);
    client.identify({ phone: '13800138000' });
    expect(network.last.of('identify')[0]).toMatchObject({ phone: '13800138000' });
  });

  it('says who the visitor is again when the hub has not answered, and about the visitor that follows a token that is over', () => {
    client.identify('signed');
    connect();
    network.last.drops(1006);
    vi.advanceTimersByTime(60_000);
    connect();
    const [again] = network.last.of('identify');
    expect(again).toMatchObject({ identity: 'signed' });
    network.last.says({ t: 'identified', id: again?.id, verified: true });
    network.last.drops(4401);
    vi.advanceTimersByTime(60_000);
    connect({ token: 'token-2', visitor: 'v2' });
    expect(network.last.of('identify')[0]).toMatchObject({ identity: 'signed' });
  });

  it('does not repeat an identity that the hub refused', () => {
    client.identify('forged');
    connect();
    network.last.says({ t: 'error', id: network.last.of('identify')[0]?.id, code: 'web.bad_identity', detail: 'forged' });
    network.last.drops(1006);
    vi.advanceTimersByTime(60_000);
    connect();
    expect(network.last.of('identify')).toEqual([]);
  });

  it('sends what was written although something else in the storage cannot be read', () => {
    storage.setItem('qiao:demo:out:0', '{"id":"0"');
    storage.setItem('qiao:demo:out:a', JSON.stringify({ id: 'a', text: '还在', attachments: [], at: '', order: 1 }));
    client = make();
    connect();
    expect(network.last.of('msg').map((f) => f.text)).toEqual(['还在']);
  });

  it('never puts the token into an address', () => {
    connect();
    expect(network.sockets).toHaveLength(1);
    rest.mockClear();
    void client.freshUrl(3, 'a1');
    expect(String(rest.mock.calls[0]?.[0])).not.toContain('token-1');
    expect(rest.mock.calls[0]?.[1]).toMatchObject({ headers: { Authorization: 'Bearer token-1' } });
  });

  it('shows an own message as sending until it is acknowledged, then under its seq', () => {
    connect();
    client.send('退货流程');
    expect(client.messages()).toMatchObject([{ author: 'customer', status: 'sending', seq: 0 }]);
    const frame = network.last.of('msg')[0];
    network.last.says(ack(frame?.id, 1));
    expect(client.messages()).toMatchObject([{ status: 'stored', seq: 1, text: '退货流程' }]);
    expect(client.conversation).toBe('c1');
    network.last.says(ack(frame?.id, 1));
    expect(client.messages()).toHaveLength(1);
  });

  it('keeps what was written offline over a reload and sends it again under the same id', () => {
    client.send('在吗');
    client.stop();
    client = make();
    expect(client.messages()).toMatchObject([{ text: '在吗', status: 'sending' }]);
    connect();
    const first = network.last.of('msg')[0];
    network.last.drops(1006);
    vi.advanceTimersByTime(0);
    connect();
    expect(network.last.of('msg')[0]?.id).toBe(first?.id);
    network.last.says(ack(first?.id, 1));
    client.stop();
    client = make();
    expect(client.messages()).toHaveLength(0);
  });

  it('sends one message at a time, in the order of writing', () => {
    connect();
    client.send('一');
    client.send('二');
    client.send('三');
    expect(network.last.of('msg').map((f) => f.text)).toEqual(['一']);
    network.last.says(ack(network.last.of('msg')[0]?.id, 1));
    network.last.says(ack(network.last.of('msg')[1]?.id, 2));
    expect(network.last.of('msg').map((f) => f.text)).toEqual(['一', '二', '三']);
  });

  it('reconnects when an acknowledgement does not come', () => {
    connect();
    client.send('一');
    vi.advanceTimersByTime(ACK_WITHIN_MS + 1);
    expect(network.sockets).toHaveLength(2);
    connect();
    expect(network.last.of('msg')).toHaveLength(1);
  });

  it('drops messages that it has', () => {
    connect({ conversation: 'c1', seq: 2 });
    network.last.says(msg(1));
    network.last.says(msg(2));
    network.last.says(msg(2));
    network.last.says(msg(1));
    expect(seqs()).toEqual([1, 2]);
  });

  it('shows messages by seq whatever order they come in', () => {
    connect({ conversation: 'c1', seq: 1 });
    network.last.says(msg(1));
    network.last.says(msg(3));
    network.last.says(msg(2));
    expect(seqs()).toEqual([1, 2, 3]);
    vi.advanceTimersByTime(GAP_PATIENCE_MS * 2);
    expect(rest).not.toHaveBeenCalled();
  });

  it('resumes after the last seq without a gap', () => {
    connect({ conversation: 'c1', seq: 2 });
    network.last.says(msg(1));
    network.last.says(msg(2));
    network.last.says(msg(4)); // 3 is missing
    network.last.drops(1006);
    vi.advanceTimersByTime(0);
    network.last.open();
    expect(network.last.sent[0]).toMatchObject({ t: 'hello', last_seq: 2 });
  });

  it('asks for what is missing when a gap stays open', async () => {
    connect({ conversation: 'c1', seq: 1 });
    network.last.says(msg(1));
    network.last.says(msg(4));
    rest.mockResolvedValueOnce(new Response(JSON.stringify({ messages: [msg(2), msg(3), msg(4)].map(({ after: _after, ...m }) => m), more: false })));
    await vi.advanceTimersByTimeAsync(GAP_PATIENCE_MS);
    expect(String(rest.mock.calls[0]?.[0])).toBe('https://hub.example/api/v1/visitor/messages?after=1&limit=100');
    expect(seqs()).toEqual([1, 2, 3, 4]);
    expect(network.sockets).toHaveLength(1);
  });

  it('takes a jump over a private note for what it is', () => {
    connect({ conversation: 'c1', seq: 1 });
    network.last.says(msg(1));
    network.last.says(msg(3, { after: 1 }));
    vi.advanceTimersByTime(GAP_PATIENCE_MS * 2);
    expect(rest).not.toHaveBeenCalled();
    network.last.drops(1006);
    vi.advanceTimersByTime(0);
    network.last.open();
    expect(network.last.sent[0]).toMatchObject({ last_seq: 3 });
  });

  it('closes the gap that an own message after a private note leaves', async () => {
    connect({ conversation: 'c1', seq: 1 });
    network.last.says(msg(1));
    client.send('好的');
    network.last.says(ack(network.last.of('msg')[0]?.id, 3)); // 2 is a note of the agents
    rest.mockResolvedValueOnce(new Response(JSON.stringify({ messages: [{ ...msg(3), after: undefined, author: 'customer', client_id: network.last.of('msg')[0]?.id }] })));
    await vi.advanceTimersByTimeAsync(GAP_PATIENCE_MS);
    await vi.advanceTimersByTimeAsync(GAP_PATIENCE_MS * 3);
    expect(rest).toHaveBeenCalledTimes(1);
    expect(network.sockets).toHaveLength(1);
    expect(seqs()).toEqual([1, 3]);
  });

  it('reconnects when the missing messages cannot be had otherwise', async () => {
    connect({ conversation: 'c1', seq: 1 });
    network.last.says(msg(1));
    network.last.says(msg(3));
    rest.mockRejectedValueOnce(new Error('offline'));
    await vi.advanceTimersByTimeAsync(GAP_PATIENCE_MS);
    await vi.advanceTimersByTimeAsync(1);
    expect(network.sockets).toHaveLength(2);
  });

  it('does not announce history as news, but what was missed while away', () => {
    connect({ conversation: 'c1', seq: 2 });
    network.last.says(msg(1));
    network.last.says(msg(2));
    expect(arrived).toHaveLength(0);
    network.last.says(msg(3));
    expect(arrived.map((m) => m.seq)).toEqual([3]);
    network.last.drops(1006);
    vi.advanceTimersByTime(0);
    connect({ conversation: 'c1', seq: 4 });
    network.last.says(msg(4));
    expect(arrived.map((m) => m.seq)).toEqual([3, 4]);
  });

  it('settles an own message that another tab had acknowledged', () => {
    connect();
    const id = client.send('一');
    network.last.says(msg(1, { author: 'customer', client_id: id, text: '一' }));
    expect(client.messages()).toMatchObject([{ seq: 1, status: 'stored', key: id }]);
  });

  it('shows what the hub refused with its reason, and sends it again on request', () => {
    connect();
    const id = client.send('太长');
    network.last.says({ t: 'error', id, code: 'too_large', detail: 'at most 8 KiB' });
    expect(client.messages()).toMatchObject([{ status: 'failed', reason: 'at most 8 KiB' }]);
    client.send('后面的');
    expect(network.last.of('msg').map((f) => f.text)).toEqual(['太长', '后面的']);
    network.last.says(ack(network.last.of('msg')[1]?.id, 1));
    client.retry(id);
    expect(network.last.of('msg')[2]).toMatchObject({ id, text: '太长' });
    network.last.says({ t: 'error', id, code: 'too_large' });
    client.discard(id);
    expect(seqs()).toEqual([1]);
  });

  it('waits as long as the hub says and then goes on in order', () => {
    connect();
    client.send('一');
    client.send('二');
    network.last.says({ t: 'error', id: network.last.of('msg')[0]?.id, code: 'overloaded', retry_after: 5 });
    expect(client.messages()[0]?.status).toBe('sending');
    vi.advanceTimersByTime(4999);
    expect(network.last.of('msg')).toHaveLength(1);
    vi.advanceTimersByTime(2);
    expect(network.last.of('msg').map((f) => f.text)).toEqual(['一', '一']);
  });

  it('becomes a new visitor when the token is over, and still sends what was written', () => {
    connect({ conversation: 'c1', seq: 1 });
    network.last.says(msg(1));
    network.last.drops(4401);
    client.send('还在吗');
    vi.advanceTimersByTime(0);
    network.last.open();
    expect(network.last.sent[0]).not.toHaveProperty('token');
    expect(network.last.sent[0]).not.toHaveProperty('last_seq');
    network.last.says({ ...WELCOME, token: 'token-2', visitor: 'v2' });
    expect(storage.getItem('qiao:demo:token')).toBe('token-2');
    expect(network.last.of('msg').map((f) => f.text)).toEqual(['还在吗']);
    expect(client.messages().map((m) => m.text)).toEqual(['还在吗']);
  });

  it('becomes the same visitor as the other tab', () => {
    connect();
    storage.setItem('qiao:demo:token', 'token-of-other-tab');
    client.storageChanged('qiao:demo:token');
    vi.advanceTimersByTime(0);
    network.last.open();
    expect(network.last.sent[0]).toMatchObject({ token: 'token-of-other-tab' });
  });

  it('counts unread answers over a reload and tells the hub what was read', () => {
    connect({ conversation: 'c1', seq: 2 });
    network.last.says(msg(1));
    network.last.says(msg(2));
    expect(client.unread()).toBe(2);
    client.markRead();
    client.markRead();
    expect(network.last.of('read')).toEqual([{ t: 'read', seq: 2 }]);
    client.stop();
    client = make();
    connect({ conversation: 'c1', seq: 3 });
    for (const seq of [1, 2, 3]) network.last.says(msg(seq));
    expect(client.unread()).toBe(1);
  });

  it('asks for a rating once for each resolution', () => {
    connect({ conversation: 'c1', seq: 1, state: 'assigned' });
    network.last.says(msg(1));
    network.last.says({ t: 'state', state: 'resolved' });
    network.last.says({ t: 'rate' });
    expect(client.rateWanted).toBe(true);
    expect(client.rate(5, '很好')).toBe(true);
    expect(network.last.of('rate')).toEqual([{ t: 'rate', score: 5, comment: '很好' }]);
    network.last.says({ t: 'state', state: 'resolved' });
    expect(client.rateWanted).toBe(false);
    network.last.says({ t: 'state', state: 'assigned' });
    network.last.says(msg(2));
    network.last.says({ t: 'rate' });
    expect(client.rateWanted).toBe(true);
  });

  it('asks after a reload only when nothing was rated', () => {
    connect({ conversation: 'c1', seq: 1, state: 'resolved', rating: 0 });
    network.last.says(msg(1));
    expect(client.rateWanted).toBe(true);
    client.stop();
    client = make();
    connect({ conversation: 'c1', seq: 1, state: 'resolved', rating: 4 });
    network.last.says(msg(1));
    expect(client.rateWanted).toBe(false);
  });

  it('asks for a rating of what was resolved while there was no connection', () => {
    connect({ conversation: 'c1', seq: 1, state: 'assigned' });
    network.last.says(msg(1));
    network.last.drops(1006);
    vi.advanceTimersByTime(60_000);
    connect({ conversation: 'c1', seq: 2, state: 'resolved', rating: 0 });
    expect(client.rateWanted).toBe(false);
    network.last.says(msg(2));
    expect(client.rateWanted).toBe(true);
  });

  it('knows that the history is complete although the newest message is a private note', () => {
    connect({ conversation: 'c1', seq: 3, state: 'resolved', rating: 0 });
    network.last.says(msg(1));
    vi.advanceTimersByTime(GAP_PATIENCE_MS - 1);
    network.last.says(msg(2));
    expect(client.historyLoaded).toBe(false);
    vi.advanceTimersByTime(GAP_PATIENCE_MS);
    expect(client.historyLoaded).toBe(true);
    expect(client.rateWanted).toBe(true);
  });

  it('asks for a person as soon as there is a conversation: before, the hub would refuse', () => {
    client.requestPerson();
    connect();
    expect(network.last.of('handoff')).toEqual([]);
    client.send('你好');
    expect(network.last.of('handoff')).toEqual([]);
    network.last.says(ack(network.last.of('msg')[0]?.id, 1));
    expect(network.last.of('handoff')).toHaveLength(1);
    network.last.drops(1006);
    vi.advanceTimersByTime(60_000);
    client.requestPerson();
    connect({ conversation: 'c1', seq: 1 });
    expect(network.last.of('handoff')).toHaveLength(1);
  });

  it('sends typing at most each 3 s', () => {
    connect({ conversation: 'c1', seq: 1 });
    for (let i = 0; i < 10; i += 1) client.setTyping(true);
    vi.advanceTimersByTime(3000);
    client.setTyping(true);
    client.setTyping(false);
    expect(network.last.of('typing').map((f) => f.on)).toEqual([true, true, false]);
  });

  it('forgets that somebody types when nothing more is heard', () => {
    connect({ conversation: 'c1', seq: 1 });
    network.last.says({ t: 'typing', author: 'agent', name: '李婷', on: true });
    expect(client.typing?.name).toBe('李婷');
    vi.advanceTimersByTime(8000);
    expect(client.typing).toBeNull();
  });

  it('knows its place in the queue', () => {
    connect({ conversation: 'c1', seq: 1, state: 'queued', place: 3, estimate_s: 200 });
    expect(client.standing).toMatchObject({ state: 'queued', place: 3, estimateSeconds: 200 });
    network.last.says({ t: 'state', state: 'queued', place: 1, estimate_s: 60 });
    expect(client.standing.place).toBe(1);
    network.last.says({ t: 'state', state: 'assigned', agent: '李婷' });
    expect(client.standing).toMatchObject({ state: 'assigned', agent: '李婷', place: 0 });
  });

  it('gives only web addresses for files', () => {
    const file = { id: '1', name: 'a', media_type: 'image/png', size: 1 };
    expect(client.fileUrl({ ...file, url: '/files/1?s=x' })).toBe('https://hub.example/files/1?s=x');
    expect(client.fileUrl({ ...file, url: 'javascript:alert(1)' })).toBe('');
    expect(client.fileUrl(file)).toBe('');
  });
});
