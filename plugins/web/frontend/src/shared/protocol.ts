/**
 * What travels between the hub and its pages; the source is docs/reference/chat-protocol.md.
 * Ids are decimal strings, times ISO 8601 in UTC, 1970 means never.
 */

export const NEVER = '1970-01-01T00:00:00.000Z';

export type Author = 'customer' | 'bot' | 'agent' | 'system';
export type ConversationState = 'bot' | 'queued' | 'assigned' | 'waiting' | 'resolved';
export type Delivery = 'none' | 'pending' | 'sent' | 'delivered' | 'read' | 'failed' | 'unknown';
export type Presence = 'offline' | 'away' | 'online';
export type Role = 'agent' | 'worker' | 'supervisor' | 'admin';
export type TicketState = 'open' | 'resolved' | 'closed';

export interface Attachment {
  id: string;
  name: string;
  media_type: string;
  size: number;
  /** Signed and good for five minutes; absent in the answer of an upload. */
  url?: string;
}

export interface Button {
  label: string;
  value: string;
  url: string;
}

export interface ConversationView {
  id: string;
  contact: string;
  contact_name: string;
  channel: string;
  user: string;
  site: string;
  language: string;
  state: ConversationState;
  group: string;
  agent: string;
  agent_name: string;
  last_seq: number;
  read_by_customer: number;
  read_by_agent: number;
  preview: string;
  preview_author: Author;
  intent: string;
  handoff_reason: string;
  queue_place: number;
  queue_estimate_s: number;
  rating: number;
  opened_at: string;
  changed_at: string;
  queued_at: string;
  resolved_at: string;
}

/** A message that a search found; `marks` are where the words stand in the snippet. */
export interface SearchHit {
  conversation: string;
  message: string;
  seq: number;
  author: Author;
  note: boolean;
  snippet: string;
  marks: { from: number; to: number }[];
  at: string;
}

export interface TicketEvent {
  at: string;
  what: string;
  by: string;
  by_name: string;
  text: string;
}

export interface TicketView {
  id: string;
  number: number;
  conversation: string;
  contact: string;
  contact_name: string;
  department: string;
  subject: string;
  description: string;
  fields: Record<string, string>;
  state: TicketState;
  deadline: string;
  overdue: boolean;
  created_by: string;
  created_by_name: string;
  resolution: string;
  created_at: string;
  resolved_at: string;
  history: TicketEvent[];
}

export interface AgentView {
  id: string;
  login: string;
  name: string;
  role: Role;
  groups: string[];
  capacity: number;
  presence: Presence;
  active: boolean;
}

export interface GroupView {
  key: string;
  name_zh: string;
  name_en: string;
  department: boolean;
}

/** Something that is shown as a card of its own: a link, a place, a page of a mini program, what a comment stands under. */
export interface Card {
  kind: string;
  title: string;
  text: string;
  url: string;
  /** An address, or the id of an attachment of the message. */
  picture: string;
  data: Record<string, string>;
}

/** `msg` as a customer gets it. */
export interface VisitorMessage {
  conversation: string;
  seq: number;
  /** The seq of the message before this one, as far as the customer may see. */
  after?: number;
  id: string;
  author: Author;
  name?: string;
  text: string;
  attachments?: Attachment[];
  buttons?: Button[];
  cards?: Card[];
  client_id?: string;
  at: string;
}

/** `msg` as an agent gets it. */
export interface AgentMessage {
  conversation: string;
  seq: number;
  id: string;
  author: Author;
  author_id?: string;
  name?: string;
  note?: boolean;
  text: string;
  attachments?: Attachment[];
  buttons?: Button[];
  cards?: Card[];
  delivery?: Delivery;
  client_id?: string;
  at: string;
}

export interface Ack {
  t: 'ack';
  id: string;
  conversation: string;
  seq: number;
  message: string;
  at: string;
}

export interface ErrorFrame {
  t: 'error';
  id?: string;
  code: string;
  detail?: string;
  retry_after?: number;
}

export type VisitorFrame =
  | {
      t: 'welcome';
      token: string;
      visitor: string;
      conversation: string;
      state: ConversationState;
      seq: number;
      agent?: string;
      group?: string;
      place?: number;
      estimate_s?: number;
      /** The agent has read up to here. */
      read?: number;
      /** 0: not rated yet. */
      rating?: number;
    }
  | Ack
  | ({ t: 'msg' } & VisitorMessage)
  | { t: 'typing'; author: Author; name?: string; on: boolean }
  | { t: 'read'; seq: number }
  | { t: 'state'; state: ConversationState; agent?: string; group?: string; place?: number; estimate_s?: number }
  | { t: 'rate' }
  | { t: 'identified'; id: string; verified: boolean }
  | ErrorFrame
  | { t: 'pong' };

export type AgentFrame =
  | { t: 'welcome'; agent: AgentView; permissions: string[]; server_time?: string }
  | Ack
  | ({ t: 'msg' } & AgentMessage)
  | { t: 'conversation'; what: string; conversation: ConversationView }
  | { t: 'typing'; conversation: string; author: Author; name?: string; on: boolean }
  | { t: 'delivery'; conversation: string; seq: number; state: Delivery; detail?: string }
  | { t: 'ticket'; what: string; ticket: TicketView; follow_up?: boolean }
  | { t: 'contact'; contact: string; now: string }
  | { t: 'agent'; agent: AgentView }
  | { t: 'alert'; instance: string; id: string; says: string; over: boolean; at: string }
  | ErrorFrame
  | { t: 'pong' };

export function isNever(time: string | undefined): boolean {
  return !time || time.startsWith('1970-01-01');
}
