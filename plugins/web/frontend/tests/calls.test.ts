import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, h, nextTick, type App, type Component } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import type { CallFrame } from '../src/shared/protocol';
import { toasts } from '../src/workspace/app';
import CallButton from '../src/workspace/components/call/CallButton.vue';
import CallCard from '../src/workspace/components/call/CallCard.vue';
import { setLanguage } from '../src/workspace/i18n';
import { p } from '../src/workspace/i18n/calls';
import { CallDesk, talkTime } from '../src/workspace/store/calls';

const frame = (change: Partial<CallFrame> = {}): CallFrame => ({
  t: 'call', call: 'c1', channel: 'voice', state: 'ringing', outbound: false, mine: true, phone: '138****8000', extension: '1005', agent_name: '', queue: '',
  conversation: '', contact: '', name: '', talk_s: 0, recording: '', at: '2026-11-22T06:00:00.000Z', ...change,
});

describe('the calls on this agent’s phones', () => {
  let rang: string[];
  let missed: string[];
  let desk: CallDesk;
  let now = 1000;
  beforeEach(() => {
    rang = [];
    missed = [];
    now = 1000;
    desk = new CallDesk({ onRing: (call) => rang.push(call.call), onMissed: (call) => missed.push(call.call), now: () => now });
  });
  const shown = () => Object.values(desk.shown);

  it('rings once, however often it is told, and learns who calls', () => {
    desk.receive(frame());
    desk.receive(frame({ contact: '7', name: '林晓雯', conversation: '9' }));
    desk.receive(frame());
    expect(rang).toEqual(['c1']);
    expect(shown()).toHaveLength(1);
    expect(shown()[0]).toMatchObject({ name: '林晓雯', contact: '7', conversation: '9', talking_since: 0 });
  });

  it('counts from when somebody talks', () => {
    desk.receive(frame());
    now = 5000;
    desk.receive(frame({ state: 'answered' }));
    now = 9000;
    desk.receive(frame({ state: 'held' }));
    desk.receive(frame({ state: 'answered' }));
    expect(shown()[0]?.talking_since).toBe(5000);
    expect(talkTime(5000, 192_000)).toBe('3:07');
  });

  it('goes when a colleague answers', () => {
    desk.receive(frame());
    desk.receive(frame({ state: 'answered', mine: false, extension: '1006' }));
    expect(shown()).toHaveLength(0);
    expect(missed).toHaveLength(0);
  });

  it('rings again on a phone that fell silent before', () => {
    desk.receive(frame());
    desk.receive(frame({ state: 'ended' }));
    expect(shown()).toHaveLength(0);
    desk.receive(frame());
    expect(shown()).toHaveLength(1);
  });

  it('tells of a missed call once and does not open it again', () => {
    desk.receive(frame());
    desk.receive(frame({ state: 'missed' }));
    desk.receive(frame({ state: 'missed' }));
    desk.receive(frame());
    expect(missed).toEqual(['c1']);
    expect(shown()).toHaveLength(0);
  });

  it('stays hidden until the call is over', () => {
    desk.receive(frame());
    desk.hide('voice/c1');
    desk.receive(frame({ state: 'answered' }));
    expect(shown()).toHaveLength(0);
    desk.receive(frame({ state: 'ended' }));
    desk.receive(frame({ call: 'c2' }));
    expect(shown()).toHaveLength(1);
  });

  it('does not ring for a call that the agent makes', () => {
    desk.receive(frame({ outbound: true }));
    expect(rang).toHaveLength(0);
    expect(shown()).toHaveLength(1);
  });
});

