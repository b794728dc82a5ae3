// Okta's verifier for Python, as PyPI has it. It insists on https, so the server speaks TLS with a CA of its own.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { basic } from '../harness/api.mjs';
import { clockAsItIs } from '../harness/clock.mjs';
import { forgeriesOf } from '../harness/guarded.mjs';
import { decode } from '../harness/jwt.mjs';
import { underLoad } from '../harness/load.mjs';
import { makeAuthorizationServer } from '../harness/objects.mjs';
import { without } from '../harness/peer.mjs';
import { startPython } from '../harness/python.mjs';
import { startIssuer } from '../harness/resource-server.mjs';
import { postOverTls } from '../harness/tls.mjs';
import { sleep, until } from '../harness/wait.mjs';

const script = 'clients/python/verify.py';

let issuer, origin, other, foreign, jwks, ca, authority, python;
before(async () => {
  if (without) return;
  issuer = await startIssuer({ baseUrl: (port) => `https://localhost:${port}` });
  origin = new URL(issuer.issuer).origin;
  other = await makeAuthorizationServer(issuer.api);
  foreign = await issuer.at(other).take();
  jwks = await issuer.jwks();
  await issuer.server.restart({ args: ['--base-url', origin, '--tls-self-signed'], env: clockAsItIs });
  authority = join(issuer.server.home.data, 'tls-ca.pem');
  ca = readFileSync(authority);
  python = startPython(script, { SSL_CERT_FILE: authority, REQUESTS_CA_BUNDLE: authority });
});
after(async () => {
  await python?.stop();
  await issuer?.server.stop();
});

const take = async () => {
  const { id, secret } = issuer.service;
  const reply = await postOverTls(`${issuer.issuer}/v1/token`, 'grant_type=client_credentials&scope=read', {
    ca, headers: { authorization: basic(id, secret), 'content-type': 'application/x-www-form-urlencoded' },
  });
  assert.equal(reply.status, 200, reply.text);
  return reply.json.access_token;
};
const rotate = async () => {
  const reply = await postOverTls(`${origin}${issuer.place.path}/credentials/lifecycle/keyRotate`, '{"use":"sig"}', {
    ca, headers: { authorization: `SSWS ${issuer.api.token}`, 'content-type': 'application/json' },
  });
  assert.equal(reply.status, 200, reply.text);
};
const ask = (token, more = {}) => python.ask({ token, issuer: issuer.issuer, audience: 'api://tests', way: 'async', ...more });
const refused = async (token, why, more) => {
  for (const way of ['async', 'sync']) {
    const said = await ask(token, { ...more, way });
    assert.equal(said.ok, false, `${way}: accepted`);
    assert.match(said.error, why, way);
  }
};

test('the verifier for Python accepts a token over TLS, with and without asyncio', { skip: without }, async () => {
  const token = await take();
  assert.equal(decode(token).claims.iss, issuer.issuer);
  for (const way of ['async', 'sync']) assert.deepEqual(await ask(token, { way }), { ok: true }, way);
});

test('the verifier for Python fetches no keys from a server whose CA it does not know', { skip: without }, async () => {
  const stranger = startPython(script, { SSL_CERT_FILE: '', REQUESTS_CA_BUNDLE: '', CURL_CA_BUNDLE: '' });
  try {
    for (const way of ['async', 'sync']) {
      const said = await stranger.ask({ token: await take(), issuer: issuer.issuer, audience: 'api://tests', way });
      assert.equal(said.ok, false);
      assert.match(said.error, /CERTIFICATE_VERIFY_FAILED/);
    }
  } finally { await stranger.stop(); }
});

test('the verifier for Python refuses a token that expired', { skip: without }, async () => {
  assert.ok(jwks.keys.some((key) => key.kid === decode(issuer.expired).header.kid), 'its key is still published');
  await refused(issuer.expired, /expired/);
});

test('the verifier for Python refuses another audience and another issuer', { skip: without }, async () => {
  await refused(await take(), /audience/i, { audience: 'api://other' });
  await refused(foreign, /issuer/i);
  await refused(await take(), /issuer/i, { issuer: `${origin}/oauth2/${other.id}` });
  assert.deepEqual(await ask(foreign, { issuer: `${origin}/oauth2/${other.id}` }), { ok: true }, 'good where it was meant');
});

test('the verifier for Python refuses whatever a stranger makes of a token and the published keys', { skip: without }, async () => {
  const good = await take();
  for (const [name, token] of Object.entries(forgeriesOf(good, jwks))) {
    const said = await ask(token);
    assert.equal(said.ok, false, name);
  }
  assert.deepEqual(await ask(good), { ok: true });
});

test('the verifier for Python refuses no token through rotations under load, though it keeps its keys', { skip: without }, async () => {
  const oldest = await take();
  const kids = new Set();
  const load = underLoad(3, async (worker) => {
    const token = await take();
    assert.deepEqual(await ask(token, { way: worker === 0 ? 'sync' : 'async' }), { ok: true });
    kids.add(decode(token).header.kid);
  });
  for (let keys = 1; keys <= 4; keys++) {
    if (keys > 1) await rotate();
    await until(() => kids.size === keys || load.failures.length, 'a token of the new key', 20_000);
    await sleep(300);
  }
  await load.stop();
  assert.deepEqual(load.failures.map(String), []);
  for (const way of ['async', 'sync']) assert.deepEqual(await ask(oldest, { way }), { ok: true }, way);
});
