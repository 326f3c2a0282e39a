/** Knowledge entries as the bot's REST interface has them (plugins/bot). */

import { toQuery, type Api } from './api';

export const NEVER = '1970-01-01T00:00:00.000Z';

export interface EntryButton {
  label_zh: string;
  label_en: string;
  value: string;
  url: string;
}

export interface EntryCard {
  kind: '' | 'link' | 'product' | 'mini_program' | 'location';
  title: string;
  text: string;
  url: string;
  picture: string;
  data: Record<string, string>;
}

export interface EntryVariant {
  channel: string;
  site: string;
  answer_zh: string;
  answer_en: string;
  card: EntryCard;
  buttons: EntryButton[];
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
  card: EntryCard;
  variants: EntryVariant[];
  attachments: { name: string; url: string }[];
  related: string[];
  labels: string[];
  valid_from: string;
  valid_until: string;
  changed_at: string;
  changed_by: string;
}

export interface Draft {
  entry: KnowledgeEntry;
  state: 'draft' | 'review';
  note: string;
  by: string;
  at: string;
  is_new: boolean;
}

export interface Version<T> {
  version: number;
  what: string;
  at: string;
  by: string;
  value: T;
}

export interface Vocabulary {
  synonyms: { word: string; same_as: string[] }[];
  stop_words: string[];
  products: { name: string; sku: string; same_as: string[] }[];
}

export interface Warning {
  kind: string;
  entry: string;
  title: string;
  text: string;
  score: number;
}

export interface ImportReport {
  added: string[];
  changed: string[];
  unchanged: string[];
  applied: boolean;
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
  candidates: { key: string; title: string; score: number; reason: string; question: string; keyword: string }[];
  threshold: number;
}

export function newCard(): EntryCard {
  return { kind: '', title: '', text: '', url: '', picture: '', data: {} };
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
    card: newCard(),
    variants: [],
    attachments: [],
    related: [],
    labels: [],
    valid_from: NEVER,
    valid_until: NEVER,
    changed_at: NEVER,
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

const entryPath = (key: string) => `knowledge/${encodeURIComponent(key)}`;
const draftPath = (key: string) => `knowledge-drafts/${encodeURIComponent(key)}`;

export async function listDrafts(api: Api): Promise<Draft[]> {
  return (await api.call<{ drafts: Draft[] }>('GET', 'knowledge-drafts')).drafts;
}
export function saveDraft(api: Api, entry: KnowledgeEntry, state: Draft['state'], note: string): Promise<Draft> {
  return api.call('POST', 'knowledge-drafts', { entry, state, note });
}
export function dropDraft(api: Api, key: string): Promise<unknown> {
  return api.call('DELETE', draftPath(key));
}
export function publishDraft(api: Api, key: string): Promise<KnowledgeEntry> {
  return api.call('POST', `${draftPath(key)}/publish`);
}

export async function listVersions(api: Api, key: string): Promise<Version<KnowledgeEntry>[]> {
  const list = await api.call<{ versions: (Omit<Version<never>, 'value'> & { entry: KnowledgeEntry })[] }>('GET', `${entryPath(key)}/versions`);
  return list.versions.map(({ entry, ...rest }) => ({ ...rest, value: entry }));
}
export function restoreEntry(api: Api, key: string, version: number): Promise<KnowledgeEntry> {
  return api.call('POST', `${entryPath(key)}/restore`, { version });
}
export async function checkEntry(api: Api, entry: KnowledgeEntry): Promise<Warning[]> {
  return (await api.call<{ warnings: Warning[] }>('POST', 'knowledge/check', entry)).warnings;
}

export function readVocabulary(api: Api): Promise<Vocabulary> {
  return api.call('GET', 'vocabulary');
}
export function saveVocabulary(api: Api, words: Vocabulary): Promise<Vocabulary> {
  return api.call('PUT', 'vocabulary', words);
}
export async function vocabularyVersions(api: Api): Promise<Version<Vocabulary>[]> {
  const list = await api.call<{ versions: (Omit<Version<never>, 'value'> & { vocabulary: Vocabulary })[] }>('GET', 'vocabulary/versions');
  return list.versions.map(({ vocabulary, ...rest }) => ({ ...rest, value: vocabulary }));
}
export function restoreVocabulary(api: Api, version: number): Promise<Vocabulary> {
  return api.call('POST', 'vocabulary/restore', { version });
}

export const FORMATS = ['xlsx', 'csv', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];
export function formatOf(name: string): Format | undefined {
  const end = name.toLowerCase().split('.').pop() ?? '';
  return end === 'yml' ? 'yaml' : FORMATS.find((f) => f === end);
}
export function importFile(api: Api, file: Blob, format: Format, apply: boolean): Promise<ImportReport> {
  return api.call('POST', `knowledge-import${toQuery({ format, apply: apply || undefined })}`, file, { type: 'application/octet-stream' });
}

/** What a field says, one line a value. */
function said(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => (typeof item === 'object' ? [JSON.stringify(item)] : [String(item)]));
  if (value && typeof value === 'object') return Object.values(value).some((v) => v && Object.keys(v as object).length !== 0) ? [JSON.stringify(value)] : [];
  const text = String(value ?? '');
  return text === '' || text.startsWith('1970-01-01') ? [] : text.split('\n');
}
export interface FieldDifference {
  field: string;
  gone: string[];
  added: string[];
}
/** What is different from `before` to `after`, by field; who changed it and when is no difference. */
export function differences(before: object | undefined, after: object): FieldDifference[] {
  const old = (before ?? {}) as Record<string, unknown>;
  const now = after as Record<string, unknown>;
  const out: FieldDifference[] = [];
  for (const field of Object.keys(now)) {
    if (field === 'changed_at' || field === 'changed_by' || field === 'key') continue;
    const from = said(old[field]);
    const to = said(now[field]);
    const gone = from.filter((line) => !to.includes(line));
    const added = to.filter((line) => !from.includes(line));
    if (gone.length || added.length) out.push({ field, gone, added });
  }
  return out;
}

/** "洗衣粉 = 肥皂粉、洗衣剂" and back; products may have a SKU in brackets. */
export function synonymLines(words: Vocabulary): string {
  return words.synonyms.map((s) => `${s.word} = ${s.same_as.join('、')}`).join('\n');
}
export function productLines(words: Vocabulary): string {
  return words.products.map((p) => `${p.name}${p.sku ? ` [${p.sku}]` : ''}${p.same_as.length ? ` = ${p.same_as.join('、')}` : ''}`).join('\n');
}
const others = (text: string | undefined) =>
  (text ?? '')
    .split(/[、,，;；]/)
    .map((w) => w.trim())
    .filter(Boolean);
export function parseSynonyms(text: string): Vocabulary['synonyms'] {
  return lines(text).map((line) => {
    const [word = '', rest] = line.split(/[=＝]/, 2);
    return { word: word.trim(), same_as: others(rest) };
  });
}
export function parseProducts(text: string): Vocabulary['products'] {
  return lines(text).map((line) => {
    const [head = '', rest] = line.split(/[=＝]/, 2);
    const found = /^(.*?)\s*[[［](.*?)[\]］]\s*$/.exec(head.trim());
    return { name: (found?.[1] ?? head).trim(), sku: (found?.[2] ?? '').trim(), same_as: others(rest) };
  });
}

/** For inputs of type datetime-local; "" is never. */
export function toLocal(time: string): string {
  if (!time || time.startsWith('1970-01-01')) return '';
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}
export function fromLocal(text: string): string {
  return text ? new Date(text).toISOString() : NEVER;
}
