// S8 as people see it: the bot has the answer of the ERP at once, and so has the agent, without leaving the conversation.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {openBrowser, person} from './lib/browser.mjs';
import {Hub, tempFolder} from './lib/hub.mjs';
import {login, widget} from './lib/pages.mjs';

const pictures = process.env.QIAO_PICTURES;
const keep = async (page, name) => pictures && page.screenshot({path: path.join(pictures, `${name}.png`)});
let hub, browser;
before(async () => {
  if (pictures) fs.mkdirSync(pictures, {recursive: true});
  hub = await Hub.start({data: tempFolder('s08b')});
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

test('the bot and the agent say what is in stock, and where an order is', async () => {
  const customer = await person(browser);
  const chat = await widget(customer, hub);
  await chat.say('口红豆沙色有货吗');
  await chat.messages('bot').filter({hasText: '口红 豆沙色'}).waitFor();
  await chat.say('转人工');

  const agent = await person(browser, {width: 1440, height: 900});
  await login(agent, hub, 'zhouxue');
  await agent.getByTestId('tab-all').click();
  await agent.getByTestId('conversation-item').first().click();
  const take = agent.getByTestId('take');
  if (await take.count()) await take.click();
  await agent.locator('[data-testid=composer-input]').waitFor();

  await agent.keyboard.press('Control+k');
  await agent.getByTestId('goods-input').fill('口红');
  const lipstick = agent.locator('[data-testid=good][data-sku=K-201]');
  await lipstick.getByTestId('good-level').and(agent.locator('[data-level=in]')).waitFor();
  await lipstick.getByText('上海仓').waitFor();
  await keep(agent, 's08-stock');
  await lipstick.getByTestId('good-insert').click();
  const reply = await agent.getByTestId('composer-input').inputValue();
  assert.match(reply, /^口红 豆沙色：有货，¥129\.00/);
  await agent.getByTestId('composer-send').click();
  await chat.messages('agent').filter({hasText: '口红 豆沙色：有货'}).waitFor();

  await agent.keyboard.press('Control+k');
  await agent.getByTestId('goods-input').fill('QF20261120093015');
  await agent.locator('[data-testid=order][data-number=QF20261120093015]').getByText('SF1390000020261').waitFor();
  await keep(agent, 's08-order');
  await agent.keyboard.press('Enter');
  assert.match(await agent.getByTestId('composer-input').inputValue(), /QF20261120093015.*顺丰速运 SF1390000020261/);

  await agent.keyboard.press('Control+k');
  await agent.getByTestId('goods-input').fill('没有这样的商品');
  await agent.getByTestId('goods-word').getByText('没有找到').waitFor();
  await agent.keyboard.press('Escape');
  await agent.getByTestId('goods').waitFor({state: 'detached'});
  assert.deepEqual(agent.errors, []);
  assert.deepEqual(customer.errors, []);
});
