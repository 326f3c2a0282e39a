// Story S3 from the shop's side: an agent opens a ticket from a conversation, a colleague of the department resolves it, and the
// agent sees whether the customer heard of it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {Agent} from './client.mjs';
import {copyConfig, Hub, tempFolder, until} from './hub.mjs';

export class TicketDesk {
  /** A hub with these instances in its conf.d. */
  static async open(name, yaml) {
    const desk = new TicketDesk();
    desk.data = tempFolder(name);
    const config = copyConfig(desk.data);
    fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'channels.yaml'), `plugins:\n${yaml}`);
    desk.hub = await Hub.start({data: desk.data, config});
    await desk.logIn();
    return desk;
  }

  async logIn() {
    this.boss = new Agent(this.hub);
    await this.boss.login('admin');
    this.agent = new Agent(this.hub);
    await this.agent.login('liting');
    this.department = new Agent(this.hub);
    await this.department.login('wangqiang');
  }

  async close() {
    await this.hub.stop();
    fs.rmSync(this.data, {recursive: true, force: true});
  }

  /** Ends the hub as a power cut does, and starts it again. */
  async killed(meanwhile = async () => {}) {
    await this.hub.kill();
    await meanwhile();
    await this.hub.start();
    await this.logIn();
  }

  /** The newest conversation of a customer, as soon as there is one. */
  async conversation(channel, user) {
    let found;
    await until(async () => {
      const {conversations} = await this.boss.rest('GET', `/api/v1/conversations?view=any&channel=${channel}`);
      return (found = conversations.find(c => c.channel === channel && (!user || c.user === user)));
    }, `a conversation on ${channel}`);
    return found;
  }

  /** The agent gets the conversation and opens a ticket for the department. */
  async ticket(conversation) {
    await this.boss.rest('POST', `/api/v1/conversations/${conversation.id}/transfer`, {to_agent: this.agent.me.id, to_group: '', note: ''});
    return this.agent.rest('POST', '/api/v1/tickets', {conversation: conversation.id, department: 'logistics', subject: '快递丢失',
      description: '客户要求赔偿', fields: {order_number: 'QX20261120-0088'}});
  }

  resolve(ticket, resolution) {
    return this.department.rest('POST', `/api/v1/tickets/${ticket.id}/resolve`, {resolution});
  }

  async transcript(conversation) {
    return (await this.agent.rest('GET', `/api/v1/conversations/${conversation.id}/messages?limit=200`)).messages;
  }

  /** The notices in a conversation as agents see them. */
  async notices(conversation) {
    return (await this.transcript(conversation)).filter(m => m.notice === 'ticket.resolved');
  }

  /** Waits until the only notice in a conversation has got so far; the notice. */
  async delivery(conversation, ...states) {
    let notices;
    await until(async () => {
      notices = await this.notices(conversation);
      return notices.some(n => states.includes(n.delivery));
    }, `the notice to be ${states.join(' or ')} in ${conversation.channel}`).catch(error => {
      throw new Error(`${error.message}: ${JSON.stringify(notices)}`);
    });
    assert.equal(notices.length, 1, conversation.channel);
    return notices[0];
  }

  /** The agent sees that the customer was not told, why, and that they are to be told. */
  async isTask(conversation, reason) {
    const notice = await this.delivery(conversation, 'failed');
    assert.match(notice.delivery_detail, reason);
    const notes = (await this.transcript(conversation)).filter(m => m.note && m.author === 'system' && m.text.includes(notice.text));
    assert.equal(notes.length, 1);
    const look = () => this.agent.rest('GET', `/api/v1/conversations/${conversation.id}`);
    await until(async () => (await look()).state !== 'queued', 'routing to find who tells the customer');
    const {state, agent, handoff_reason: why} = await look();
    assert.deepEqual({state, agent, why}, {state: 'assigned', agent: this.agent.me.id, why: 'not_told'});
  }
}

/** How often something like it was said. */
export const times = (texts, pattern) => texts.filter(text => pattern.test(text ?? '')).length;
