// A customer's phone with the shop's app, woken through the simulator of Apple's service.
import fs from 'node:fs';

export const phone = 'a1'.repeat(32);

/** The site `app` and the instance `app`, which wakes it; `apns`: the simulator. */
export function appYaml(apns, secret) {
  const key = fs.readFileSync(apns.said.key, 'utf8').trim().split('\n').map(line => `          ${line}`).join('\n');
  return `  web:
    config:
      sites:
        app: {name: 鲜到家 App, in_app: true, push: true, identify_secret: ${secret}}
  app:
    use: app
    config:
      push_after: 2s
      ca_file: ${apns.said.ca}
      apns:
        url: ${apns.said.push}
        sandbox_url: ${apns.said.push}
        key_id: ${apns.said.key_id}
        team: ${apns.said.team}
        topic: ${apns.said.topic}
        key: |
${key}
`;
}

/** Tells the hub which phone to wake for the customer with this token. */
export const register = (hub, token) => fetch(`${hub.url}/api/v1/visitor/device`, {method: 'PUT',
  headers: {authorization: `Bearer ${token}`, 'content-type': 'application/json'},
  body: JSON.stringify({provider: 'apns', token: phone, sandbox: true, language: 'zh-CN', utc_offset: 480})});
