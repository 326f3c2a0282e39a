/** The REST routes of the workspace; see docs/reference/chat-protocol.md. */

import type { AgentMessage, AgentView, Attachment, ConversationView, GroupView, SearchHit, TicketView } from '../shared/protocol';
import { problemCode, uploadFile } from '../../../../../sdk/app/js/src/upload';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly retryAfter = 0,
  ) {
    super(detail);
  }
}

/** The part of the hub that would answer is not enabled: the address leads nowhere, or nobody serves what it asks. */
export function isAbsent(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.code === 'bus.no_server' || error.status === 405 || (error.status === 404 && error.message.startsWith('nothing is '));
}

export type ConversationTab = 'mine' | 'queue' | 'bot' | 'all' | 'resolved';
export type Counts = Partial<Record<ConversationTab, number>>;
export type TicketScope = 'mine' | 'department' | 'all';

export interface Session {
  agent: AgentView;
  permissions: string[];
}

export type Transfer = ({ to_agent: string } | { to_group: string }) & { note: string };

export interface NewTicket {
  conversation: string;
  department: string;
  subject: string;
  description: string;
  fields: Record<string, string>;
  deadline: string;
}

export interface Page<T> {
  items: T[];
  more: boolean;
}

type Query = Record<string, string | number | boolean | undefined>;

export class Api {
  /** Called when the hub says that the session is over. */
  onUnauthorized: () => void = () => undefined;

  constructor(
    private readonly base = '/api/v1/',
    private readonly send: typeof fetch = (...args) => fetch(...args),
  ) {}

  login(login: string, password: string): Promise<Session> {
    return this.call<Session>('POST', 'login', { login, password, token: false }, { quiet: true });
  }
  logout(): Promise<unknown> {
    return this.call('POST', 'logout', {}, { quiet: true });
  }
  async me(): Promise<Session> {
    return this.call<Session>('GET', 'me', undefined, { quiet: true });
  }
  acceptInvitation(token: string, body: { login: string; name: string; password: string }): Promise<Session> {
    return this.call('POST', `invitations/${encodeURIComponent(token)}`, body, { quiet: true });
  }
  agents(): Promise<{ agents: AgentView[]; groups: GroupView[] }> {
    return this.call('GET', 'agents');
  }

  conversations(query: { view: ConversationTab | 'any'; search?: string; cursor?: string; before?: string; limit?: number }): Promise<{
    conversations: ConversationView[];
    more: boolean;
    counts?: Counts;
    hits?: SearchHit[];
    cursor?: string;
  }> {
    return this.call('GET', `conversations${toQuery(query)}`);
  }
  conversation(id: string): Promise<ConversationView> {
    return this.call('GET', `conversations/${id}`);
  }
  messages(id: string, query: { after?: number; before?: number; limit?: number }): Promise<{ messages: AgentMessage[]; more: boolean }> {
    return this.call('GET', `conversations/${id}/messages${toQuery(query)}`);
  }
  take(id: string): Promise<ConversationView> {
    return this.call('POST', `conversations/${id}/take`, {});
  }
  /** To a person or to a group's queue. */
  transfer(id: string, to: Transfer): Promise<ConversationView> {
    return this.call('POST', `conversations/${id}/transfer`, to);
  }
  resolve(id: string): Promise<ConversationView> {
    return this.call('POST', `conversations/${id}/resolve`, {});
  }

  async tickets(query: { view: TicketScope; state?: string; conversation?: string; before?: string; limit?: number }): Promise<Page<TicketView>> {
    const body = await this.call<{ tickets: TicketView[]; more: boolean }>('GET', `tickets${toQuery(query)}`);
    return { items: body.tickets, more: body.more };
  }
  ticket(id: string): Promise<TicketView> {
    return this.call('GET', `tickets/${id}`);
  }
  createTicket(ticket: NewTicket): Promise<TicketView> {
    return this.call('POST', 'tickets', ticket);
  }
  commentTicket(id: string, text: string): Promise<TicketView> {
    return this.call('POST', `tickets/${id}/comment`, { text });
  }
  resolveTicket(id: string, resolution: string): Promise<TicketView> {
    return this.call('POST', `tickets/${id}/resolve`, { resolution });
  }

  upload(file: File, onProgress: (share: number) => void): Promise<Attachment> {
    return uploadFile(`${this.base}files`, file, null, onProgress);
  }

  /** For routes that a page keeps to itself, e.g. knowledge. With `type` the body goes as the text or file that it is. */
  async call<T>(method: string, path: string, body?: unknown, options: { quiet?: boolean; type?: string } = {}): Promise<T> {
    let answer: Response;
    try {
      answer = await this.send(this.base + path, {
        method,
        credentials: 'same-origin',
        headers: body === undefined ? {} : { 'Content-Type': options.type ?? 'application/json' },
        body: body === undefined ? undefined : options.type ? (body as BodyInit) : JSON.stringify(body),
      });
    } catch {
      throw new ApiError(0, 'network', '');
    }
    const text = await answer.text();
    let parsed: Record<string, unknown> = {};
    try {
      parsed = text ? (JSON.parse(text) as Record<string, unknown>) : {};
    } catch {
      // A proxy may answer HTML; the status says enough.
    }
    if (answer.ok) return parsed as T;
    if (answer.status === 401 && !options.quiet) this.onUnauthorized();
    const code = problemCode(parsed);
    const wait = Number(answer.headers.get('Retry-After') ?? 0);
    throw new ApiError(answer.status, code, String(parsed.detail ?? parsed.title ?? ''), Number.isFinite(wait) ? wait : 0);
  }
}

export function toQuery(query: Query): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  if (pairs.length === 0) return '';
  return `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}
