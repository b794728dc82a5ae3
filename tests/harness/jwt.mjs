// JSON Web Tokens by node:crypto alone: read one, and check its signature against a JWK set.
import { constants, createPublicKey, verify } from 'node:crypto';

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
  if (jwk.alg !== header.alg) throw new Error(`the key is for ${jwk.alg}, the token says ${header.alg}`);
  if (!isSignedBy(jwk, signed, signature)) throw new Error('bad signature');
  return claims;
}

/** Whether a key made a signature; how, says the key. */
function isSignedBy(jwk, signed, signature) {
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const [hash, how] = {
    RS256: ['sha256', key],
    PS256: ['sha256', { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }],
    ES256: ['sha256', { key, dsaEncoding: 'ieee-p1363' }],
    EdDSA: [null, key],
  }[jwk.alg];
  return verify(hash, Buffer.from(signed), how, Buffer.from(signature, 'base64url'));
}

const json = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
