import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChatMessage } from '../../../../sdk/app/js/src/chat-client';
import { MessageList, type MessageListActions } from '../src/widget/message-list';
import { texts } from '../src/widget/texts';

const at = new Date().toISOString();
const message = (seq: number, more: Partial<ChatMessage> = {}): ChatMessage => ({
  key: `k${seq}`, seq, id: `m${seq}`, author: 'bot', name: '小桥', text: `text ${seq}`, attachments: [], buttons: [], at, status: 'stored', ...more,
});

describe('the list of messages', () => {
  let actions: MessageListActions;
  let list: MessageList;
  const draw = (messages: ChatMessage[], readByAgent = 0) =>
    list.draw({ messages, greeting: '您好', readByAgent, language: 'zh-CN', texts: texts['zh-CN'] }, false);
  const drawn = () => [...list.element.querySelectorAll<HTMLElement>('[data-testid="message"]')];

  beforeEach(() => {
    actions = { press: vi.fn(), retry: vi.fn(), discard: vi.fn(), openPicture: vi.fn(), openFile: vi.fn(), urlOf: (a) => a.url ?? '' };
    list = new MessageList(actions);
    document.body.replaceChildren(list.element);
  });

  it('shows what people write as text, whatever they write', () => {
    const evil = '<img src=x onerror="alert(1)"><script>alert(1)</script> javascript:alert(1)';
    draw([message(1, { text: evil, name: evil, buttons: [{ label: evil, value: evil, url: 'javascript:alert(1)' }] })]);
    expect(list.element.querySelector('img, script, a')).toBeNull();
    expect(drawn()[0]?.textContent).toContain(evil);
  });

  it('links web addresses without giving the page away', () => {
    draw([message(1, { text: '看https://a.example/x吧' })]);
    const link = list.element.querySelector('a');
    expect([link?.href, link?.rel, link?.target]).toEqual(['https://a.example/x', 'noopener noreferrer', '_blank']);
  });

  it('keeps elements that did not change and their order', () => {
    draw([message(1), message(3)]);
    const [first, third] = drawn();
    draw([message(1), message(2), message(3)]);
    expect(drawn()[0]).toBe(first);
    expect(drawn()[2]).toBe(third);
    expect(drawn().map((e) => e.dataset.seq)).toEqual(['1', '2', '3']);
    draw([message(2)]);
    expect(drawn().map((e) => e.dataset.seq)).toEqual(['2']);
  });

  it('shows sending, delivered and read of own messages', () => {
    const own = { author: 'customer' as const, name: '' };
    draw([message(1, own), message(2, own), message(0, { ...own, status: 'sending' })], 1);
    expect(drawn().map((e) => e.dataset.status)).toEqual(['read', 'stored', 'sending']);
    expect(drawn().map((e) => e.querySelector('.status span')?.textContent)).toEqual(['已读', '已送达', '发送中']);
  });

  it('offers to send a failed message again', () => {
    draw([message(0, { author: 'customer', status: 'failed', reason: 'too_large' })]);
    drawn()[0]?.querySelectorAll('button')[0]?.click();
    expect(actions.retry).toHaveBeenCalledWith('k0');
  });

  it('offers choices under the last message only, and places of this site in this window', () => {
    const buttons = [{ label: '转人工', value: '转人工', url: '' }, { label: '申请售后', value: '', url: '/#returns' }];
    draw([message(1, { buttons }), message(2, { buttons })]);
    expect(list.element.querySelectorAll('.choices')).toHaveLength(1);
    list.element.querySelector<HTMLElement>('[data-testid="choice"]')?.click();
    expect(actions.press).toHaveBeenCalledWith(buttons[0]);
    expect(list.element.querySelector('.choices a')?.getAttribute('target')).toBe('_self');
  });

  it('shows pictures inline and other files by name', () => {
    draw([
      message(1, {
        attachments: [
          { id: '1', name: 'peach.png', media_type: 'image/png', size: 10, url: 'https://hub.example/1' },
          { id: '2', name: 'invoice.pdf', media_type: 'application/pdf', size: 2048, url: 'https://hub.example/2' },
        ],
      }),
    ]);
    expect(list.element.querySelector('img')?.getAttribute('alt')).toBe('peach.png');
    expect(list.element.querySelector('.file')?.textContent).toBe('invoice.pdf2 KB');
  });
});
