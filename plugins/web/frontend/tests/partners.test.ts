import { describe, expect, it } from 'vitest';
import { bodyOf, curlSnippet, emptyForm, entries, everyDay, exampleSku, formOf, mistakes, patchOf, tagSnippet, type PartnerKey } from '../src/workspace/partners/partners';

const key = (more: Partial<PartnerKey> = {}): PartnerKey => ({
  id: '5', name: '晨光', kind: 'browser', state: 'active', prefix: 'qk_AbCdEfGh', scopes: ['stock.read'], origins: ['https://shop.example.org'], skus: ['A-100', 'B-*'],
  per_minute: 600, per_day: 100000, created_at: '2026-11-22T08:00:00.000Z', created_by: '周雪', used_today: 0, live: 0, ...more,
});
const embed = { script: '/partner/qiao-stock.js', pinned_script: '/partner/qiao-stock-1.js', version: '1', integrity: 'sha384-abc' };

describe('a new key', () => {
  it('for a page needs sites and SKUs, and may only read stock', () => {
    const form = { ...emptyForm(), name: ' 晨光 ', scopes: ['stock.read', 'product.read'] };
    expect(mistakes(form)).toEqual({ origins: 'none', skus: 'none' });
    Object.assign(form, { origins: 'https://shop.example.org\nhttps://b.example.org', skus: 'A-100, B-*' });
    expect(mistakes(form)).toEqual({});
    expect(bodyOf(form)).toEqual({ name: '晨光', kind: 'browser', scopes: ['stock.read'], origins: ['https://shop.example.org', 'https://b.example.org'], skus: ['A-100', 'B-*'] });
  });
  it('for a server needs neither', () => {
    const form = { ...emptyForm(), name: 'x', kind: 'server' as const, per_day: '500' };
    expect(mistakes(form)).toEqual({});
    expect(bodyOf(form)).toEqual({ name: 'x', kind: 'server', scopes: ['stock.read'], per_day: 500 });
  });
  it('names what is wrong', () => {
    const form = { ...emptyForm(), name: 'x', origins: 'shop.example.org', skus: '*', per_minute: '-1' };
    expect(mistakes(form)).toEqual({ origins: 'shop.example.org', skus: '*', quota: '-1' });
  });
});

describe('a changed key', () => {
  it('keeps its end when that was not touched', () => {
    const before = key({ expires_at: '2026-12-31T15:59:59.000Z' });
    expect(patchOf(formOf(before), before)).not.toHaveProperty('expires_at');
    expect(patchOf({ ...formOf(before), expires: '' }, before)).toMatchObject({ never_expires: true });
    expect(patchOf({ ...formOf(before), expires: '2027-01-31' }, before).expires_at).toMatch(/^2027-0[12]/);
  });
  it('can be opened to every SKU when it is on a server', () => {
    const before = key({ kind: 'server', origins: [] });
    expect(patchOf({ ...formOf(before), skus: '' }, before).skus).toEqual([]);
  });
});

describe('what partners copy', () => {
  it('pins the script and shows the key only when it was just told', () => {
    const tag = tagSnippet(embed, key(), '', 'https://hub.example.org');
    expect(tag).toContain('src="https://hub.example.org/partner/qiao-stock-1.js" integrity="sha384-abc" crossorigin="anonymous"');
    expect(tag).toContain('data-key="qk_…"');
    expect(tag).toContain('<qiao-stock sku="A-100"></qiao-stock>');
    expect(tagSnippet(embed, key(), 'qk_secret', 'https://hub.example.org')).toContain('data-key="qk_secret"');
  });
  it('cannot break out of an attribute', () => {
    expect(tagSnippet(embed, key({ skus: ['"><script>'] }), '', 'https://hub.example.org')).not.toContain('"><script>"');
  });
  it('calls by curl with a SKU that the key opens', () => {
    expect(curlSnippet(key({ skus: ['B-*'] }), 'qk_s', 'https://hub.example.org')).toBe(
      "curl -H 'Authorization: Bearer qk_s' 'https://hub.example.org/api/partner/v1/stock?sku=B-001'",
    );
    expect(exampleSku({ skus: [] })).toBe('A-100');
  });
});

it('lists are typed in many ways', () => {
  expect(entries('A-1, A-2\nA-3；A-1')).toEqual(['A-1', 'A-2', 'A-3']);
});

it('shows days without a call too', () => {
  const day = { day: '2026-11-21', total: 3, ok: 3, not_modified: 0, refused: 0, limited: 0, failed: 0, live: 0, statuses: {} };
  const days = everyDay({ from: '2026-11-20', to: '2026-11-22', days: [day] });
  expect(days.map((d) => [d.day, d.total])).toEqual([['2026-11-20', 0], ['2026-11-21', 3], ['2026-11-22', 0]]);
});
