import { describe, expect, it } from 'vitest';
import type { ConversationView, SearchHit } from '../src/shared/protocol';
import { foundOf, joined, pieces } from '../src/workspace/store/search';

const conversation = (id: string) => ({ id }) as ConversationView;
const hit = (id: string) => ({ conversation: id, snippet: '', marks: [] as SearchHit['marks'] }) as SearchHit;

describe('a snippet', () => {
  it('has its words marked, counted as browsers count', () => {
    expect(pieces('😀 退货审核', [{ from: 3, to: 5 }])).toEqual([
      { text: '😀 ', marked: false },
      { text: '退货', marked: true },
      { text: '审核', marked: false },
    ]);
  });
  it('stays whole whatever the marks are', () => {
    for (const marks of [[], [{ from: 4, to: 2 }], [{ from: -3, to: 99 }], [{ from: 2, to: 4 }, { from: 0, to: 3 }]]) {
      expect(pieces('abcdef', marks).map((x) => x.text).join('')).toBe('abcdef');
    }
  });
});

describe('a search', () => {
  it('gives each conversation the message that was found in it; a name alone has none', () => {
    const found = foundOf({ conversations: [conversation('a'), conversation('b')], hits: [hit('b')] });
    expect(found.map((f) => [f.conversation.id, f.hit?.conversation])).toEqual([['a', undefined], ['b', 'b']]);
  });
  it('goes on without showing a conversation twice', () => {
    const first = foundOf({ conversations: [conversation('a'), conversation('b')] });
    const next = foundOf({ conversations: [conversation('b'), conversation('c')], hits: [hit('c')] });
    expect(joined(first, next).map((f) => f.conversation.id)).toEqual(['a', 'b', 'c']);
  });
});
