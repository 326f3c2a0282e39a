// S1: the bot answers, knows when it cannot, and the agent sees the whole dialogue; the customer repeats nothing.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {after, before, test} from 'node:test';
import {openBrowser, person} from './lib/browser.mjs';
import {Hub, tempFolder} from './lib/hub.mjs';
import {login, widget} from './lib/pages.mjs';

let hub, browser;
before(async () => {
  hub = await Hub.start({data: tempFolder('s01')});
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

test('the customer asks, the bot answers, a person takes over with the whole dialogue', async () => {
  const agent = await person(browser, {width: 1440, height: 900});
  await login(agent, hub, 'liting');
  const customer = await person(browser);
  const chat = await widget(customer, hub);

  await chat.say('退货流程');
  const answer = chat.messages('bot').filter({hasText: '退货'}).last();
  await answer.waitFor();
  const answered = await answer.innerText();

  await chat.say('我的退货审核3天了没动静');
  const item = agent.getByTestId('conversation-item').first();
  await item.waitFor();
  await item.click();
  const seen = agent.getByTestId('dialogue-message');
  await seen.filter({hasText: '我的退货审核3天了没动静'}).waitFor();
  await agent.locator('[data-testid=dialogue-message][data-author=customer]').filter({hasText: '退货流程'}).waitFor();
  const botSaid = await agent.locator('[data-testid=dialogue-message][data-author=bot]').first().innerText();
  assert.ok(botSaid.includes(answered.split('\n')[0].slice(0, 10)), `the agent sees what the bot said: ${botSaid}`);
  await agent.getByText('售后组').first().waitFor();

  await agent.getByTestId('composer-input').fill('您好，我是李婷，马上为您查审核进度。');
  await agent.getByTestId('composer-send').click();
  await chat.messages('agent').filter({hasText: '马上为您查审核进度'}).waitFor();
  assert.equal(await chat.messages('customer').count(), 2, 'the customer wrote two messages and repeated nothing');

  // The page comes back as it was after a reload.
  await customer.reload();
  const again = await widget(customer, hub, {navigate: false});
  await again.messages('agent').filter({hasText: '马上为您查审核进度'}).waitFor();
  assert.equal(await again.messages('customer').count(), 2);
  assert.deepEqual(customer.errors, []);
  assert.deepEqual(agent.errors, []);
});
