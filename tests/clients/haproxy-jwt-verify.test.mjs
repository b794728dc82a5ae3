// An API behind HAProxy, which verifies tokens with the public keys that an operator's job wrote into files.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, forgeriesOf, startApi } from '../harness/guarded.mjs';
import { startHaproxy } from '../harness/haproxy.mjs';
import { decode } from '../harness/jwt.mjs';
import { makeAuthorizationServer } from '../harness/objects.mjs';
import { without } from '../harness/peer.mjs';
import { startIssuer } from '../harness/resource-server.mjs';

const audience = 'api://tests';

let issuer, api, haproxy;
before(async () => {
  if (without) return;
  issuer = await startIssuer();
  api = await startApi();
  haproxy = await startHaproxy({ issuer: issuer.issuer, audience, jwks: issuer.jwks, api });
});
after(async () => {
  await haproxy?.stop();
  await api?.stop();
  await issuer?.server.stop();
});

const status = async (token) => (await call(haproxy.port, token)).status;
const kids = async () => (await issuer.jwks()).keys.map((key) => key.kid);

test('HAProxy lets a good token pass and tells the API whose it is', { skip: without }, async () => {
  const reply = await call(haproxy.port, await issuer.take());
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.json.headers['x-client'], issuer.service.id);
});

test('HAProxy lets nothing else pass: no token, an expired one, a foreign one, a forged one', { skip: without }, async () => {
  const good = await issuer.take();
  const other = await makeAuthorizationServer(issuer.api);
  const bad = {
    nothing: undefined, expired: issuer.expired, 'of another server of the org': await issuer.at(other).take(),
    ...forgeriesOf(good, await issuer.jwks()),
  };
  for (const [name, token] of Object.entries(bad)) assert.equal(await status(token), 401, name);
  assert.equal(await status(good), 200);
});

test('HAProxy refuses a token of the same server and key that is meant for another audience', { skip: without }, async () => {
  const strict = await startHaproxy({ issuer: issuer.issuer, audience: 'api://other', jwks: issuer.jwks, api });
  try {
    const token = await issuer.take();
    assert.equal((await call(strict.port, token)).status, 401);
    assert.equal(await status(token), 200);
  } finally { await strict.stop(); }
});

test('tokens of the next key pass a HAProxy that read its file before the rotation, and needs no reload for it', { skip: without }, async () => {
  await haproxy.followKeys();
  const known = await kids();
  const early = await issuer.take();
  await issuer.rotate();
  const late = await issuer.take();
  assert.notEqual(decode(late).header.kid, decode(early).header.kid);
  assert.ok(known.includes(decode(late).header.kid), 'it was published before it signed');
  assert.deepEqual([await status(late), await status(early)], [200, 200]);

  assert.equal(await haproxy.followKeys(), true, 'the rotation published another next key');
  assert.equal(await haproxy.followKeys(), false, 'and only that');
  await issuer.rotate();
  assert.deepEqual([await status(await issuer.take()), await status(late), await status(early)], [200, 200, 200]);
});

test('tokens of a key that no job wrote into a file are refused until it does', { skip: without }, async () => {
  await haproxy.followKeys();
  for (let round = 0; round < 2; round++) await issuer.rotate();
  const token = await issuer.take();
  assert.equal(await status(token), 401);
  await haproxy.followKeys();
  assert.equal(await status(token), 200);
});

test("HAProxy verifies ES256 in RFC 9068's shape, and refuses what is forged", { skip: without }, async () => {
  const place = await makeAuthorizationServer(issuer.api, { tokenmint: { signingAlgorithm: 'ES256', accessTokenProfile: 'RFC9068' } });
  const here = issuer.at(place);
  const own = await startHaproxy({ issuer: here.issuer, audience, jwks: here.jwks, api });
  try {
    const good = await here.take();
    assert.deepEqual([decode(good).header.alg, decode(good).header.typ], ['ES256', 'at+jwt']);
    assert.equal((await call(own.port, good)).status, 200);
    for (const [name, token] of Object.entries(forgeriesOf(good, await here.jwks()))) {
      assert.equal((await call(own.port, token)).status, 401, name);
    }
  } finally { await own.stop(); }
});

test('tokens of a key that was revoked are refused once the job has run, and those of the next key pass', { skip: without }, async () => {
  await haproxy.followKeys();
  const lost = await issuer.take();
  assert.equal(await status(lost), 200);
  await issuer.api.ok('POST', `${issuer.place.path}/credentials/keys/${decode(lost).header.kid}/lifecycle/revoke`, null, 200);
  const next = await issuer.take();
  assert.equal(await status(next), 200, 'its file was there already');
  assert.equal(await haproxy.followKeys(), true);
  assert.deepEqual([await status(lost), await status(next)], [401, 200]);
});
