// S4: whoever writes on Telegram, WhatsApp, Messenger, LINE or Slack stands in one inbox, and the agent's answer arrives where they wrote.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Agent} from './lib/client.mjs';
import {copyConfig, Hub, tempFolder, until} from './lib/hub.mjs';
import {messengers} from './lib/messengers.mjs';
import {Simulator} from './lib/simulator.mjs';

const customers = messengers;
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
