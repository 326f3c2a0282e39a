/** What the bot learns, as its REST interface has it (plugins/bot). */

import { toQuery, type Api } from '../api';
import type { KnowledgeEntry } from '../knowledge';

export interface GivenAnswer {
  conversation: string;
  question: string;
  context: string[];
  answer: string;
  agent: string;
  at: string;
}

export interface SimilarEntry {
  key: string;
  title: string;
  answer: string;
  score: number;
  same_question: boolean;
  up: number;
  down: number;
}

export type SuggestionState = 'open' | 'accepted' | 'improved' | 'dismissed';

export interface Suggestion {
  id: string;
  state: SuggestionState;
  site: string;
  entry: string;
  reason: string;
  questions: string[];
  answer: string;
  group: string;
  given: GivenAnswer[];
  similar: SimilarEntry[];
  created_at: string;
  changed_at: string;
  changed_by: string;
}

export interface TopicQuestion {
  id: string;
  conversation: string;
  text: string;
  at: string;
}

export interface Topic {
  name: string;
  count: number;
  questions: TopicQuestion[];
}

/** A new entry, or with `entry` a better one of those that are there. */
export interface Acceptance {
  entry: string;
  key: string;
  questions: string[];
  answer: string;
  group: string;
  stage: string;
  percent: number;
}

export type Stage = 'staff' | 'share' | 'everybody';

export interface RolloutWish {
  subject: string;
  stage: Stage;
  percent: number;
  contacts: string[];
  threshold: number;
}

export interface RolloutCount {
  asked: number;
  answered: number;
  person: number;
  up: number;
  down: number;
}

export interface RolloutReport {
  rollout: RolloutWish & { before: string; started_at: string; started_by: string };
  inside: RolloutCount;
  outside: RolloutCount;
}

export function learningApi(api: Api) {
  return {
    async suggestions(state: SuggestionState): Promise<Suggestion[]> {
      return (await api.call<{ suggestions: Suggestion[] }>('GET', `learning/suggestions${toQuery({ state })}`)).suggestions;
    },
    accept: (id: string, body: Acceptance): Promise<KnowledgeEntry> => api.call('POST', `learning/suggestions/${id}/accept`, body),
    dismiss: (id: string): Promise<unknown> => api.call('POST', `learning/suggestions/${id}/dismiss`, {}),
    topics: (days: number): Promise<{ questions: number; topics: Topic[] }> => api.call('GET', `learning/topics${toQuery({ days })}`),
    rollouts: async (): Promise<RolloutReport[]> => (await api.call<{ rollouts: RolloutReport[] }>('GET', 'learning/rollouts')).rollouts,
    setRollout: (wish: RolloutWish): Promise<unknown> => api.call('POST', 'learning/rollouts', wish),
    rolloutBack: (subject: string): Promise<unknown> => api.call('POST', 'learning/rollouts/back', { subject }),
    dismissQuestions: (questions: string[]): Promise<unknown> => api.call('POST', 'learning/topics/dismiss', { questions }),
  };
}

const AUTHORS = ['customer', 'bot', 'agent'] as const;
export type ContextAuthor = (typeof AUTHORS)[number];

/** "customer: 退货流程" as who said what. */
export function contextLine(line: string): { author: ContextAuthor; text: string } {
  const author = AUTHORS.find((a) => line.startsWith(`${a}: `)) ?? 'customer';
  return { author, text: line.startsWith(`${author}: `) ? line.slice(author.length + 2) : line };
}

/** A key for an entry of this name: what is left of it in lower-case letters, or nothing. */
export function keyOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 60);
}
