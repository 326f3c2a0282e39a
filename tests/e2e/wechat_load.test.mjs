// 12,000 messages of WeChat with repetitions of every kind are exactly 12,000 rows. How fast: tests/bench/wechat/load.mjs.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {run} from '../bench/wechat/load.mjs';

test('repetitions change nothing, and nothing is lost', async () => {
  const messages = Number(process.env.QIAO_MESSAGES ?? 12000);
  const result = await run({messages, rate: 0});
  console.log(JSON.stringify(result));
  assert.equal(result.rows, messages);
  assert.equal(result.distinct, messages);
  assert.equal(result.unanswered, 0);
});
