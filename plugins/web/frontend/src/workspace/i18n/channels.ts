/** Texts about channels: their limits, cards in messages, alerts. */

import { translator } from './index';

const zh = {
  publicThread: '这是公开评论：您的回复所有人都能看到',
  windowOpen: '可自由回复，窗口还剩 {time}',
  windowMessages: '，还可发 {n} 条',
  windowOnlyMessages: '客户下次发言前还可发 {n} 条',
  windowClosed: '回复窗口已关闭：客户再次发言前，消息无法送达',
  windowNotices: '回复窗口已关闭：客户再次发言前，只能以通知模板送达',
  telephoneNoText: '电话不能接收文字：请回拨，这里只写内部备注',
  alert: '渠道 {name} 需要处理：{says}',
  location: '位置',
  link: '链接',
  mini_program: '小程序',
  post: '评论所在的内容',
  product: '商品',
  contact: '名片',
  quote: '引用',
  openMap: '在地图中打开',
  textTooLong: '这条消息较长，会分成 {n} 条发送',
};

const en: Record<keyof typeof zh, string> = {
  publicThread: 'A public comment: everybody can read your reply',
  windowOpen: 'Replies get through for another {time}',
  windowMessages: ', {n} more messages',
  windowOnlyMessages: '{n} more messages until the customer writes again',
  windowClosed: 'The reply window is closed: nothing gets through until the customer writes again',
  windowNotices: 'The reply window is closed: until the customer writes again, replies go as a notice by template',
  telephoneNoText: 'A telephone takes no text: call back; only write private notes here',
  alert: 'Channel {name} needs attention: {says}',
  location: 'Location',
  link: 'Link',
  mini_program: 'Mini program',
  post: 'What the comment stands under',
  product: 'Product',
  contact: 'Contact',
  quote: 'Quote',
  openMap: 'Open in a map',
  textTooLong: 'This message is long and goes as {n} messages',
};

export const tc = translator(zh, en);
