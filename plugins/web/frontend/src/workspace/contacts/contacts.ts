/** People as the REST interface of plugins/contacts has them. */

import type { ConversationView } from '../../shared/protocol';
import { toQuery, type Api } from '../api';
import type { Order } from '../goods/goods';

export interface Claim {
  kind: string;
  value: string;
  verified: boolean;
}

export interface Summary {
  last_purchase: string;
  asked_before: string;
  preferences: string;
}

export interface Contact {
  id: string;
  name: string;
  phone: string;
  email: string;
  note: string;
  company: string;
  tier: string;
  language: string;
  blocked: boolean;
  /** Phone, e-mail and claims are shown in part. */
  masked: boolean;
  tags: string[];
  attributes: Record<string, string>;
  identities: { channel: string; user: string }[];
  claims: Claim[];
  merged: string[];
  summary: Summary;
  conversations: number;
  created_at: string;
  last_seen_at: string;
}

export type ContactChange = Partial<Pick<Contact, 'name' | 'phone' | 'email' | 'note' | 'language' | 'tier' | 'company' | 'tags' | 'attributes'>>;

export interface Card {
  title: string;
  rows: { label: string; value: string }[];
  url: string;
  as_of: string;
  stale: boolean;
}

export interface Cards {
  summary: Summary;
  cards: Card[];
}

export interface Orders {
  orders: Order[];
  sources: { source: string; as_of: string; stale: boolean }[];
}

export interface TimelineItem {
  kind: string;
  id: string;
  at: string;
  channel: string;
  title: string;
  text: string;
  state: string;
  agent: string;
  number: string;
}

export interface Merge {
  id: string;
  from: string;
  from_name: string;
  into: string;
  at: string;
  by_name: string;
  reason: string;
  undone: boolean;
}

export interface Suggestion {
  contact: string;
  name: string;
  reason: string;
}

export interface Merges {
  merges: Merge[];
  suggestions: Suggestion[];
}

export interface Company {
  id: string;
  name: string;
  phone: string;
  note: string;
  contacts: number;
}

export interface SegmentFilter {
  tag?: string;
  tier?: string;
  company?: string;
  language?: string;
  attribute?: string;
  value?: string;
  seen_within_days?: number;
  not_seen_for_days?: number;
  blocked?: boolean;
}

export interface Segment {
  id: string;
  name: string;
  filter: SegmentFilter;
  count: number;
}

export interface ImportResult {
  rows: number;
  created: number;
  updated: number;
  unchanged: number;
  errors: { row: number; column: string; message: string }[];
  dry_run: boolean;
}

export interface ContactPage {
  contacts: Contact[];
  more: boolean;
  after: string;
}

const at = (id: string) => `contacts/${encodeURIComponent(id)}`;

