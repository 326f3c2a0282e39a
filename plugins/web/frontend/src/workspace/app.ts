/** What the pages share: one hub, one session, the notices and the sound. */

import { reactive, ref } from 'vue';
import type { TicketView } from '../shared/protocol';
import { safeStorage } from '../../../../../sdk/app/js/src/outbox';
import { Api, ApiError, type ConversationTab, type Session } from './api';
import { t } from './i18n';
import { CallDesk } from './store/calls';
import { Hub, type HubNotice } from './store/hub';

export interface Toast {
  id: number;
  kind: 'info' | 'error' | 'follow-up' | 'ticket' | 'conversation';
  title: string;
  text: string;
  ticket?: TicketView;
  conversation?: string;
}

const storage = safeStorage();
export const api = new Api();
export const toasts = reactive<Toast[]>([]);
/** What stands in the composer of each conversation. */
export const composing = reactive<Record<string, string>>({});
export const sound = ref(storage.getItem('qiao:workspace:sound') === 'on');
export const sessionKnown = ref(false);
/** The open tab of the conversation list; remembered for this window. */
export const tab = ref<ConversationTab>(rememberedTab());

function rememberedTab(): ConversationTab {
  const stored = sessionStorage.getItem('qiao:workspace:tab');
  return stored === 'queue' || stored === 'bot' || stored === 'all' || stored === 'resolved' ? stored : 'mine';
}

export function selectTab(next: ConversationTab): void {
  tab.value = next;
  sessionStorage.setItem('qiao:workspace:tab', next);
}

const address = new URL('/api/v1/agent', location.href);
address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
export const calls = new CallDesk({
  onRing: (call) => signal(call.name || call.phone || t('incomingCall'), t('incomingCall'), call.conversation),
  onMissed: (call) => toast(t('missedCall', { name: call.name || call.phone }), 'conversation', { conversation: call.conversation }),
});
export const hub = new Hub({
  api,
  url: address.href,
  storage,
  onNotice: (notice) => tell(notice),
  onCall: (frame) => calls.receive(frame),
  onSessionOver: () => sessionOver(),
});
api.onUnauthorized = () => sessionOver();

let goToLogin: () => void = () => undefined;
let goToList: () => void = () => undefined;
let goToConversation: (id: string) => void = () => undefined;
export function onNavigate(login: () => void, list: () => void, conversation: (id: string) => void): void {
  goToLogin = login;
  goToList = list;
  goToConversation = conversation;
}

const LOGGED_IN = 'qiao:workspace:logged-in';

export function begin(session: Session): void {
  sessionKnown.value = true;
  storage.setItem(LOGGED_IN, session.agent.login);
  hub.begin(session);
}

/** Is the browser still logged in? Asked when the page opens, and only where somebody has logged in before. */
export async function restore(): Promise<boolean> {
  if (hub.state.me) return true;
  if (!storage.getItem(LOGGED_IN)) return false;
  try {
    begin(await api.me());
    return true;
  } catch {
    return false;
  }
}

export async function logout(): Promise<void> {
  await api.logout().catch(() => undefined);
  sessionOver();
}

function sessionOver(): void {
  hub.end();
  calls.clear();
  storage.removeItem(LOGGED_IN);
  storage.removeItem('qiao:workspace:presence');
  sessionKnown.value = false;
  toasts.splice(0);
  for (const key of Object.keys(composing)) delete composing[key];
  goToLogin();
}

let nextToast = 1;
export function toast(text: string, kind: Toast['kind'] = 'info', more: Partial<Toast> = {}): void {
  const id = nextToast;
  nextToast += 1;
  toasts.push({ title: '', ...more, id, kind, text });
  if (toasts.length > 4) toasts.shift();
  // What asks something stays until it is answered.
  if (kind !== 'follow-up') setTimeout(() => dismiss(id), kind === 'error' ? 8000 : 4500);
}

export function dismiss(id: number): void {
  const index = toasts.findIndex((x) => x.id === id);
  if (index >= 0) toasts.splice(index, 1);
}

/** Runs something that asks the hub; says what went wrong. True when it worked. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    toast(explain(error), 'error');
    return false;
  }
}

export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return t('serverError');
  if (error.status === 0) return t('networkError');
  if (error.status === 403 && !error.message) return t('forbidden');
  return error.message || t('serverError');
}

function tell(notice: HubNotice): void {
  switch (notice.kind) {
    case 'follow-up': {
      const { ticket } = notice;
      toast(t('followUpText', { subject: ticket.subject }), 'follow-up', { title: t('followUpTitle', { n: ticket.number }), ticket });
      signal(t('followUpTitle', { n: ticket.number }), ticket.subject, ticket.conversation);
      break;
    }
    case 'ticket':
      toast(notice.ticket.subject, 'ticket', { title: t('ticketNewToast', { n: notice.ticket.number }), ticket: notice.ticket });
      signal(t('ticketNewToast', { n: notice.ticket.number }), notice.ticket.subject, '');
      break;
    case 'queued':
    case 'assigned': {
      const { conversation } = notice;
      // The latest word about a conversation replaces the one before.
      for (const old of toasts.filter((x) => x.conversation === conversation.id)) dismiss(old.id);
      const name = conversation.contact_name || t('noName');
      const text = t(notice.kind === 'queued' ? 'newInQueue' : 'assignedToYou', { name });
      if (hub.state.opened !== conversation.id) toast(conversation.preview, 'conversation', { title: text, conversation: conversation.id });
      signal(text, conversation.preview, conversation.id);
      break;
    }
    case 'message': {
      const name = notice.conversation.contact_name || t('noName');
      const looking = document.visibilityState === 'visible' && hub.state.opened === notice.conversation.id;
      if (!looking) signal(t('newMessage', { name }), notice.message.text, notice.conversation.id);
      break;
    }
    case 'gone':
      if (hub.state.opened === notice.conversation) goToList();
      break;
  }
}

/** A sound when wanted; a notification of the system when it is allowed and nobody is looking. */
function signal(title: string, body: string, conversation: string): void {
  if (sound.value) beep();
  if (typeof Notification === 'undefined' || Notification.permission !== 'granted' || document.visibilityState === 'visible') return;
  try {
    const shown = new Notification(title, { body, tag: conversation || title, icon: '/workspace/icon-192.png' });
    shown.onclick = () => {
      window.focus();
      if (conversation) goToConversation(conversation);
      shown.close();
    };
  } catch {
    // Some phones allow notifications from service workers only.
  }
}

export function setSound(on: boolean): void {
  sound.value = on;
  storage.setItem('qiao:workspace:sound', on ? 'on' : 'off');
  if (on) beep();
}

let audio: AudioContext | null = null;
function beep(): void {
  try {
    audio ??= new AudioContext();
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = 740;
    volume.gain.setValueAtTime(0.07, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.3);
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.31);
  } catch {
    // No sound is no reason to fail.
  }
}
