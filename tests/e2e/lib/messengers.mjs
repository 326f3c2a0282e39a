// Five messengers as their simulators know them.
const secrets = 'token: xoxb-sim-1\n      signing_secret: slackSigningSecretMadeUp00000001';
const meta = 'app_secret: metaAppSecret0001\n      verify_token: verify-me';
/** By channel: its configuration at a simulator, a customer of it, and how they and the shop speak there. */
export const messengers = {
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