describe('what the agent sees', () => {
  let app: App | undefined;
  let box: HTMLElement;
  let routes: Record<string, unknown>;
  let posted: { path: string; body: unknown }[];
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', name: 'inbox', component: { render: () => null } },
      { path: '/c/:id', name: 'conversation', component: { render: () => null } },
      { path: '/p/:id', name: 'contacts', component: { render: () => null } },
    ],
  });
  const by = (id: string) => box.querySelector<HTMLElement>(`[data-testid="${id}"]`);
  const settle = async () => {
    for (let i = 0; i < 8; i += 1) await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve));
    await nextTick();
  };
  function show(component: Component, props: Record<string, unknown>): void {
    box = document.createElement('div');
    document.body.appendChild(box);
    app = createApp({ render: () => h(component, props) });
    app.use(router);
    app.mount(box);
  }
  beforeEach(() => {
    setLanguage('zh-CN');
    posted = [];
    routes = {
      '/api/v1/contacts/7': { id: '7', name: '林晓雯', company: '桥美妆', tier: '金卡', summary: { last_purchase: '', asked_before: '', preferences: '' } },
      '/api/v1/contacts/7/cards': { summary: { last_purchase: '口红 豆沙色（2026-11-20）', asked_before: '3 次咨询', preferences: '顺丰' }, cards: [] },
    };
    vi.stubGlobal('fetch', (path: string, init?: RequestInit) => {
      if (init?.method === 'POST') posted.push({ path, body: JSON.parse(String(init.body)) });
      const body = routes[path.split('?')[0] ?? ''];
      return Promise.resolve(body ? new Response(JSON.stringify(body)) : new Response(JSON.stringify({ detail: '' }), { status: 404 }));
    });
  });
  afterEach(() => {
    app?.unmount();
    box.remove();
    toasts.splice(0);
    vi.unstubAllGlobals();
  });
  const call = (change: Partial<CallFrame> = {}) => ({ ...frame(change), key: 'voice/c1', talking_since: 0 });

  it('is the known customer, before the call is answered', async () => {
    show(CallCard, { call: call({ contact: '7', name: '林晓雯', conversation: '9', queue: 'sales' }) });
    await settle();
    expect(by('call-popup')?.dataset.state).toBe('ringing');
    expect(by('call-name')?.textContent).toBe('林晓雯');
    expect(by('call-company')?.textContent).toBe('桥美妆 · 金卡');
    expect(by('call-number')?.textContent).toBe('138****8000 · 队列 sales · 分机 1005');
    expect(by('summary-last-purchase')?.textContent).toContain('口红');
    expect(by('summary-asked-before')?.textContent).toBe('3 次咨询');
    expect(by('summary-preferences')?.textContent).toBe('顺丰');
    by('call-open')?.click();
    await settle();
    expect(router.currentRoute.value.params.id).toBe('9');
  });

  it('says what it does not know', async () => {
    setLanguage('en');
    show(CallCard, { call: call() });
    await settle();
    expect(by('call-name')?.textContent).toBe('New customer');
    expect(by('summary')).toBeNull();
    expect(by('call-open')).toBeNull();
    app?.unmount();
    box.remove();
    show(CallCard, { call: call({ phone: '' }) });
    await settle();
    expect(by('call-name')?.textContent).toBe('Number withheld');
  });

  it('keeps the name of the call when the profile may not be seen', async () => {
    show(CallCard, { call: call({ contact: '8', name: '王先生' }) });
    await settle();
    expect(by('call-name')?.textContent).toBe('王先生');
    expect(by('call-profile')).toBeNull();
  });

  it('dials when the hub has a telephone, and shows no button when it has none', async () => {
    show(CallButton, { conversation: '9' });
    await settle();
    expect(by('call-dial')).toBeNull();
    app?.unmount();
    box.remove();
    routes['/api/v1/calls'] = { channels: ['voice'], call: 'x' };
    show(CallButton, { conversation: '9' });
    await settle();
    by('call-dial')?.click();
    await settle();
    expect(posted).toEqual([{ path: '/api/v1/calls', body: { conversation: '9' } }]);
    expect(toasts.at(-1)?.text).toBe(p('dialling'));
  });
});
