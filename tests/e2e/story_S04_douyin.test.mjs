// S4: under a Douyin video a customer comments; the comment is in the same inbox as everything else; the agent answers there
// and the answer stands under the comment.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {serve} from '../simulators/lib/server.mjs';
import {make} from '../simulators/channels/systems/douyin.mjs';
import {Agent} from './lib/client.mjs';
import {copyConfig, Hub, json, tempFolder, until} from './lib/hub.mjs';

let douyin, hub, data, agent;

before(async () => {
  douyin = await serve(make({}));
  data = tempFolder('s04-douyin');
  const config = copyConfig(data);
  const account = {url: douyin.url, open_id: 'b0000002-aaaa-4bbb-8ccc-000000000002', language: 'zh-CN'};
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'douyin.yaml'), JSON.stringify({plugins: {
    'douyin-messages': {use: 'douyin', config: {...account, receives: 'messages', account_of: 'douyin'}},
    douyin: {use: 'douyin', config: {...account, receives: 'comments', others_to: 'douyin-messages', client_key: 'aw1234567890abcd',
      client_secret: '2f8a1c3d5e7b9a0c1d2e3f4a5b6c7d8e', refresh_token: 'rft.first'}}}}));
  hub = await Hub.start({data: path.join(data, 'hub'), config});
  await simulate({hub: `${hub.url}/hooks/douyin`});
  agent = new Agent(hub);
  await agent.login('admin');
  await agent.connect();
});
after(async () => {
  agent?.close();
  await hub?.stop();
  douyin?.close();
  if (data) fs.rmSync(data, {recursive: true, force: true});
});

const simulate = async wish => json(await fetch(`${douyin.url}/_sim`, {method: 'POST', body: JSON.stringify(wish)}));

/** The conversation on a channel with this customer. */
async function conversationOn(channel) {
  let found;
  await until(async () => {
    const list = await agent.rest('GET', `/api/v1/conversations?view=any&channel=${channel}`);
    found = list.conversations.find(c => c.channel === channel);
    return found;
  }, `a conversation on ${channel}`);
  return found;
}

async function answer(conversation, text) {
  await agent.rest('POST', `/api/v1/conversations/${conversation}/take`, {});
  await agent.reply(conversation, text);
}

test('a comment under a video comes into the inbox and is answered under the comment', async () => {
  const asked = await simulate({comment: {user: 'cust-1', text: '口红有没有豆沙色'}});
  assert.equal(asked.status, 200, 'the platform is told that the comment is kept');
  const conversation = await conversationOn('douyin');
  const {messages} = await agent.rest('GET', `/api/v1/conversations/${conversation.id}/messages`);
  const comment = messages.find(m => m.author === 'customer');
  assert.equal(comment.text ?? comment.content?.text, '口红有没有豆沙色');
  assert.match(JSON.stringify(comment), /秋冬口红试色/, 'the video stands beside the comment');

  await answer(conversation.id, '有的，豆沙色是 03 号，现在有货');
  await until(async () => (await simulate({under: asked.comment_id})).replies.some(r => r.content === '有的，豆沙色是 03 号，现在有货'),
    'the answer under the comment');
});

test('a private message of the same customer is a conversation of its own', async () => {
  await simulate({message: {user: 'cust-1', text: '我的快递丢了要赔偿'}});
  const conversation = await conversationOn('douyin-messages');
  await answer(conversation.id, '非常抱歉，马上为您核实');
  await until(async () => {
    const {written} = await json(await fetch(`${douyin.url}/_sim`));
    return written.some(w => w.message?.content.text.text === '非常抱歉，马上为您核实');
  }, 'the private answer');
});
