// Reads and checks compact JWTs as a platform would: `read` takes one apart, `verify` checks its signature.
import {verify as check} from 'node:crypto';

export function read(token) {
  const parts = String(token).split('.');
  if (parts.length !== 3 || parts.some(part => !/^[A-Za-z0-9_-]+$/.test(part))) return undefined;
  try {
    const [header, claims] = parts.slice(0, 2).map(part => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
    return {header, claims, signed: `${parts[0]}.${parts[1]}`, signature: Buffer.from(parts[2], 'base64url')};
  } catch {
    return undefined;
  }
}

export function verify(jwt, algorithm, publicKey) {
  const key = {key: publicKey, ...(algorithm === 'ES256' ? {dsaEncoding: 'ieee-p1363'} : {})};
  if (jwt.header.alg !== algorithm || (algorithm === 'ES256' && jwt.signature.length !== 64)) return false;
  return check('sha256', Buffer.from(jwt.signed), key, jwt.signature);
}
