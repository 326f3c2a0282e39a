import { describe, expect, it, vi } from 'vitest';
import { Api } from '../src/workspace/api';
import { contextLine, keyOf, learningApi } from '../src/workspace/learning/learning';

function answering(body: unknown) {
  const send = vi.fn(async () => new Response(JSON.stringify(body), { status: 200 }));
  return { send, learning: learningApi(new Api('/api/v1/', send as unknown as typeof fetch)) };
}

describe('what the bot learns', () => {
  it('tells who said a line of the talk before', () => {
    expect(contextLine('customer: 退货流程')).toEqual({ author: 'customer', text: '退货流程' });
    expect(contextLine('bot: a: b')).toEqual({ author: 'bot', text: 'a: b' });
    expect(contextLine('somebody said this')).toEqual({ author: 'customer', text: 'somebody said this' });
  });

  it('makes a key of a name where letters allow it', () => {
    expect(keyOf('Gift wrapping!')).toBe('gift_wrapping');
    expect(keyOf('粉底 色号')).toBe('');
  });

  it('asks for the open suggestions, and accepts one', async () => {
    const { send, learning } = answering({ suggestions: [{ id: '7' }] });
    expect(await learning.suggestions('open')).toEqual([{ id: '7' }]);
    await learning.accept('7', { entry: '', key: 'ivory', questions: ['q'], answer: 'a', group: '', stage: 'share', percent: 10 });
    const calls = send.mock.calls as unknown as [string, RequestInit][];
    expect(calls[0]?.[0]).toBe('/api/v1/learning/suggestions?state=open');
    expect(calls[1]?.[0]).toBe('/api/v1/learning/suggestions/7/accept');
    expect(JSON.parse(String(calls[1]?.[1].body))).toMatchObject({ key: 'ivory', stage: 'share', percent: 10 });
  });

  it('names a rollout by its subject when it is taken back', async () => {
    const { send, learning } = answering({});
    await learning.rolloutBack('entry:ivory');
    const [path, request] = (send.mock.calls as unknown as [string, RequestInit][])[0]!;
    expect(path).toBe('/api/v1/learning/rollouts/back');
    expect(JSON.parse(String(request.body))).toEqual({ subject: 'entry:ivory' });
  });
});
