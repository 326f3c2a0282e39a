import { describe, expect, it } from 'vitest';
import { dayRange, linkOf } from '../src/workspace/audit/audit';

describe('an audit entry', () => {
  it.each([
    ['contact:71', 'contacts'],
    ['conversation:9', 'conversation'],
    ['partner_key:5', 'partners'],
    ['ticket:3', 'tickets'],
  ])('%s opens its page', (object, name) => {
    expect(linkOf(object)?.name).toBe(name);
  });
  it('about something without a page has no link', () => {
    expect(linkOf('config')).toBeNull();
    expect(linkOf('master:ab12')).toBeNull();
    expect(linkOf('')).toBeNull();
  });
});

it('days are whole days of the reader', () => {
  const { since, until } = dayRange('2026-11-22', '2026-11-22');
  expect(Date.parse(until ?? '') - Date.parse(since ?? '')).toBe(86_400_000 - 1);
  expect(dayRange('', '')).toEqual({});
});
