/** What the workspace knows, before it knows anything. */

import type { SocketStatus } from '../../../../../../sdk/app/js/src/live-socket';
import type { Draft } from '../../../../../../sdk/app/js/src/outbox';
import type { AgentView, ConversationView, GroupView, TicketView } from '../../shared/protocol';
import type { ConversationTab, Counts } from '../api';
import type { Dialogue } from './dialogue';

export interface HubState {
  status: SocketStatus;
  me: AgentView | null;
  permissions: string[];
  agents: AgentView[];
  groups: GroupView[];
  conversations: Record<string, ConversationView>;
  /** When something last happened, for the order of lists; frames may be newer than `changed_at`. */
  activity: Record<string, string>;
  counts: Counts;
  tabs: Record<ConversationTab, { loaded: boolean; loading: boolean; more: boolean; before: string }>;
  dialogues: Record<string, Dialogue>;
  typing: Record<string, { name: string; author: string } | undefined>;
  tickets: Record<string, TicketView>;
  drafts: Draft[];
  /** The conversation on the screen. */
  opened: string;
  /** The person on the screen has changed: who to ask for now. Another object each time. */
  contactNews: { contact: string; now: string } | null;
}

function emptyTabs(): HubState['tabs'] {
  const tab = () => ({ loaded: false, loading: false, more: false, before: '' });
  return { mine: tab(), queue: tab(), bot: tab(), all: tab(), resolved: tab() };
}

export function emptyState(): HubState {
  return {
    status: 'idle',
    me: null,
    permissions: [],
    agents: [],
    groups: [],
    conversations: {},
    activity: {},
    counts: {},
    tabs: emptyTabs(),
    dialogues: {},
    typing: {},
    tickets: {},
    drafts: [],
    opened: '',
    contactNews: null,
  };
}
