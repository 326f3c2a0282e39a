import { describe, expect, it } from 'vitest';
import { day, duration, fileSize, shortTime, toLanguage } from '../src/shared/format';
import { linkify, webAddress } from '../src/shared/linkify';
import { Outbox } from '../../../../sdk/app/js/src/outbox';
import { draftTicket, toIso } from '../src/workspace/ticket-draft';
import { lines } from '../src/workspace/knowledge';
import { toQuery } from '../src/workspace/api';
import type { AgentMessage } from '../src/shared/protocol';
import { memoryStorage } from './fake-socket';

describe('linkify', () => {
  const links = (text: string) => linkify(text).filter((p) => p.href).map((p) => p.text);

  it('finds web addresses and leaves the text around them as it is', () => {
    expect(linkify('看 https://a.example/x 吧')).toEqual([{ text: '看 ' }, { text: 'https://a.example/x', href: 'https://a.example/x' }, { text: ' 吧' }]);
    expect(linkify('没有链接')).toEqual([{ text: '没有链接' }]);
    expect(linkify('')).toEqual([]);
  });

  it('ends an address before Chinese text and punctuation', () => {
    expect(links('象牙白有货，链接https://shop.example/p/1，点这里')).toEqual(['https://shop.example/p/1']);
    expect(links('（https://shop.example/p/1）')).toEqual(['https://shop.example/p/1']);
    expect(links('see https://a.example/x. And (https://b.example/y)!')).toEqual(['https://a.example/x', 'https://b.example/y']);
    expect(links('https://en.wikipedia.org/wiki/Bridge_(card)')).toEqual(['https://en.wikipedia.org/wiki/Bridge_(card)']);
  });

  it('links nothing but http and https', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'vbscript:x', '//a.example', 'https://', 'http://[', 'JaVaScRiPt:https://a.example']) {
      for (const href of linkify(text).map((p) => p.href)) if (href) expect(href).toMatch(/^https?:\/\//);
    }
    expect(links('javascript:alert(1)')).toEqual([]);
    expect(webAddress('javascript:alert(1)', 'https://shop.example/')).toBe('');
    expect(webAddress('/#returns', 'https://shop.example/')).toBe('https://shop.example/#returns');
  });

  it('gives back every character', () => {
    for (const text of ['a https://x.example b', 'https://x.example', 'https://x.example).', '<img src=x onerror=alert(1)> https://x.example/"><script>']) {
      expect(linkify(text).map((p) => p.text).join('')).toBe(text);
    }
  });
});

describe('formats', () => {
  const now = new Date(2026, 10, 22, 12, 0);
  it('name days as people do', () => {
    expect(day(new Date(2026, 10, 22, 8).toISOString(), 'zh-CN', now)).toBe('今天');
    expect(day(new Date(2026, 10, 21, 23).toISOString(), 'en', now)).toBe('Yesterday');
    expect(day(new Date(2026, 8, 1).toISOString(), 'zh-CN', now)).toBe('9月1日');
    expect(shortTime(new Date(2026, 10, 22, 8, 5).toISOString(), 'zh-CN', now)).toBe('08:05');
  });
  it('say how long', () => {
    expect([20, 120, 3600, 3900, 90000].map((s) => duration(s, 'zh-CN'))).toEqual(['不到1分钟', '2分钟', '1小时', '1小时5分', '1天']);
    expect([20, 120, 3900, 90000].map((s) => duration(s, 'en'))).toEqual(['under a minute', '2 min', '1 h 5 min', '1 day']);
  });
  it('say how big', () => {
    expect([12, 2048, 5 * 1024 * 1024].map(fileSize)).toEqual(['12 B', '2 KB', '5.0 MB']);
  });
  it('know two languages', () => {
    expect([toLanguage('zh-TW'), toLanguage('en-GB'), toLanguage('fr'), toLanguage(null)]).toEqual(['zh-CN', 'en', 'en', 'en']);
  });
});

describe('the outbox', () => {
  it('keeps the order of writing over a reload, also within a millisecond', () => {
    const storage = memoryStorage();
    const outbox = new Outbox(storage, 'x:');
    for (const id of ['c', 'a', 'b']) outbox.put({ id, text: id, attachments: [], at: '2026-11-22T08:00:00.000Z' });
    expect(new Outbox(storage, 'x:').all().map((d) => d.id)).toEqual(['c', 'a', 'b']);
    expect(new Outbox(storage, 'y:').all()).toEqual([]);
  });
  it('survives broken leftovers and a storage that refuses', () => {
    const storage = memoryStorage();
    storage.setItem('x:1', 'not json');
    expect(new Outbox(storage, 'x:').all()).toEqual([]);
    storage.setItem = () => {
      throw new Error('full');
    };
    const outbox = new Outbox(storage, 'x:');
    outbox.put({ id: 'a', text: 'a', attachments: [], at: '' });
    expect(outbox.all()).toHaveLength(1);
  });
});

describe('a ticket draft', () => {
  const said = (text: string, author: AgentMessage['author'] = 'customer'): AgentMessage => ({ conversation: 'c', seq: 1, id: '', author, text, at: '' });
  it('is filled from what the customer said last', () => {
    const draft = draftTicket([said('你好'), said('您好', 'agent'), said('快递丢了要赔偿'), said('订单号QF20261118190455，电话13800138000'), said('昨天丢的')]);
    expect(draft).toEqual({ subject: '昨天丢的', description: '快递丢了要赔偿\n订单号QF20261118190455，电话13800138000\n昨天丢的', orderNumber: 'QF20261118190455', wish: 'compensation' });
  });
  it('is empty when nobody said anything', () => {
    expect(draftTicket([])).toEqual({ subject: '', description: '', orderNumber: '', wish: '' });
  });
  it('takes times in the agent’s own zone', () => {
    expect(toIso('2026-11-22T18:00')).toBe(new Date(2026, 10, 22, 18).toISOString());
    expect(toIso('')).toBe('1970-01-01T00:00:00.000Z');
    expect(toIso('nonsense')).toBe('1970-01-01T00:00:00.000Z');
  });
});

it('queries leave out what is empty', () => {
  expect(toQuery({ view: 'mine', search: '', before: undefined, limit: 50 })).toBe('?view=mine&limit=50');
  expect(toQuery({ search: '退货 &' })).toBe('?search=%E9%80%80%E8%B4%A7%20%26');
  expect(toQuery({})).toBe('');
});

it('lists are one entry per line', () => {
  expect(lines(' 退货流程 \n\n怎么退货\n')).toEqual(['退货流程', '怎么退货']);
});
