/** Rules about conversations in lists: how views merge, what belongs to which tab, what is unread. */

import type { AgentMessage, AgentView, ConversationView } from '../../shared/protocol';
import type { ConversationTab } from '../api';
import type { Dialogue } from './dialogue';

/** An answer of REST may be older than a frame that came meanwhile: what only grows never shrinks. */
export function mergeConversation(held: ConversationView | undefined, incoming: ConversationView): ConversationView {
  if (!held) return incoming;
  const newer = incoming.changed_at >= held.changed_at ? incoming : held;
  // The preview belongs to the message with the highest seq that is known.
  const spoken = incoming.last_seq >= held.last_seq ? incoming : held;
  return {
    ...newer,
    last_seq: Math.max(held.last_seq, incoming.last_seq),
    preview: spoken.preview,
    preview_author: spoken.preview_author,
    read_by_agent: Math.max(held.read_by_agent, incoming.read_by_agent),
    read_by_customer: Math.max(held.read_by_customer, incoming.read_by_customer),
  };
}

/** As the hub decides it: own ones, those of own groups, those with the bot; supervisors see all. */
export function maySee(conversation: ConversationView, me: AgentView, permissions: string[]): boolean {
  if (permissions.includes('*') || permissions.includes('conversations.all')) return true;
  return conversation.agent === me.id || conversation.state === 'bot' || permissions.includes(`group:${conversation.group}`);
}

/** A message says some things about its conversation before the conversation's own frame does. */
export function noteMessage(conversation: ConversationView, message: AgentMessage): void {
  conversation.last_seq = message.seq;
  if (message.note) return;
  conversation.preview = message.text || message.attachments?.[0]?.name || conversation.preview;
  conversation.preview_author = message.author;
}

export function belongs(conversation: ConversationView, tab: ConversationTab, me: string): boolean {
  switch (tab) {
    case 'mine':
      return conversation.agent === me && conversation.state !== 'resolved' && conversation.state !== 'bot';
    case 'queue':
      return conversation.state === 'queued';
    case 'bot':
      return conversation.state === 'bot';
    case 'all':
      return conversation.state !== 'resolved';
    case 'resolved':
      return conversation.state === 'resolved';
  }
}

/** How many of the customer's messages wait to be read. */
export function unreadOf(conversation: ConversationView, dialogue: Dialogue | undefined): number {
  if (conversation.state === 'bot' || conversation.state === 'resolved') return 0;
  const behind = conversation.last_seq - conversation.read_by_agent;
  if (behind <= 0) return 0;
  if (dialogue?.loaded && dialogue.floor <= conversation.read_by_agent + 1) {
    return dialogue.messages.filter((m) => m.author === 'customer' && m.seq > conversation.read_by_agent).length;
  }
  return conversation.preview_author === 'customer' ? behind : 0;
}

/** Queue: who waits longest first. Elsewhere: newest first, but whoever waits for an answer stays on top of "mine". */
export function inOrder(list: ConversationView[], tab: ConversationTab, activity: Record<string, string>): ConversationView[] {
  if (tab === 'queue') {
    return list.sort((a, b) => (a.queue_place || 1e6) - (b.queue_place || 1e6) || (a.queued_at < b.queued_at ? -1 : 1));
  }
  const at = (c: ConversationView) => activity[c.id] ?? c.changed_at;
  return list.sort((a, b) => (at(a) < at(b) ? 1 : at(a) > at(b) ? -1 : 0));
}
