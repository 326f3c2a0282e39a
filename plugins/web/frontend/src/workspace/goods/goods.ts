/** Goods and orders as the ERP connectors answer (contract/erp.hpp), and what they become in a reply. */

import { day, duration, fullTime, type Language } from '../../shared/format';
import { isNever } from '../../shared/protocol';
import { ApiError, isAbsent, toQuery, type Api } from '../api';
import { g } from '../i18n/goods';

export interface StockLevel {
  warehouse: string;
  warehouse_name: string;
  on_hand: number;
  reserved: number;
  available: number;
}

export interface Stock {
  sku: string;
  name: string;
  unit: string;
  on_hand: number;
  reserved: number;
  available: number;
  levels: StockLevel[];
  as_of: string;
  stale: boolean;
  source: string;
}

export interface Product {
  sku: string;
  name: string;
  barcode: string;
  unit: string;
  price: string;
  currency: string;
  url: string;
  attributes: Record<string, string>;
}

export interface ProductList {
  products: Product[];
  as_of: string;
  stale: boolean;
}

export interface Order {
  number: string;
  placed_at: string;
  status: string;
  amount: string;
  currency: string;
  lines: { sku: string; name: string; quantity: number; price: string }[];
  shipments: Shipment[];
}

export interface Shipment {
  carrier: string;
  tracking: string;
  status: string;
  shipped_at: string;
  expected_at: string;
}

export interface OrderList {
  orders: Order[];
  as_of: string;
  stale: boolean;
  source: string;
}

/** At or below this many an agent says how many are left; above it, that there are some. */
export const FEW = 5;

export function searchProducts(api: Api, search: string): Promise<ProductList> {
  return api.call('GET', `products${toQuery({ search })}`);
}
export function stockOf(api: Api, sku: string): Promise<Stock> {
  return api.call('GET', `stock${toQuery({ sku })}`);
}
export function ordersBy(api: Api, number: string): Promise<OrderList> {
  return api.call('GET', `orders${toQuery({ number })}`);
}

export type Trouble = '' | 'absent' | 'unavailable' | 'unknown';

/** Why there is no answer: nobody serves it, it does not answer, or there is no such thing. */
export function troubleOf(error: unknown): Exclude<Trouble, ''> {
  if (isAbsent(error)) return 'absent';
  return error instanceof ApiError && error.status === 404 ? 'unknown' : 'unavailable';
}

/** "12", "1.5": quantities may have fractions, but not those of binary arithmetic. */
export function quantity(value: number, language: Language): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: 3 }).format(value);
}

/** Money as text stays what the ERP said; only its form is the reader's. */
export function money(amount: string, currency: string, language: Language): string {
  if (!amount) return '';
  const value = Number(amount);
  if (!Number.isFinite(value)) return [amount, currency].filter(Boolean).join(' ');
  if (/^[A-Z]{3}$/.test(currency)) {
    try {
      const options = { style: 'currency', currency, currencyDisplay: 'narrowSymbol' } as const;
      return new Intl.NumberFormat(language === 'en' ? 'en-GB' : language, options).format(value);
    } catch {
      // Not a currency that the browser knows.
    }
  }
  return [amount, currency].filter(Boolean).join(' ');
}

/** "3分钟前更新"; 1970 is not known. */
export function age(asOf: string, language: Language, now = Date.now()): string {
  if (isNever(asOf)) return '';
  const seconds = (now - Date.parse(asOf)) / 1000;
  return seconds < 60 ? g('asOfNow') : g('asOf', { age: duration(seconds, language) });
}

export function levelOf(available: number): 'in' | 'few' | 'out' {
  if (available <= 0) return 'out';
  return available <= FEW ? 'few' : 'in';
}

/** What the customer reads about a product, in their language. */
export function stockReply(product: Pick<Product, 'name' | 'sku' | 'price' | 'currency' | 'unit'>, stock: Stock, language: Language): string {
  const say = (key: Parameters<typeof g>[0], values?: Record<string, string>) => g.in(language, key, values);
  const key = { in: 'sayIn', few: 'sayFew', out: 'sayOut' } as const;
  const parts = [
    say(key[levelOf(stock.available)], {
      product: product.name || stock.name || product.sku,
      n: quantity(stock.available, language),
      unit: product.unit || stock.unit || say('piece'),
    }),
  ];
  if (product.price && stock.available > 0) parts.push(money(product.price, product.currency, language));
  if (stock.stale && !isNever(stock.as_of)) parts.push(say('sayStale', { time: fullTime(stock.as_of, language) }));
  return parts.join(say('comma')) + say('stop');
}

export function orderReply(order: Order, language: Language): string {
  const say = (key: Parameters<typeof g>[0], values?: Record<string, string>) => g.in(language, key, values);
  const parts = [say('sayOrder', { number: order.number, status: order.status })];
  for (const s of order.shipments) {
    const shipment = say('sayShipment', { carrier: s.carrier, tracking: s.tracking, status: s.status });
    parts.push(shipment.replace(/\s*[(（][)）]/, '').trim());
    if (!isNever(s.expected_at)) parts.push(say('sayExpected', { day: day(s.expected_at, language) }));
  }
  return parts.filter(Boolean).join(say('comma')) + say('stop');
}

/** Order numbers are long and have digits: such a text is looked for among orders too. */
export function looksLikeOrder(text: string): boolean {
  return /^(?=.*\d)[A-Za-z0-9-]{8,40}$/.test(text.trim());
}
