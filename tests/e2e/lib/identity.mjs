// Who a visitor is, as the shop's server signs it for the frame `identify`.
import {createHmac} from 'node:crypto';

export function signed(secret, fields, seconds = 3600) {
  const said = Buffer.from(JSON.stringify({...fields, exp: Math.floor(Date.now() / 1000) + seconds})).toString('base64url');
  return `${said}.${createHmac('sha256', secret).update(said).digest('hex')}`;
}
