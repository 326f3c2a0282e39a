import { describe, expect, it } from 'vitest';
import { ApiError, isAbsent } from '../src/workspace/api';
import { age, levelOf, looksLikeOrder, money, orderReply, quantity, stockReply, troubleOf, type Order, type Product, type Stock } from '../src/workspace/goods/goods';
import { setLanguage } from '../src/workspace/i18n';

const NEVER = '1970-01-01T00:00:00.000Z';
const product: Product = { sku: 'LIP-07', name: '口红 豆沙色', barcode: '', unit: '支', price: '129.00', currency: 'CNY', url: '', attributes: {} };
const stock = (available: number, more: Partial<Stock> = {}): Stock => ({
  sku: 'LIP-07', name: '', unit: '支', on_hand: available, reserved: 0, available, levels: [], as_of: '2026-11-22T08:00:00.000Z', stale: false, source: 'erp', ...more,
});
const order = (more: Partial<Order> = {}): Order => ({ number: 'QF20261119083312', placed_at: NEVER, status: '已发货', amount: '', currency: '', lines: [], shipments: [], ...more });

describe('what the customer reads about a product', () => {
  it('says that it is there, and for how much, in their language', () => {
    expect(stockReply(product, stock(48), 'zh-CN')).toBe('口红 豆沙色：有货，¥129.00。');
    expect(stockReply({ ...product, name: 'Lipstick, rose' }, stock(48), 'en')).toBe('Lipstick, rose: in stock, ¥129.00.');
  });
  it('counts only when few are left', () => {
    expect(stockReply(product, stock(3), 'zh-CN')).toContain('仅剩 3 支');
    expect(stockReply({ ...product, unit: '' }, stock(3, { unit: '' }), 'en')).toContain('only 3 pcs left');
  });
  it('names no price for what is not there', () => {
    expect(stockReply(product, stock(0), 'zh-CN')).toBe('口红 豆沙色：目前无货。');
  });
  it('says how old an old answer is', () => {
    expect(stockReply(product, stock(48, { stale: true }), 'en')).toMatch(/stock as of .*22/);
    expect(stockReply(product, stock(48, { stale: true, as_of: NEVER }), 'en')).not.toContain('as of');
  });
  it('treats oversold goods as out of stock', () => {
    expect(levelOf(-2)).toBe('out');
  });
});

describe('what the customer reads about an order', () => {
  it('names carrier, tracking number and day', () => {
    const shipments = [{ carrier: '顺丰', tracking: 'SF123', status: '运输中', shipped_at: NEVER, expected_at: '2026-11-25T08:00:00.000Z' }];
    expect(orderReply(order({ shipments }), 'zh-CN')).toBe('您的订单 QF20261119083312：已发货，顺丰 SF123（运输中），预计 11月25日 送达。');
  });
  it('leaves no empty brackets behind', () => {
    const shipments = [{ carrier: 'DHL', tracking: '42', status: '', shipped_at: NEVER, expected_at: NEVER }];
    expect(orderReply(order({ shipments }), 'en')).toBe('Your order QF20261119083312: 已发货, DHL 42.');
  });
});

describe('figures', () => {
  it('shows money in the form of the language and never invents a currency', () => {
    expect(money('129.00', 'CNY', 'zh-CN')).toBe('¥129.00');
    expect(money('12.5', '', 'en')).toBe('12.5');
    expect(money('', 'EUR', 'en')).toBe('');
    expect(money('about 5', 'EUR', 'en')).toBe('about 5 EUR');
    expect(money('5', 'beans', 'en')).toBe('5 beans');
  });
  it('shows fractions without noise', () => {
    expect(quantity(0.1 + 0.2, 'en')).toBe('0.3');
  });
  it('says how old an answer is', () => {
    setLanguage('en');
    const now = Date.parse('2026-11-22T08:05:00.000Z');
    expect(age('2026-11-22T08:00:00.000Z', 'en', now)).toBe('5 min ago');
    expect(age('2026-11-22T08:04:40.000Z', 'en', now)).toBe('just now');
    expect(age(NEVER, 'en', now)).toBe('');
  });
});

describe('what an order number looks like', () => {
  it.each([['QF20261119083312', true], ['20261119', true], ['口红', false], ['lipstick red', false], ['LIP-07', false]])('%s', (text, is) => {
    expect(looksLikeOrder(text)).toBe(is);
  });
});

describe('why there is no answer', () => {
  it('tells a missing part from a missing thing and a silent ERP', () => {
    expect(troubleOf(new ApiError(404, 'not_found', 'nothing is at this address'))).toBe('absent');
    expect(troubleOf(new ApiError(503, 'bus.no_server', 'nobody serves erp.stock.query'))).toBe('absent');
    expect(troubleOf(new ApiError(404, 'not_found', 'ERP has no SKU X'))).toBe('unknown');
    expect(troubleOf(new ApiError(504, 'timeout', ''))).toBe('unavailable');
    expect(isAbsent(new Error('x'))).toBe(false);
  });
});
