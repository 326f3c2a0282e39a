/**
 * What travels between the hub and a customer; the source is docs/reference/chat-protocol.md.
 * Ids are decimal strings, times ISO 8601 in UTC, 1970 means never.
 */

export type Author = 'customer' | 'bot' | 'agent' | 'system';
export type ConversationState = 'bot' | 'queued' | 'assigned' | 'waiting' | 'resolved';

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
