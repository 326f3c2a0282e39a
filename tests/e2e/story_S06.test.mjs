// S6: the bot does not know; the agent answers; a supervisor agrees with one click; the next customer is answered by the bot.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {openBrowser, person} from './lib/browser.mjs';
import {Agent, Visitor} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder, until} from './lib/hub.mjs';
import {login} from './lib/pages.mjs';

const QUESTION = '粉底有没有象牙白';
const ANSWER = '象牙白有货，链接 https://shop.example/p/884512345';
const hubs = [];
const clients = [];
let browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  clients.forEach(c => c.close());
  await browser?.close();
  for (const hub of hubs) {
    await hub.stop();
    fs.rmSync(hub.data, {recursive: true, force: true});
  }
});

async function start(name, yaml) {
  const data = tempFolder(name);
  const config = copyConfig(data);
  if (yaml) fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'learning.yaml'), yaml);
  const hub = await Hub.start({data, config});
  hubs.push(hub);
  return hub;
}
async function visitor(hub) {
  const v = new Visitor(hub);
  clients.push(v);
  await v.connect();
  return v;
}
async function agent(hub, login) {
  const a = new Agent(hub);
  clients.push(a);
  await a.login(login);
  await a.connect();
  return a;
}
/** A customer asks what the bot does not know, and an agent answers it. */
async function askedAndAnswered(hub, agents, answer = ANSWER) {
  const v = await visitor(hub);
  const said = await v.say(QUESTION);
  await v.frame(f => f.t === 'state' && f.group !== '', 'a group');
  const free = agents.find(a => a.token);
  await until(async () => {
    const open = await free.rest('GET', `/api/v1/conversations/${said.conversation}`);
    return open.state === 'assigned' || open.state === 'queued';
  }, 'a person');
  await free.rest('POST', `/api/v1/conversations/${said.conversation}/take`, {}).catch(() => {});
  await free.reply(said.conversation, '您好，请稍等');
  await free.reply(said.conversation, answer);
  return v;
}

test('after the supervisor clicked, the next customer is answered by the bot', async () => {
  const hub = await start('s06');
  const boss = await agent(hub, 'zhouxue');
  await askedAndAnswered(hub, [boss]);

  const page = await person(browser, {width: 1440, height: 900});
  await login(page, hub, 'zhouxue');
  await until(async () => (await boss.rest('GET', '/api/v1/learning/suggestions')).suggestions.length === 1, 'a suggestion');
  await page.goto(`${hub.url}/workspace#/learning`);
  await page.getByTestId('suggestion-item').first().click();
  assert.equal(await page.getByTestId('suggestion-answer').inputValue(), ANSWER);
  await page.getByTestId('suggestion-key').fill('ivory_foundation');
  await page.getByTestId('suggestion-accept').click();
  await page.getByTestId('learning-empty').waitFor();

  const next = await visitor(hub);
  await next.say(QUESTION);
  await next.message('bot', /象牙白有货，链接/);
  const other = await visitor(hub);
  await other.say('你们家粉底有冇象牙白啊');
  await other.message('bot', /象牙白有货，链接/);
  assert.deepEqual(page.errors, []);
});

test('a shop that wants it so learns at once', async () => {
  const hub = await start('s06-auto', 'plugins:\n  bot:\n    config:\n      learning: {accept: automatic, accept_after: 1}\n');
  const boss = await agent(hub, 'zhouxue');
  await askedAndAnswered(hub, [boss]);
  await until(async () => (await boss.rest('GET', '/api/v1/learning/suggestions?state=accepted')).suggestions.length === 1, 'what was learned');
  const next = await visitor(hub);
  await next.say(QUESTION);
  await next.message('bot', /象牙白有货，链接/);
});