export function contactsApi(api: Api) {
  return {
    list: (query: { search?: string; segment?: string; after?: string; limit?: number }): Promise<ContactPage> => api.call('GET', `contacts${toQuery(query)}`),
    get: (id: string): Promise<Contact> => api.call('GET', at(id)),
    change: (id: string, change: ContactChange): Promise<Contact> => api.call('PATCH', at(id), change),
    reveal: (id: string): Promise<Contact> => api.call('POST', `${at(id)}/reveal`, {}),
    conversations: async (id: string): Promise<ConversationView[]> =>
      (await api.call<{ conversations: ConversationView[] }>('GET', `${at(id)}/conversations`)).conversations,
    timeline: (id: string, query: { before?: string; limit?: number }): Promise<{ items: TimelineItem[]; more: boolean }> =>
      api.call('GET', `${at(id)}/timeline${toQuery(query)}`),
    cards: (id: string, language: string): Promise<Cards> => api.call('GET', `${at(id)}/cards${toQuery({ language })}`),
    orders: (id: string): Promise<Orders> => api.call('GET', `${at(id)}/orders`),
    merge: (id: string, other: string): Promise<{ merge: string; contact: Contact }> => api.call('POST', `${at(id)}/merge`, { other }),
    merges: (id: string): Promise<Merges> => api.call('GET', `${at(id)}/merges`),
    undo: (merge: string): Promise<Contact> => api.call('POST', `contacts/merges/${encodeURIComponent(merge)}/undo`, {}),
    block: (id: string, blocked: boolean): Promise<Contact> => api.call('POST', `${at(id)}/${blocked ? 'block' : 'unblock'}`, {}),
    exportPerson: (id: string): Promise<{ contact: string; folder: string; counts: Record<string, number> }> => api.call('POST', `${at(id)}/export`, {}),
    erasePerson: (id: string): Promise<{ contact: string; removed: Record<string, number> }> => api.call('POST', `${at(id)}/erase`, {}),

    companies: async (search = ''): Promise<Company[]> => (await api.call<{ companies: Company[] }>('GET', `companies${toQuery({ search })}`)).companies,
    saveCompany: (company: Pick<Company, 'id' | 'name' | 'phone' | 'note'>): Promise<Company> => {
      const { id, ...fields } = company;
      return id ? api.call('PATCH', `companies/${encodeURIComponent(id)}`, fields) : api.call('POST', 'companies', fields);
    },
    tags: async (): Promise<{ tag: string; contacts: number }[]> => (await api.call<{ tags: { tag: string; contacts: number }[] }>('GET', 'tags')).tags,
    segments: async (): Promise<Segment[]> => (await api.call<{ segments: Segment[] }>('GET', 'segments')).segments,
    saveSegment: (segment: Pick<Segment, 'id' | 'name' | 'filter'>): Promise<Segment> => {
      const { id, ...fields } = segment;
      return id ? api.call('PATCH', `segments/${encodeURIComponent(id)}`, fields) : api.call('POST', 'segments', fields);
    },
    deleteSegment: (id: string): Promise<unknown> => api.call('DELETE', `segments/${encodeURIComponent(id)}`),
    importCsv: (csv: string, updateBy: string, dryRun: boolean): Promise<ImportResult> =>
      api.call('POST', `contacts/import${toQuery({ dry_run: dryRun, update_by: updateBy })}`, csv, { type: 'text/csv' }),
  };
}

/** What was changed in a form, and nothing else: what somebody else changed meanwhile stays. */
export function changesOf(before: Contact, after: ContactChange): ContactChange {
  const change: Record<string, unknown> = {};
  for (const field of ['name', 'phone', 'email', 'note', 'language', 'tier', 'company'] as const) {
    const value = after[field]?.trim();
    if (value !== undefined && value !== (before[field] ?? '')) change[field] = value;
  }
  if (after.tags && after.tags.join('\n') !== before.tags.join('\n')) change.tags = after.tags;
  if (after.attributes) {
    const attributes: Record<string, string> = {};
    for (const [key, value] of Object.entries(after.attributes)) if (before.attributes[key] !== value) attributes[key] = value;
    // An empty text removes an attribute.
    for (const key of Object.keys(before.attributes)) if (!(key in after.attributes)) attributes[key] = '';
    if (Object.keys(attributes).length > 0) change.attributes = attributes;
  }
  return change as ContactChange;
}

/** Tags after some were added and others taken away, in the order in which they stood. */
export function retag(tags: string[], add: string[], remove: string[]): string[] {
  const gone = new Set(remove);
  return [...new Set([...tags, ...add].filter((tag) => !gone.has(tag)))];
}

/** "VIP， 老客户, VIP" → two tags. */
export function splitTags(text: string): string[] {
  return [...new Set(text.split(/[,，;；\n]/).map((tag) => tag.trim()).filter(Boolean))];
}

/** A filter as it is sent: without what was left empty. */
export function filterOf(form: Record<keyof SegmentFilter, string>): SegmentFilter {
  const filter: SegmentFilter = {};
  for (const field of ['tag', 'tier', 'company', 'language', 'attribute', 'value'] as const) if (form[field].trim()) filter[field] = form[field].trim();
  for (const field of ['seen_within_days', 'not_seen_for_days'] as const) {
    const days = Number(form[field]);
    if (Number.isInteger(days) && days > 0) filter[field] = days;
  }
  if (form.blocked) filter.blocked = form.blocked === 'yes';
  return filter;
}

/** What must be typed before somebody is erased: the name, or the id where there is none. */
export function eraseWord(contact: Pick<Contact, 'id' | 'name'>): string {
  return contact.name.trim() || contact.id;
}
