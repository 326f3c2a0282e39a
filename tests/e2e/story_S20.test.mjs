// S20 as a supervisor does it in the workspace: an answer and a synonym are changed in the page, the next customer gets
// what was changed, and the earlier version comes back at the press of a button.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {after, before, test} from 'node:test';
import {openBrowser, person} from './lib/browser.mjs';
import {Hub, tempFolder, until} from './lib/hub.mjs';
import {login, widget} from './lib/pages.mjs';

let hub, browser;
before(async () => {
  hub = await Hub.start({data: tempFolder('s20')});
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

/** What a new customer in a new browser reads when they ask that. */
async function answerTo(question) {
  const page = await person(browser);
  const chat = await widget(page, hub);
  const greetings = await chat.messages('bot').count();
  await chat.say(question);
  await chat.messages('bot').nth(greetings).waitFor();
  const text = await chat.messages('bot').nth(greetings).innerText();
  assert.deepEqual(page.errors, []);
  await page.context().close();
  return text;
}

async function supervisor(login_as = 'zhouxue') {
  const page = await person(browser, {width: 1440, height: 900});
  page.on('dialog', dialog => dialog.accept());
  await login(page, hub, login_as);
  return page;
}

/** The page says that it is done. */
const said = (page, words) => page.getByTestId('toast-info').filter({hasText: words}).waitFor();

test('an answer is edited, the next customer gets it, and the earlier version comes back', async () => {
  assert.match(await answerTo('营业时间'), /8:00–22:00/);
  const page = await supervisor();
  await page.goto(`${hub.url}/workspace/#/knowledge/opening_hours`);
  const answer = page.getByTestId('knowledge-answer-zh');
  await answer.waitFor();
  const before = await answer.inputValue();
  assert.match(before, /8:00–22:00/);
  await answer.fill('双十一期间全天营业，欢迎随时下单。');
  await page.getByTestId('knowledge-save').click();
  await said(page, '已保存');
  assert.match(await answerTo('营业时间'), /双十一期间全天营业/);

  // Who changed what stands below; what it was before is a press away.
  const versions = page.getByTestId('version');
  await until(async () => (await versions.count()) === 2, 'the new version to be listed');
  assert.match(await versions.first().innerText(), /周雪/);
  await versions.first().getByTestId('version-show').click();
  assert.match(await page.getByTestId('difference').innerText(), /双十一期间全天营业/);
  await versions.last().getByTestId('version-restore').click();
  await said(page, '已恢复');
  assert.match(await answerTo('营业时间'), /8:00–22:00/);
  await until(async () => (await answer.inputValue()) === before, 'the form to show what holds again');
  assert.equal(await versions.count(), 3, 'the restored version is one of its own');
  assert.deepEqual(page.errors, []);
});

test('a synonym holds for the next customer, and is taken back', async () => {
  const page = await supervisor();
  await page.goto(`${hub.url}/workspace/#/knowledge`);
  await page.getByTestId('knowledge-new').click();
  await page.getByTestId('knowledge-key').fill('detergent');
  await page.getByTestId('knowledge-questions').fill('皂粉区在哪里');
  await page.getByTestId('knowledge-keywords').fill('皂粉区');
  await page.getByTestId('knowledge-answer-zh').fill('皂粉区在二楼第三排。');
  await page.getByTestId('knowledge-save').click();
  await said(page, '已保存');
  assert.match(await answerTo('皂粉区'), /第三排/);
  assert.doesNotMatch(await answerTo('番枧角'), /第三排/);

  // Nobody writes into a list that has not come yet: saving it would delete what is there.
  let arrive;
  const arrived = new Promise(resolve => (arrive = resolve));
  await page.route('**/api/v1/vocabulary', async route => (await arrived, route.continue()), {times: 1});
  const asked = page.waitForRequest('**/api/v1/vocabulary');
  await page.getByTestId('knowledge-words').click();
  await asked;
  const synonyms = page.getByTestId('words-synonyms');
  assert.equal(await synonyms.count(), 0);
  arrive();
  await synonyms.waitFor();
  const before = await synonyms.inputValue();
  await synonyms.fill(`${before}\n皂粉区 = 番枧角`.trim());
  await page.getByTestId('words-save').click();
  await said(page, '词库已保存');
  assert.match(await answerTo('番枧角'), /第三排/);

  const versions = page.getByTestId('version');
  await until(async () => (await versions.count()) >= 2, 'the words of before to be listed');
  await versions.nth(1).getByTestId('version-restore').click();
  await said(page, '已恢复');
  await until(async () => (await synonyms.inputValue()) === before, 'the words of before to be back');
  assert.doesNotMatch(await answerTo('番枧角'), /第三排/);
  assert.deepEqual(page.errors, []);
});

test('who may not edit can only propose', async () => {
  const page = await supervisor('liting');
  await page.goto(`${hub.url}/workspace/#/knowledge/opening_hours`);
  await page.getByTestId('knowledge-form').waitFor();
  assert.equal(await page.getByTestId('knowledge-save').count(), 0);
  assert.equal(await page.getByTestId('version-restore').count(), 0);
  await page.getByTestId('knowledge-review').waitFor();
  assert.deepEqual(page.errors, []);
});
