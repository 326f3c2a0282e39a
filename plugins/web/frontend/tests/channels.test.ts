import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, h, nextTick, reactive, type App, type Component } from 'vue';
import { alerts, channels, raised } from '../src/workspace/channels';
import AlertBar from '../src/workspace/components/AlertBar.vue';
import ChannelLimits from '../src/workspace/components/ChannelLimits.vue';
import MessageCards from '../src/workspace/components/MessageCards.vue';
import { setLanguage } from '../src/workspace/i18n';
import { channelName } from '../src/workspace/names';

let app: App | undefined;
let box: HTMLElement;
let window_: Record<string, unknown>;

function show(component: Component, props: Record<string, unknown> = {}): void {
  box = document.createElement('div');
  app = createApp({ render: () => h(component, props) });
  app.mount(box);
}
async function settle(): Promise<void> {
  for (let i = 0; i < 6; i += 1) await vi.advanceTimersByTimeAsync(1);
  await nextTick();
}
const by = (id: string) => box.querySelector<HTMLElement>(`[data-testid="${id}"]`);
const can = { platform: 'wechat', title: '', kinds: [], max_text: 0, public_thread: false, window: 172_800_000, window_messages: 5, notices: ['reply'] };

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-22T10:00:00Z') });
  setLanguage('en');
  window_ = { limited: true, open: true, until: '2026-11-22T13:00:00.000Z', remaining: 4 };
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(window_))));
});
afterEach(() => {
  app?.unmount();
  for (const name of Object.keys(channels)) delete channels[name];
  for (const name of Object.keys(alerts)) delete alerts[name];
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('what a channel allows', () => {
  const conversation = () => reactive({ id: '1', channel: 'shop-wx', last_seq: 3, state: 'assigned' });

  it('is told above the composer with the time and the messages that are left', async () => {
    channels['shop-wx'] = { ...can };
    show(ChannelLimits, { conversation: conversation() });
    await settle();
    expect(by('window')?.textContent).toContain('3 h');
    expect(by('window')?.textContent).toContain('4 more messages');
    expect(by('window')?.dataset.open).toBe('true');
  });

  it('says when it is over, asking again after each message', async () => {
    channels['shop-wx'] = { ...can };
    const c = conversation();
    show(ChannelLimits, { conversation: c });
    await settle();
    window_ = { limited: true, open: false, until: '2026-11-22T09:00:00.000Z', remaining: 0 };
    c.last_seq = 4;
    await settle();
    expect(by('window')?.dataset.open).toBe('false');
    expect(by('window')?.textContent).toContain('notice');
  });

  it('warns where everybody reads along', async () => {
    channels['shop-wx'] = { ...can, window: 0, window_messages: 0, public_thread: true };
    show(ChannelLimits, { conversation: conversation() });
    await settle();
    expect(by('public-thread')).not.toBeNull();
    expect(by('window')).toBeNull();
  });
});

describe('names of channels', () => {
  it('are what the operator calls them, else what they speak, else the instance', () => {
    channels['a'] = { ...can, title: 'Our shop' };
    channels['b'] = { ...can };
    expect(channelName('a')).toBe('Our shop');
    expect(channelName('b')).toBe('WeChat');
    expect(channelName('unheard-of')).toBe('unheard-of');
  });
});

describe('cards', () => {
  it('lead only to web addresses', () => {
    const card = { kind: 'link', title: 'x', text: '', url: 'javascript:alert(1)', picture: '', data: {} };
    show(MessageCards, { cards: [card, { ...card, url: 'https://shop.example.org/' }] });
    const links = [...box.querySelectorAll('[data-testid=message-card]')];
    expect(links.map((l) => l.getAttribute('href'))).toEqual([null, 'https://shop.example.org/']);
  });

  it('open a place in a map', () => {
    show(MessageCards, { cards: [{ kind: 'location', title: '西湖', text: '', url: '', picture: '', data: { latitude: '30.25', longitude: '120.15' } }] });
    expect(by('message-card')?.getAttribute('href')).toContain('mlat=30.25');
    expect(box.textContent).toContain('西湖');
  });
});

describe('alerts', () => {
  it('stand until they are over', async () => {
    show(AlertBar);
    raised({ instance: 'wx', id: 'channel.token', says: 'log in again', over: false, at: '' });
    await nextTick();
    expect(by('connector-alert')?.textContent).toContain('log in again');
    raised({ instance: 'wx', id: 'channel.token', says: '', over: true, at: '' });
    await nextTick();
    expect(by('connector-alert')).toBeNull();
  });
});
