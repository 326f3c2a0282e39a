// S4: whoever writes on Telegram, WhatsApp, Messenger, LINE or Slack stands in one inbox, and the agent's answer arrives where they wrote.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Agent} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder, until} from './lib/hub.mjs';
import {Simulator} from './lib/simulator.mjs';

const secrets = 'token: xoxb-sim-1\n      signing_secret: slackSigningSecretMadeUp00000001';
const meta = 'app_secret: metaAppSecret0001\n      verify_token: verify-me';
const customers = {
  telegram: {
    config: url => `url: ${url}\n      token: '700:sim-token'\n      receive: polling\n      poll_wait: 1s`,
    user: '5123456789', say: text => ({user: 5123456789, text}), said: m => m.text,
    picture: () => ({user: 5123456789, file: 'photo', caption: '箱子坏了'}),
  },
  whatsapp: {
    config: url => `url: ${url}\n      token: wa-token-1\n      phone_number_id: '1065'\n      ${meta}`,
    user: '8613511135111', say: text => ({user: '8613511135111', text}), said: m => m.text?.body,
    picture: () => ({user: '8613511135111', message: {type: 'image', image: {id: 'in-1', mime_type: 'image/png', caption: '箱子坏了'}}}),
  },
  messenger: {
    config: url => `url: ${url}\n      token: page-token-1\n      page_id: '2001'\n      ${meta}`,
    user: 'PSID1', say: text => ({user: 'PSID1', text}), said: m => m.text,
    picture: url => ({user: 'PSID1', message: {attachments: [{type: 'image', payload: {url: `${url}/cdn/picture.png`}}]}}),
  },
  line: {
    config: url => `url: ${url}\n      data_url: ${url}\n      token: line-token-1\n      channel_secret: lineChannelSecret01`,
    user: 'U4af', say: text => ({user: 'U4af', text}), said: m => m.text,
    picture: () => ({user: 'U4af', message: {type: 'image', contentProvider: {type: 'line'}}}),
  },
  slack: {
    config: url => `url: ${url}/api\n      files_url: ${url}\n      sends_per_second: 20\n      ${secrets}`,
    user: 'D1', say: text => ({channel: 'D1', text}), said: m => m.text,
    picture: url => ({channel: 'D1', subtype: 'file_share', files: [{name: 'a.png', mimetype: 'image/png', url_private_download: `${url}/files/a.png`}]}),
  },
};
const names = Object.keys(customers);
const simulators = {};
let hub, agent;

before(async () => {
  const data = tempFolder('s04');
  const config = copyConfig(data);
  let yaml = 'plugins:\n';
  for (const name of names) {
    simulators[name] = await Simulator.ofChannel(name);
    yaml += `  ${name}:\n    use: ${name}\n    config:\n      ${customers[name].config(simulators[name].url)}\n`;
  }
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'messengers.yaml'), yaml);
  hub = await Hub.start({data, config});
  for (const name of names) await simulators[name].control({hub: `${hub.url}/hooks/${name}`});
  agent = new Agent(hub);
  await agent.login('liting');
  await agent.connect();
});
after(async () => {
  agent?.close();
  for (const name of names) simulators[name]?.stop();
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

async function conversationOn(channel) {
  const {conversations} = await agent.rest('GET', `/api/v1/conversations?view=any&channel=${channel}`);
  return conversations[0];
}
const transcript = async id => (await agent.rest('GET', `/api/v1/conversations/${id}/messages`)).messages;

test('customers of five messengers stand in one inbox and are answered where they wrote', async () => {
  await Promise.all(names.map(name => simulators[name].control({say: customers[name].say(`我的退货审核3天了没动静，转人工 (${name})`)})));
  for (const name of names) {
    await until(async () => (await conversationOn(name))?.state !== undefined, `the conversation on ${name}`);
  }
  const {conversations} = await agent.rest('GET', '/api/v1/conversations?view=any');
  assert.deepEqual(new Set(conversations.map(c => c.channel).filter(c => names.includes(c))), new Set(names));

  for (const name of names) {
    const {id, user} = await conversationOn(name);
    assert.equal(user, customers[name].user);
    await until(async () => ['queued', 'assigned'].includes((await conversationOn(name)).state), `${name} to wait for a person`);
    await agent.rest('POST', `/api/v1/conversations/${id}/take`, {}).catch(() => {});
    const answer = `您好，马上为您查审核进度 (${name})`;
    await agent.reply(id, answer);
    await until(async () => (await simulators[name].state()).written.some(m => customers[name].said(m) === answer), `the answer on ${name}`);
    await until(async () => (await transcript(id)).find(m => m.text === answer)?.delivery === 'sent', `the report of ${name}`);
  }
});

test('pictures of customers lie in the inbox', async () => {
  for (const name of names) {
    const {id} = await conversationOn(name);
    await simulators[name].control({say: customers[name].picture(simulators[name].url)});
    await until(async () => (await transcript(id)).some(m => m.author === 'customer' && m.attachments?.length === 1), `the picture on ${name}`);
    const {attachments: [file]} = (await transcript(id)).findLast(m => m.attachments?.length === 1);
    assert.equal(file.media_type, 'image/png', name);
  }
});

test('WhatsApp tells that it was read, and whose number it is', async () => {
  const {id} = await conversationOn('whatsapp');
  const sent = (await simulators.whatsapp.state()).written.at(-1);
  await simulators.whatsapp.control({status: {id: sent.id, status: 'read'}});
  await until(async () => (await transcript(id)).some(m => m.delivery === 'read'), 'the read mark');
  const {contact} = await conversationOn('whatsapp');
  await until(async () => /5111$/.test((await agent.rest('GET', `/api/v1/contacts/${contact}`)).phone), 'the proven number');
});

test('each channel says what it can and the operator can try it', async () => {
  const {channels} = await agent.rest('GET', '/api/v1/channels');
  for (const name of names) {
    const {can} = channels.find(c => c.instance === name);
    assert.equal(can.platform, name);
    const tried = hub.command('connector', 'test', name, '--data', hub.data);
    assert.equal(tried.code, 0, `${name}: ${tried.stdout}${tried.stderr}`);
  }
});
