/** What the channels can carry, as they say themselves, and whether a customer can be written to now. */

import { reactive } from 'vue';
import { isAbsent, type Api } from './api';

export interface Capabilities {
  platform: string;
  title: string;
  kinds: string[];
  max_text: number;
  public_thread: boolean;
  /** Milliseconds; 0: no limit. */
  window: number;
  window_messages: number;
  notices: string[];
}

export interface Window {
  limited: boolean;
  open: boolean;
  until: string;
  /** -1: any number. */
  remaining: number;
}

export interface Alert {
  instance: string;
  id: string;
  says: string;
  over: boolean;
  at: string;
}

export const channels = reactive<Record<string, Capabilities>>({});
/** What needs a person, by instance and id. */
export const alerts = reactive<Record<string, Alert>>({});

export async function loadChannels(api: Api): Promise<void> {
  try {
    const answer = await api.call<{ channels: { instance: string; can: Capabilities }[] }>('GET', 'channels', undefined, { quiet: true });
    for (const name of Object.keys(channels)) delete channels[name];
    for (const { instance, can } of answer.channels) channels[instance] = can;
  } catch {
    // Names and limits then show as without; the next login asks again.
  }
}

export function isLimited(instance: string): boolean {
  const can = channels[instance];
  return Boolean(can && (can.window > 0 || can.window_messages > 0));
}

export async function askWindow(api: Api, conversation: string): Promise<Window | null> {
  try {
    const window = await api.call<Window>('GET', `conversations/${conversation}/window`);
    return window.limited ? window : null;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

export function raised(alert: Alert): void {
  const key = `${alert.instance}/${alert.id}`;
  if (alert.over) delete alerts[key];
  else alerts[key] = alert;
}
