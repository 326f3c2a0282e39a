/** Partner keys as the REST interface of plugins/partners has them, and what partners copy into their pages. */

import { toQuery, type Api } from '../api';

export type KeyKind = 'server' | 'browser';
export type KeyState = 'active' | 'expired' | 'revoked';

export interface PartnerKey {
  id: string;
  name: string;
  kind: KeyKind;
  state: KeyState;
  prefix: string;
  scopes: string[];
  origins: string[];
  skus: string[];
  per_minute: number;
  per_day: number;
  created_at: string;
  created_by: string;
  expires_at?: string;
  revoked_at?: string;
  last_used_at?: string;
  previous_until?: string;
  used_today: number;
  live: number;
}

export interface KeySecret {
  key: PartnerKey;
  secret: string;
}

export interface UsageDay {
  day: string;
  total: number;
  ok: number;
  not_modified: number;
  refused: number;
  limited: number;
  failed: number;
  live: number;
  statuses: Record<string, number>;
}

export interface Usage {
  id: string;
  name: string;
  from: string;
  to: string;
  total: number;
  days: UsageDay[];
}

export interface Embed {
  script: string;
  pinned_script: string;
  version: string;
  integrity: string;
}

export interface KeyForm {
  name: string;
  kind: KeyKind;
  scopes: string[];
  origins: string;
  skus: string;
  per_minute: string;
  per_day: string;
  expires: string;
}

const at = (id: string) => `partner-keys/${encodeURIComponent(id)}`;

export function partnersApi(api: Api) {
  return {
    list: async (): Promise<PartnerKey[]> => (await api.call<{ keys: PartnerKey[] }>('GET', 'partner-keys')).keys,
    create: (body: Record<string, unknown>): Promise<KeySecret> => api.call('POST', 'partner-keys', body),
    change: (id: string, body: Record<string, unknown>): Promise<PartnerKey> => api.call('PATCH', at(id), body),
    rotate: (id: string, graceMinutes: number): Promise<KeySecret> => api.call('POST', `${at(id)}/rotate`, { grace_minutes: graceMinutes }),
    revoke: (id: string): Promise<PartnerKey> => api.call('POST', `${at(id)}/revoke`, {}),
    usage: (id: string, query: { from?: string; to?: string }): Promise<Usage> => api.call('GET', `${at(id)}/usage${toQuery(query)}`),
    embed: (): Promise<Embed> => api.call('GET', 'partner-keys/embed'),
  };
}

export function emptyForm(): KeyForm {
  return { name: '', kind: 'browser', scopes: ['stock.read'], origins: '', skus: '', per_minute: '', per_day: '', expires: '' };
}

export function formOf(key: PartnerKey): KeyForm {
  return {
    name: key.name,
    kind: key.kind,
    scopes: [...key.scopes],
    origins: key.origins.join('\n'),
    skus: key.skus.join('\n'),
    per_minute: String(key.per_minute || ''),
    per_day: String(key.per_day || ''),
    expires: key.expires_at ? key.expires_at.slice(0, 10) : '',
  };
}

/** One entry a line, or divided by commas or spaces. */
export function entries(text: string): string[] {
  return [...new Set(text.split(/[\s,，;；]+/).map((x) => x.trim()).filter(Boolean))];
}

/** "2026-12-31" is good until that day has ended, where the administrator is. */
export function endOfDay(day: string): string {
  return day ? new Date(`${day}T23:59:59`).toISOString() : '';
}

/** What is wrong with a form, by field; the hub checks it again. */
export function mistakes(form: KeyForm): Partial<Record<'name' | 'scopes' | 'origins' | 'skus' | 'quota', string>> {
  const found: ReturnType<typeof mistakes> = {};
  if (!form.name.trim()) found.name = 'name';
  if (form.kind === 'server' && form.scopes.length === 0) found.scopes = 'scopes';
  if (form.kind === 'browser') {
    const origins = entries(form.origins);
    const wrong = origins.find((x) => !/^https?:\/\/[^/\s]+$/.test(x));
    if (origins.length === 0) found.origins = 'none';
    else if (wrong) found.origins = wrong;
    if (entries(form.skus).length === 0) found.skus = 'none';
  }
  const badSku = entries(form.skus).find((x) => x.startsWith('*') || /\*./.test(x));
  if (badSku) found.skus = badSku;
  for (const number of [form.per_minute, form.per_day]) if (number && !(Number.isInteger(Number(number)) && Number(number) > 0)) found.quota = number;
  return found;
}

/** The body for creating a key; what was left empty is the hub's to choose. */
export function bodyOf(form: KeyForm): Record<string, unknown> {
  const browser = form.kind === 'browser';
  return {
    name: form.name.trim(),
    kind: form.kind,
    scopes: browser ? ['stock.read'] : form.scopes,
    ...(browser ? { origins: entries(form.origins) } : {}),
    ...(form.skus.trim() ? { skus: entries(form.skus) } : {}),
    ...(form.per_minute ? { per_minute: Number(form.per_minute) } : {}),
    ...(form.per_day ? { per_day: Number(form.per_day) } : {}),
    ...(form.expires ? { expires_at: endOfDay(form.expires) } : {}),
  };
}

/** The body for changing one: lists are sent as they are, so that they can be emptied. */
export function patchOf(form: KeyForm, before: PartnerKey): Record<string, unknown> {
  const { kind: _kind, ...body } = bodyOf(form);
  const had = formOf(before);
  if (!form.skus.trim() && before.kind === 'server') body.skus = [];
  if (form.expires === had.expires) delete body.expires_at;
  else if (!form.expires) body.never_expires = true;
  return body;
}

const quoted = (text: string) => text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
/** A SKU that this key opens, to stand in an example. */
export function exampleSku(key: Pick<PartnerKey, 'skus'>): string {
  return key.skus.find((x) => !x.endsWith('*')) ?? (key.skus[0] ? key.skus[0].replace('*', '001') : 'A-100');
}
const SECRET = 'qk_…';

/** The tags for a partner's page. `origin` is the hub's own address. */
export function tagSnippet(embed: Embed, key: Pick<PartnerKey, 'skus'>, secret: string, origin: string): string {
  const source = new URL(embed.pinned_script, origin).href;
  return [
    `<script src="${quoted(source)}" integrity="${quoted(embed.integrity)}" crossorigin="anonymous" data-key="${quoted(secret || SECRET)}" async></script>`,
    `<qiao-stock sku="${quoted(exampleSku(key))}"></qiao-stock>`,
  ].join('\n');
}

/** The call for a partner's server. */
export function curlSnippet(key: Pick<PartnerKey, 'skus'>, secret: string, origin: string): string {
  const address = `${origin}/api/partner/v1/stock?sku=${encodeURIComponent(exampleSku(key))}`;
  return `curl -H 'Authorization: Bearer ${secret || SECRET}' '${address}'`;
}

/** Days without a call are part of the picture. */
export function everyDay(usage: Pick<Usage, 'from' | 'to' | 'days'>): UsageDay[] {
  const known = new Map(usage.days.map((d) => [d.day, d]));
  const all: UsageDay[] = [];
  const end = Date.parse(`${usage.to}T00:00:00Z`);
  for (let at = Date.parse(`${usage.from}T00:00:00Z`); at <= end && all.length < 400; at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10);
    all.push(known.get(day) ?? { day, total: 0, ok: 0, not_modified: 0, refused: 0, limited: 0, failed: 0, live: 0, statuses: {} });
  }
  return all;
}
