// Client assertions by node:crypto alone: keys, their public halves, and tokens that say what a test wants.
import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto';

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const curves = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** A key pair for an algorithm; `jwk` is the public half with its `kid`. */
export function newKey(alg, { kid = randomUUID(), bits = 2048 } = {}) {
  const pair = alg === 'EdDSA' ? generateKeyPairSync('ed25519')
    : alg.startsWith('ES') ? generateKeyPairSync('ec', { namedCurve: curves[alg] })
      : generateKeyPairSync('rsa', { modulusLength: bits });
  return { alg, kid, ...pair, jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg } };
}

function signature(alg, key, input) {
  const hash = `sha${alg.slice(-3)}`;
  if (alg.startsWith('HS')) return createHmac(hash, key).update(input).digest();
  if (alg === 'EdDSA') return sign(null, Buffer.from(input), key);
  if (alg.startsWith('ES')) return sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  if (alg.startsWith('PS')) return sign(hash, Buffer.from(input), { key, padding: 6, saltLength: -1 });
  return sign(hash, Buffer.from(input), key);
}

/** A token; `key` is a secret's text or a private key, and without one the signature is empty. */
export function token(header, claims, key) {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${key === undefined ? '' : signature(header.alg, key, input).toString('base64url')}`;
}

export const now = () => Math.floor(Date.now() / 1000);

/** What a client says that has read the documentation; `more` replaces, and `undefined` takes away. */
export const claimsOf = (id, audience, more = {}) => ({
  iss: id, sub: id, aud: audience, exp: now() + 300, iat: now(), jti: randomUUID(), ...more,
});
