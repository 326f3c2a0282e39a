/** What a search through all conversations finds, and how a snippet is cut into pieces with the words marked. */

import type { ConversationView, SearchHit } from '../../shared/protocol';

export interface Found {
  conversation: ConversationView;
  /** Absent when the customer's name fits, or the hub has no index of words. */
  hit?: SearchHit;
}

export interface Piece {
  text: string;
  marked: boolean;
}

/** Marks may touch, overlap or reach beyond the text; what comes out is the whole text, once. */
export function pieces(snippet: string, marks: { from: number; to: number }[]): Piece[] {
  const list: Piece[] = [];
  let end = 0;
  for (const mark of [...marks].sort((a, b) => a.from - b.from)) {
    const from = Math.max(end, mark.from);
    const to = Math.min(snippet.length, mark.to);
    if (to <= from) continue;
    if (from > end) list.push({ text: snippet.slice(end, from), marked: false });
    list.push({ text: snippet.slice(from, to), marked: true });
    end = to;
  }
  if (end < snippet.length) list.push({ text: snippet.slice(end), marked: false });
  return list;
}

export interface FoundPage {
  list: Found[];
  /** Of the next page; "" when that was all. */
  cursor: string;
}

/** Conversations by their customer's name first, then by what was written, newest first; as the hub orders them. */
export function foundOf(page: { conversations: ConversationView[]; hits?: SearchHit[] }): Found[] {
  const hits = new Map((page.hits ?? []).map((hit) => [hit.conversation, hit]));
  return page.conversations.map((conversation) => ({ conversation, hit: hits.get(conversation.id) }));
}

/** The next page behind the ones before, each conversation once. */
export function joined(before: Found[], next: Found[]): Found[] {
  const known = new Set(before.map((f) => f.conversation.id));
  return [...before, ...next.filter((f) => !known.has(f.conversation.id))];
}
