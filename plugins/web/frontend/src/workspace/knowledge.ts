/** Knowledge entries as the bot's REST interface has them (plugins/bot). */

import { toQuery, type Api } from './api';

export interface EntryButton {
  label_zh: string;
  label_en: string;
  value: string;
  url: string;
}

export interface KnowledgeEntry {
  key: string;
  site: string;
  questions: string[];
  keywords: string[];
  answer_zh: string;
  answer_en: string;
  buttons: EntryButton[];
  intent: string;
  group: string;
  handoff: boolean;
  small_talk: boolean;
  enabled: boolean;
  changed_at: string;
  changed_by: string;
}

export interface TryAnswer {
  answer: {
    outcome: 'answer' | 'decline' | 'handoff';
    content: { text: string; buttons?: { label: string }[] };
    entry: string;
    intent: string;
    group: string;
    score: number;
    reason: string;
  };
  candidates: { key: string; title: string; score: number; reason: string }[];
}

export function newEntry(): KnowledgeEntry {
  return {
    key: '',
    site: '',
    questions: [],
    keywords: [],
    answer_zh: '',
    answer_en: '',
    buttons: [],
    intent: '',
    group: '',
    handoff: false,
    small_talk: false,
    enabled: true,
    changed_at: '1970-01-01T00:00:00.000Z',
    changed_by: '',
  };
}

export async function searchKnowledge(api: Api, search: string): Promise<KnowledgeEntry[]> {
  return (await api.call<{ entries: KnowledgeEntry[] }>('GET', `knowledge${toQuery({ search })}`)).entries;
}

export function saveEntry(api: Api, entry: KnowledgeEntry, isNew: boolean): Promise<KnowledgeEntry> {
  return isNew ? api.call('POST', 'knowledge', entry) : api.call('PUT', `knowledge/${encodeURIComponent(entry.key)}`, entry);
}

export function deleteEntry(api: Api, key: string): Promise<unknown> {
  return api.call('DELETE', `knowledge/${encodeURIComponent(key)}`);
}

export function tryQuestion(api: Api, text: string, language: string): Promise<TryAnswer> {
  return api.call('POST', 'knowledge/try', { text, language });
}

export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

/** Buttons as they are saved: without the rows that somebody began and left empty. */
export function trimmed(buttons: EntryButton[]): EntryButton[] {
  return buttons
    .map((b) => ({ label_zh: b.label_zh.trim(), label_en: b.label_en.trim(), value: b.value.trim(), url: b.url.trim() }))
    .filter((b) => b.label_zh || b.label_en || b.value || b.url);
}
