/** Words for what the hub names by keys. */

import type { ConversationView, GroupView, TicketEvent } from '../shared/protocol';
import { hub } from './app';
import { channels } from './channels';
import { language, t, type TextKey } from './i18n';

export function groupName(key: string): string {
  const group = hub.state.groups.find((g) => g.key === key);
  return group ? nameOfGroup(group) : key;
}

export function nameOfGroup(group: GroupView): string {
  return (language.value === 'en' ? group.name_en : group.name_zh) || group.key;
}

const CHANNELS: [prefix: string, key: TextKey][] = [
  ['web', 'channelWeb'],
  ['wechat-mini', 'channelMini'],
  ['mini', 'channelMini'],
  ['wechat', 'channelWechat'],
  ['wecom', 'channelWecom'],
  ['douyin', 'channelDouyin'],
  ['xiaohongshu', 'channelXiaohongshu'],
  ['email', 'channelEmail'],
  ['mail', 'channelEmail'],
  ['voice', 'channelVoice'],
  ['phone', 'channelVoice'],
  ['app', 'channelApp'],
];
const BRANDS: Record<string, string> = {
  telegram: 'Telegram',
  whatsapp: 'WhatsApp',
  line: 'LINE',
  messenger: 'Messenger',
  slack: 'Slack',
};
/** What a channel speaks; instances may be called anything. */
function platformOf(instance: string): string {
  return channels[instance]?.platform ?? instance;
}

export function channelName(instance: string): string {
  const title = channels[instance]?.title;
  if (title) return title;
  const platform = platformOf(instance);
  const found = CHANNELS.find(([prefix]) => platform.startsWith(prefix));
  return found ? t(found[1]) : (BRANDS[platform] ?? instance);
}

export function channelIcon(instance: string): string {
  const kinds: [string, string][] = [
    ['web', 'globe'],
    ['email', 'mail'],
    ['mail', 'mail'],
    ['voice', 'phone'],
    ['phone', 'phone'],
    ['app', 'mobile'],
  ];
  const platform = platformOf(instance);
  return kinds.find(([prefix]) => platform.startsWith(prefix))?.[1] ?? 'chat';
}

const STATES: Record<ConversationView['state'], TextKey> = {
  bot: 'stateBot',
  queued: 'stateQueued',
  assigned: 'stateAssigned',
  waiting: 'stateWaiting',
  resolved: 'stateResolved',
};

export function stateName(state: ConversationView['state']): string {
  return t(STATES[state]);
}

const REASONS: Record<string, TextKey> = {
  asked: 'reasonAsked',
  missed_call: 'reasonMissedCall',
  not_told: 'reasonNotTold',
  button: 'reasonButton',
  declined: 'reasonDeclined',
  bot_failed: 'reasonBotFailed',
  complaint: 'reasonComplaint',
  no_match: 'reasonNoMatch',
  low_score: 'reasonLowScore',
  no_text: 'reasonNoText',
  needs_person: 'reasonNeedsPerson',
  not_helped: 'reasonNotHelped',
  repeated: 'reasonRepeated',
};

/** What the bot itself finds out; other intents are the keys of knowledge entries. */
const INTENTS: Record<string, TextKey> = {
  return_status: 'intentReturnStatus',
  refund_status: 'intentRefundStatus',
  delivery_status: 'intentDeliveryStatus',
  parcel_lost: 'intentParcelLost',
  invoice_status: 'intentInvoiceStatus',
  tech_problem: 'intentTechProblem',
  complaint: 'intentComplaint',
  ask_person: 'intentAskPerson',
};

export function intentName(intent: string): string {
  const key = INTENTS[intent];
  return key ? t(key) : intent;
}

export function reasonName(reason: string): string {
  const key = REASONS[reason];
  return key ? t(key) : reason;
}

const EVENTS: Record<string, TextKey> = {
  created: 'eventCreated',
  assigned: 'eventAssigned',
  commented: 'eventCommented',
  deadline_moved: 'eventDeadline',
  resolved: 'eventResolved',
  reopened: 'eventReopened',
  closed: 'eventClosed',
};

export function eventName(event: TicketEvent): string {
  const key = EVENTS[event.what];
  return key ? t(key) : event.what;
}

const FIELDS: Record<string, TextKey> = { order_number: 'fieldOrder', lost_at: 'fieldLost', wish: 'fieldWish' };
const WISHES: Record<string, TextKey> = { refund: 'wishRefund', resend: 'wishResend', compensation: 'wishCompensate', other: 'wishOther' };

export function fieldName(field: string): string {
  const key = FIELDS[field];
  return key ? t(key) : field;
}

export function fieldValue(field: string, value: string): string {
  const key = field === 'wish' ? WISHES[value] : undefined;
  return key ? t(key) : value;
}

export function customerName(conversation: { contact_name: string; user?: string }): string {
  return conversation.contact_name || t('noName') + (conversation.user ? ` ${conversation.user.slice(-4)}` : '');
}
