/** What a new ticket is filled with from the dialogue, so that nobody types again what the customer said. */

import type { AgentMessage } from '../shared/protocol';

export interface TicketDraft {
  subject: string;
  description: string;
  orderNumber: string;
  wish: string;
}

const SAID = 3;
// Order numbers are long runs of digits, perhaps behind letters; phone numbers are not taken for one.
const ORDER = /(?<![0-9A-Za-z])([A-Z]{0,4}\d{8,24})(?![0-9A-Za-z])/g;
const MOBILE = /^1[3-9]\d{9}$/;
const WISHES: [RegExp, string][] = [
  [/赔偿|赔付|索赔|compensat/i, 'compensation'],
  [/补发|重发|再寄|resend|send (it )?again|replacement/i, 'resend'],
  [/退款|退钱|refund/i, 'refund'],
];

export function draftTicket(messages: AgentMessage[]): TicketDraft {
  const said = messages.filter((m) => m.author === 'customer' && m.text.trim() !== '').map((m) => m.text.trim());
  const last = said.slice(-SAID);
  const all = said.join('\n');
  const subject = last[last.length - 1] ?? '';
  return {
    subject: subject.length > 60 ? `${subject.slice(0, 59)}…` : subject,
    description: last.join('\n'),
    orderNumber: [...all.matchAll(ORDER)].map((m) => m[1] ?? '').filter((n) => !MOBILE.test(n)).pop() ?? '',
    wish: WISHES.find(([words]) => words.test(all))?.[1] ?? '',
  };
}

/** `datetime-local` has no time zone: it is the agent's own. */
export function toIso(local: string): string {
  const time = local ? new Date(local) : null;
  return time && !Number.isNaN(time.getTime()) ? time.toISOString() : '1970-01-01T00:00:00.000Z';
}
