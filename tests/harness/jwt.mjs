// JSON Web Tokens by node:crypto alone: read one, and check its signature against a JWK set.
import { createPublicKey, verify } from 'node:crypto';

/** The parts of a token, unchecked. */
export function decode(token) {
  const [header, payload, signature, ...rest] = token.split('.');
  if (rest.length || signature === undefined) throw new Error(`not a token: ${token}`);
  return { header: json(header), claims: json(payload), signed: `${header}.${payload}`, signature };
}

/** The claims of a token whose signature one of the keys made. */
export function verified(token, jwks) {
  const { header, claims, signed, signature } = decode(token);
  const jwk = jwks.keys.find((key) => key.kid === header.kid);
  if (!jwk) throw new Error(`no key ${header.kid}`);
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  if (!verify('sha256', Buffer.from(signed), key, Buffer.from(signature, 'base64url'))) throw new Error('bad signature');
  return claims;
}

const json = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
