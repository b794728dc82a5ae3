// An API behind a foreign guard: the API itself, a call with a token, and the tokens that no guard may let pass.
import { createPublicKey } from 'node:crypto';
import { createServer, request } from 'node:http';
import { newKey, now, token as sign } from './assertion.mjs';
import { decode } from './jwt.mjs';

/** A small API on a free loopback port. It says what it was asked, and trusts whoever stands before it. */
export async function startApi() {
  const server = createServer((asked, reply) => {
    reply.setHeader('content-type', 'application/json');
    reply.end(JSON.stringify({ path: asked.url, headers: asked.headers }));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const stop = () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
  return { port: server.address().port, stop };
}

/** Calls what listens on a port, on a connection of its own, with a token or without one. */
export function call(port, token, path = '/orders') {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers, agent: false, timeout: 20_000 }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (part) => { text += part; }).on('error', reject);
      reply.on('end', () => {
        let json;
        try { json = JSON.parse(text); } catch { json = undefined; }
        resolve({ status: reply.statusCode, text, json });
      });
    });
    asked.once('error', reject).once('timeout', () => asked.destroy(new Error('no reply in 20 seconds')));
    asked.end();
  });
}

/** What a stranger can make of a good token and the published keys, by name. */
export function forgeriesOf(good, jwks) {
  const { header, claims, signature } = decode(good);
  const [head, body] = good.split('.');
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const flipped = Buffer.from(signature, 'base64url');
  flipped[10] ^= 1;
  const published = createPublicKey({ key: jwks.keys.find((key) => key.kid === header.kid), format: 'jwk' });
  const own = newKey(header.alg);
  return {
    'something else': 'garbage',
    'three empty parts': '..',
    'another subject': `${head}.${encode({ ...claims, sub: 'somebody' })}.${signature}`,
    'a longer life': `${head}.${encode({ ...claims, exp: now() + 86_400 })}.${signature}`,
    'a flipped bit': `${head}.${body}.${flipped.toString('base64url')}`,
    'no signature': `${head}.${body}.`,
    'alg none': sign({ ...header, alg: 'none' }, claims),
    'alg none with the signature of the good one': `${encode({ ...header, alg: 'none' })}.${body}.${signature}`,
    'the public key as a shared secret': sign({ ...header, alg: 'HS256' }, claims, published.export({ type: 'spki', format: 'pem' })),
    'a key of its own under a published kid': sign(header, claims, own.privateKey),
    'a key of its own under its own kid': sign({ ...header, kid: own.kid }, claims, own.privateKey),
    'a key that the token itself brings': sign({ ...header, kid: own.kid, jwk: own.jwk }, claims, own.privateKey),
  };
}
