/** Messages and the standing of a conversation as whoever draws sees them, from drafts and frames. */

import type { Draft } from './outbox.js';
import type { Attachment, Author, Button, Card, ConversationState, VisitorMessage } from './protocol.js';

export interface ChatMessage {
  /** Stable for drawing: the client's id for own messages, the hub's for others. */
  key: string;
  seq: number; // 0 until acknowledged
  id: string;
  author: Author;
  name: string;
  text: string;
  attachments: Attachment[];
  buttons: Button[];
  cards?: Card[];
  at: string;
  status: 'stored' | 'sending' | 'failed';
  /** Why it failed; a word of the hub, e.g. "too_large". */
  reason?: string;
}

export interface Standing {
  state: ConversationState;
  agent: string;
  group: string;
  place: number;
  estimateSeconds: number;
}

export function standingOf(frame: { state: ConversationState; agent?: string; group?: string; place?: number; estimate_s?: number }): Standing {
  return {
    state: frame.state,
    agent: frame.agent ?? '',
    group: frame.group ?? '',
    place: frame.place ?? 0,
    estimateSeconds: frame.estimate_s ?? 0,
  };
}

export function asMessage(draft: Draft): ChatMessage {
  return {
    key: draft.id,
    seq: 0,
    id: '',
    author: 'customer',
    name: '',
    text: draft.text,
    attachments: draft.attachments,
    buttons: [],
    at: draft.at,
    status: draft.failed ? 'failed' : 'sending',
    reason: draft.failed,
  };
}

export function fromFrame(frame: VisitorMessage): ChatMessage {
  return {
    key: (frame.author === 'customer' && frame.client_id) || frame.id,
    seq: frame.seq,
    id: frame.id,
    author: frame.author,
    name: frame.name ?? '',
    text: frame.text ?? '',
    attachments: frame.attachments ?? [],
    buttons: frame.buttons ?? [],
    cards: frame.cards,
    at: frame.at,
    status: 'stored',
  };
}
