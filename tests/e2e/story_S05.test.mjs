// S5: at night opening hours are answered; what the bot cannot answer becomes a message with a promise of when.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Agent, Visitor} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder, until} from './lib/hub.mjs';

let hub;
const clients = [];
before(async () => {
  const data = tempFolder('s05');
  const config = copyConfig(data);
  // People answer on one day of the week only: the one after tomorrow.
  const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
  const day = days[(new Date().getUTCDay() + 2) % 7];
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'hours.yaml'),
    `plugins:\n  routing:\n    config:\n      hours:\n        timezone: UTC\n        week: {${day}: ["09:00-18:00"]}\n`);
  hub = await Hub.start({data, config});
  // In the first second the bot still learns what words mean.
  const boss = new Agent(hub);
  await boss.login('zhouxue');
  await until(async () => {
    const tried = await boss.rest('POST', '/api/v1/knowledge/try', {text: '你们店几点关门', language: 'zh-CN', site: 'demo'});
    return tried.answer.entry === 'opening_hours' && tried.answer.outcome === 'answer';
  }, 'the bot to have learned');
});
after(async () => {
  clients.forEach(c => c.close());
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});
async function visitor(options) {
  const v = new Visitor(hub, options);
  clients.push(v);
  await v.connect();
  return v;
}

test('你们店几点关门 is answered at any hour', async () => {
  const v = await visitor();
  await v.say('你们店几点关门');
  await v.message('bot', /22:00/);
});

test('what the bot cannot answer is promised an answer, with the day and the hour', async () => {
  const v = await visitor();
  await v.say('粉底有没有象牙白');
  const promise = await v.message('system', /非工作时间/);
  assert.match(promise.text, /同事周[一二三四五六日] 09:00上班，会第一时间回复您/);
  const state = await v.frame(f => f.t === 'state' && f.state === 'queued', 'the queue');
  assert.ok(state, 'it waits for the morning');
});

test('in English too', async () => {
  const v = await visitor({language: 'en'});
  await v.say('do you sell ivory foundation');
  await v.message('system', /answer it first when we are back on \w+day at 09:00/);
});
