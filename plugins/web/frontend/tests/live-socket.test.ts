import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fullJitter, LiveSocket, PING_EVERY_MS, SILENCE_MS, WELCOME_WITHIN_MS } from '../../../../sdk/app/js/src/live-socket';
import { FakeNetwork } from './fake-socket';

describe('LiveSocket', () => {
  let network: FakeNetwork;
  let frames: string[];
  let statuses: string[];
  let socket: LiveSocket;
  let onUnauthorized: () => boolean;

  beforeEach(() => {
    vi.useFakeTimers();
    network = new FakeNetwork();
    frames = [];
    statuses = [];
    onUnauthorized = () => false;
    socket = new LiveSocket({
      url: 'ws://hub/',
      hello: () => ({ t: 'hello' }),
      onFrame: (f) => frames.push(f.t),
      onStatus: (s) => statuses.push(s),
      onUnauthorized: () => onUnauthorized(),
      createSocket: network.create,
      random: () => 1,
    });
  });
  afterEach(() => {
    socket.stop();
    vi.useRealTimers();
  });
  function connect(): void {
    socket.start();
    network.last.open();
    network.last.says({ t: 'welcome' });
  }

  it('says hello first and is online only after welcome', () => {
    socket.start();
    expect(socket.send({ t: 'msg' })).toBe(false);
    network.last.open();
    expect(network.last.sent).toEqual([{ t: 'hello' }]);
    expect(socket.status).toBe('connecting');
    network.last.says({ t: 'welcome' });
    expect(socket.status).toBe('online');
    expect(socket.send({ t: 'msg' })).toBe(true);
  });

  it('waits a random time up to 1, 2, 4 … 30 s', () => {
    expect([0, 1, 2, 3, 4, 5, 20].map((n) => fullJitter(n, () => 1))).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000]);
    expect(fullJitter(4, () => 0)).toBe(0);
    expect(fullJitter(4, () => 0.5)).toBe(8000);
  });

  it('comes back later after each failure and at once forgets the count after a welcome', () => {
    connect();
    network.last.drops(1001);
    vi.advanceTimersByTime(999);
    expect(network.sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(network.sockets).toHaveLength(2);
    network.last.drops(1006);
    vi.advanceTimersByTime(1999);
    expect(network.sockets).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(network.sockets).toHaveLength(3);
    network.last.open();
    network.last.says({ t: 'welcome' });
    network.last.drops(1006);
    vi.advanceTimersByTime(1000);
    expect(network.sockets).toHaveLength(4);
  });

  it('pings every 30 s and gives up a connection that is silent for 75 s', () => {
    connect();
    vi.advanceTimersByTime(PING_EVERY_MS);
    expect(network.last.of('ping')).toHaveLength(1);
    network.last.says({ t: 'pong' });
    vi.advanceTimersByTime(SILENCE_MS + PING_EVERY_MS);
    expect(network.sockets[0]?.closedWith).toBe(4408);
    expect(network.sockets.length).toBeGreaterThan(1);
  });

  it('gives up a connection that never welcomes', () => {
    socket.start();
    network.last.open();
    vi.advanceTimersByTime(WELCOME_WITHIN_MS);
    expect(network.sockets[0]?.closedWith).toBe(4408);
    expect(socket.status).toBe('waiting');
  });

  it('stays away after 4403', () => {
    connect();
    network.last.drops(4403);
    vi.advanceTimersByTime(120_000);
    expect(network.sockets).toHaveLength(1);
    expect(socket.status).toBe('refused');
  });

  it('asks what to do about a token that is over', () => {
    connect();
    network.last.drops(4401);
    expect(socket.status).toBe('refused');
    onUnauthorized = () => true;
    socket.start();
    network.last.drops(4401);
    expect(socket.status).toBe('waiting');
    vi.advanceTimersByTime(1000);
    expect(network.sockets).toHaveLength(3);
  });

  it('comes back more slowly when it was too fast', () => {
    connect();
    network.last.drops(4429);
    vi.advanceTimersByTime(7999);
    expect(network.sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(network.sockets).toHaveLength(2);
  });

  it('ignores what is no frame and what an old connection still says', () => {
    connect();
    const old = network.last;
    old.raw('not json');
    old.raw('null');
    old.raw('{"x":1}');
    old.drops(1006);
    vi.advanceTimersByTime(1000);
    old.says({ t: 'msg' });
    old.drops(4403);
    expect(frames).toEqual(['welcome']);
    expect(socket.status).toBe('connecting');
  });

  it('tries at once when it is woken while waiting', () => {
    connect();
    network.last.drops(1006);
    socket.wake();
    expect(network.sockets).toHaveLength(2);
    vi.advanceTimersByTime(5000);
    expect(network.sockets).toHaveLength(2);
  });

  it('does not come back once it is stopped', () => {
    connect();
    socket.stop();
    vi.advanceTimersByTime(120_000);
    expect(network.sockets).toHaveLength(1);
    expect(statuses[statuses.length - 1]).toBe('idle');
  });
});
