import { describe, expect, it } from 'vitest';
import { shopTexts } from '../shop/texts';
import { texts as widgetTexts } from '../src/widget/texts';
import { dictionaries } from '../src/workspace/i18n';
import { a } from '../src/workspace/i18n/audit';
import { c } from '../src/workspace/i18n/contacts';
import { g } from '../src/workspace/i18n/goods';
import { k } from '../src/workspace/i18n/knowledge';
import { l } from '../src/workspace/i18n/learning';
import { p as calls } from '../src/workspace/i18n/calls';
import { p } from '../src/workspace/i18n/partners';

const HAN = /[\u4e00-\u9fff]/;
const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort().join();

describe.each([
  ['the widget', widgetTexts as unknown as Record<string, Record<string, string>>],
  ['the workspace', dictionaries as unknown as Record<string, Record<string, string>>],
  ['contacts', c.dictionaries as unknown as Record<string, Record<string, string>>],
  ['calls', calls.dictionaries as unknown as Record<string, Record<string, string>>],
  ['partner keys', p.dictionaries as unknown as Record<string, Record<string, string>>],
  ['audit', a.dictionaries as unknown as Record<string, Record<string, string>>],
  ['goods', g.dictionaries as unknown as Record<string, Record<string, string>>],
  ['learning', l.dictionaries as unknown as Record<string, Record<string, string>>],
  ['knowledge', k.dictionaries as unknown as Record<string, Record<string, string>>],
  ['the shop', shopTexts as unknown as Record<string, Record<string, string>>],
])('%s', (_name, dictionary) => {
  const zh = dictionary['zh-CN'] ?? {};
  const en = dictionary.en ?? {};

  it('has the same texts in both languages', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  });
  it('has no empty text', () => {
    for (const words of [zh, en]) for (const [key, text] of Object.entries(words)) expect(text.trim(), key).not.toBe('');
  });
  it('fills the same holes in both languages', () => {
    for (const key of Object.keys(zh)) expect(holes(en[key] ?? ''), key).toBe(holes(zh[key] ?? ''));
  });
  it('speaks English in English', () => {
    // The switch names the other language in that language.
    for (const [key, text] of Object.entries(en)) if (!['language', 'other'].includes(key)) expect(HAN.test(text), key).toBe(false);
  });
});
