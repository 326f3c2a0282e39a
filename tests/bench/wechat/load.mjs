// WeChat under load: distinct messages of many customers, delivered as the platform does it on a bad day (twice at once, again
// after the answer, cut and posted again, out of order), into the real hub with its bot. Counts rows and measures answers.
//
//   node tests/bench/wechat/load.mjs [--messages 12000] [--rate 200] [--users 400] [--seed 1]
//
// --rate 0: as fast as 32 deliveries at a time go. Prints one line of JSON.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {Agent} from '../../e2e/lib/client.mjs';
import {copyConfig, Hub, tempFolder, until} from '../../e2e/lib/hub.mjs';
import {serve} from '../../simulators/lib/server.mjs';
import {deliver} from '../../simulators/channels/lib/wechat_push.mjs';
import {make} from '../../simulators/channels/systems/wechat.mjs';

const TEXTS = ['退货流程', '你们店几点关门', '快递费多少钱', '快递咋还没到', '粉底有没有象牙白', '发票怎么开'];

/** The same numbers in every run. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;

export async function run({messages = 12000, rate = 200, users = 400, seed = 1} = {}) {
  const system = make({option: (name, fallback) => fallback, hub: ''});
  const platform = await serve(system, {});
  const account = {format: 'xml', mode: 'safe', account: /account (\S+)/.exec(system.hint)[1]};
  for (const [, name, value] of system.hint.matchAll(/(app_id|token|aes_key) (\S+)/g)) {
    account[{app_id: 'appId', token: 'token', aes_key: 'aesKey'}[name]] = value;
  }
  for (let u = 0; u < users; ++u) {
    await fetch(`${platform.url}/_sim`, {method: 'POST', body: JSON.stringify({user: {openid: `oLOAD_${u}`, until: Date.now() + 48 * 3600e3, left: 1e9}})});
  }

  const data = tempFolder('wechat-load');
  const config = copyConfig(data);
  fs.writeFileSync(path.join(path.dirname(config), 'conf.d', 'wechat.yaml'), ['hub:', '  limits:',
    ...['connections', 'connections_per_address', 'connections_per_second', 'requests_per_second', 'session_requests_per_second'].map(key => `    ${key}: 1000000`),
    'plugins:', '  wechat:', '    use: wechat', '    config:', `      app_id: ${account.appId}`, `      secret: ${/secret (\S+)/.exec(system.hint)[1]}`,
    `      token: ${account.token}`, `      aes_key: ${account.aesKey}`, `      url: ${platform.url}`, '      sends_per_second: 10000', ''].join('\n'));
  const hub = await Hub.start({data, config});
  const url = `${hub.url}/hooks/wechat`;
  const agent = new http.Agent({keepAlive: true, maxSockets: 128});
  const chance = random(seed);
  const times = [];
  const count = {posts: 0, twice: 0, again: 0, cut: 0, unanswered: 0, passive: 0};

  async function message(n) {
    const fields = {ToUserName: account.account, FromUserName: `oLOAD_${n % users}`, CreateTime: Math.floor(Date.now() / 1000), MsgType: 'text',
      Content: `${TEXTS[Math.floor(chance() * TEXTS.length)]}（${n}）`, MsgId: String(24890000000000000n + BigInt(n))};
    const dice = chance();
    const post = async options => {
      const result = await deliver(url, fields, account, {agent, ...options});
      count.posts += result.tries;
      times.push(...result.ms.filter((_, i) => result.statuses[i] === 200));
      return result;
    };
    let result;
    if (dice < 0.1) {  // the platform's machines do not agree: two posts at once
      count.twice += 1;
      [result] = await Promise.all([post(), post()]);
    } else if (dice < 0.15) {  // posted again although it was answered
      count.again += 1;
      result = await post();
      await post();
    } else if (dice < 0.2) {  // cut before an answer can be there, then posted again
      count.cut += 1;
      await deliver(url, fields, account, {tries: 1, limit: Math.floor(chance() * 20) + 1});
      result = await post();
    } else {
      result = await post();
    }
    if (result.shown) count.passive += 1;
    if (result.problem) count.unanswered += 1;
  }

  const began = performance.now();
  if (rate > 0) {
    const under = new Set();
    for (let n = 0; n < messages; ++n) {
      const wait = began + n * 1000 / rate - performance.now();
      if (wait > 1) await new Promise(resolve => setTimeout(resolve, wait));
      const one = message(n).finally(() => under.delete(one));
      under.add(one);
    }
    await Promise.all(under);
  } else {
    let next = 0;
    await Promise.all(Array.from({length: 32}, async () => {
      while (next < messages) await message(next++);
    }));
  }
  const seconds = (performance.now() - began) / 1000;

  // Every row of the customers, by what stands in it.
  const admin = new Agent(hub);
  await admin.login('admin');
  const conversations = new Set();
  await until(async () => {  // the list moves while the last answers are stored
    for (let before = '', more = true; more;) {
      const page = await admin.rest('GET', `/api/v1/conversations?view=any&channel=wechat&limit=100${before}`);
      page.conversations.forEach(conversation => conversations.add(conversation.id));
      more = page.more;
      before = `&before=${encodeURIComponent(page.conversations.at(-1)?.changed_at)}`;
    }
    return conversations.size >= Math.min(users, messages);
  }, 'all conversations', 60);
  const texts = new Set();
  let rows = 0;
  for (const conversation of conversations) {
    for (let after = 0, more = true; more;) {
      const page = await admin.rest('GET', `/api/v1/conversations/${conversation}/messages?after=${after}&limit=500`);
      const said = page.messages.filter(m => m.author === 'customer');
      rows += said.length;
      said.forEach(m => texts.add(m.text));
      more = page.more;
      after = page.messages.at(-1)?.seq;
    }
  }
  await hub.stop();
  platform.close();
  agent.destroy();
  fs.rmSync(data, {recursive: true, force: true});
  times.sort((a, b) => a - b);
  return {messages, rows, distinct: texts.size, ...count, seconds: Number(seconds.toFixed(1)), per_second: Math.round(messages / seconds),
    p50_ms: Math.round(quantile(times, 0.5)), p99_ms: Math.round(quantile(times, 0.99)), max_ms: Math.round(times.at(-1) ?? 0)};
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const options = {};
  for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].slice(2)] = Number(process.argv[i + 1]);
  console.log(JSON.stringify(await run(options)));
}
