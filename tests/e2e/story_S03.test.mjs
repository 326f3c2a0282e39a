// S3: a lost parcel becomes a ticket of the logistics department; on resolution the customer and the agent are told.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {after, before, test} from 'node:test';
import {openBrowser, person} from './lib/browser.mjs';
import {Hub, tempFolder} from './lib/hub.mjs';
import {login, widget} from './lib/pages.mjs';

let hub, browser;
before(async () => {
  hub = await Hub.start({data: tempFolder('s03')});
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

test('a ticket goes to logistics with a deadline, and its resolution reaches customer and agent', async () => {
  const agent = await person(browser, {width: 1440, height: 900});
  await login(agent, hub, 'wangqiang');
  const customer = await person(browser);
  const chat = await widget(customer, hub);
  await chat.say('快递丢了要赔偿');

  const item = agent.getByTestId('conversation-item').first();
  await item.waitFor();
  await item.click();
  await agent.getByTestId('dialogue-message').filter({hasText: '快递丢了要赔偿'}).waitFor();
  await agent.getByTestId('ticket-open').click();
  await agent.getByTestId('ticket-subject').fill('快递丢失，客户要求赔偿');
  await agent.getByTestId('ticket-order').fill('QX20261120-0088');
  await agent.getByTestId('ticket-lost').fill('2026-11-20T18:00');
  await agent.getByTestId('ticket-wish').selectOption({index: 1});
  await agent.getByTestId('ticket-submit').click();

  // The department's worker resolves it on a page of their own.
  const worker = await person(browser, {width: 1440, height: 900});
  await login(worker, hub, 'zhouxue');
  await worker.goto(`${hub.url}/workspace/#/tickets`);
  await worker.getByTestId('ticket-scope').selectOption('all');
  const row = worker.getByTestId('ticket-item').filter({hasText: '快递丢失，客户要求赔偿'}).first();
  await row.waitFor();
  await row.click();
  await worker.getByText('QX20261120-0088').first().waitFor();
  await worker.getByTestId('ticket-resolution').fill('已确认丢件，赔偿款 86 元原路退回，1–3 个工作日到账。');
  await worker.getByTestId('ticket-resolve').click();

  await customer.locator('[data-testid=message]').filter({hasText: '赔偿款 86 元原路退回'}).waitFor();
  await agent.getByTestId('follow-up').waitFor();
  assert.deepEqual(customer.errors, []);
});
