/** The audit log as the hub tells it. */

import { toQuery, type Api } from '../api';

export interface AuditEntry {
  seq: number;
  at: string;
  action: string;
  object: string;
  detail: string;
  actor_type: string;
  actor: string;
  actor_name: string;
  remote: string;
  mac: string;
}

export interface AuditQuery {
  action?: string;
  object?: string;
  actor?: string;
  since?: string;
  until?: string;
  before?: number;
  limit?: number;
}

export function auditPage(api: Api, query: AuditQuery): Promise<{ entries: AuditEntry[]; more: boolean }> {
  return api.call('GET', `audit${toQuery({ ...query })}`);
}

/** Where the thing that an entry is about is shown; nothing for what has no page. */
export function linkOf(object: string): { name: string; params: Record<string, string> } | null {
  const [kind, id] = object.split(':', 2);
  if (!kind || !id) return null;
  switch (kind) {
    case 'contact':
    case 'conversation':
      return { name: kind === 'contact' ? 'contacts' : kind, params: { id } };
    case 'ticket':
      return { name: 'tickets', params: { id } };
    case 'partner_key':
      return { name: 'partners', params: { id } };
    case 'company':
      return { name: 'companies', params: { id } };
    case 'segment':
      return { name: 'segments', params: { id } };
    case 'knowledge':
      return { name: 'knowledge', params: { key: id } };
    default:
      return null;
  }
}

/** From the beginning of a day to the end of another, where the reader is. */
export function dayRange(from: string, to: string): { since?: string; until?: string } {
  return {
    ...(from ? { since: new Date(`${from}T00:00:00`).toISOString() } : {}),
    ...(to ? { until: new Date(`${to}T23:59:59.999`).toISOString() } : {}),
  };
}
