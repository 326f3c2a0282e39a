/**
 * What travels between the hub and its pages, beside what customers see (sdk/app/js); the source is docs/reference/chat-protocol.md.
 * Ids are decimal strings, times ISO 8601 in UTC, 1970 means never.
 */

import type { Ack, Attachment, Author, Button, Card, ConversationState, ErrorFrame } from '../../../../../sdk/app/js/src/protocol';

export type { Ack, Attachment, Author, Button, Card, ConversationState, ErrorFrame } from '../../../../../sdk/app/js/src/protocol';

export const NEVER = '1970-01-01T00:00:00.000Z';

export type Delivery = 'none' | 'pending' | 'sent' | 'delivered' | 'read' | 'failed' | 'unknown';
export type Presence = 'offline' | 'away' | 'online';
export type Role = 'agent' | 'worker' | 'supervisor' | 'admin';
export type TicketState = 'open' | 'resolved' | 'closed';

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
  /** Why it was not delivered, or how it was instead. */
  delivery_detail?: string;
  /** The customer must hear of it: a channel may send it by template. */
  notice?: string;
  client_id?: string;
  at: string;
}

export type CallState = 'ringing' | 'answered' | 'held' | 'transferred' | 'ended' | 'missed';

/** A telephone call; `mine`: it is about this agent's phone, else it left it. */
export interface CallFrame {
  t: 'call';
  call: string;
  channel: string;
  state: CallState;
  outbound: boolean;
  mine: boolean;
  /** Shown in part but to those who manage contacts; empty when withheld. */
  phone: string;
  extension: string;
  agent_name: string;
  queue: string;
  conversation: string;
  contact: string;
  name: string;
  talk_s: number;
  recording: string;
  at: string;
}

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
  | CallFrame
  | ErrorFrame
  | { t: 'pong' };

export function isNever(time: string | undefined): boolean {
  return !time || time.startsWith('1970-01-01');
}
