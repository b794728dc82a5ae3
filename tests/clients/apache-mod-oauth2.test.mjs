// An API behind Apache with mod_oauth2: one gate verifies tokens with the published keys, one asks the server about each of them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { askOauth, basic } from '../harness/api.mjs';
import { askingGate, forgetfulGate, keysGate, startApache } from '../harness/apache.mjs';
import { clockAsItIs } from '../harness/clock.mjs';
import { call, forgeriesOf, startApi } from '../harness/guarded.mjs';
import { decode } from '../harness/jwt.mjs';
import { makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { without } from '../harness/peer.mjs';
import { startIssuer } from '../harness/resource-server.mjs';
import { until } from '../harness/wait.mjs';

const algorithms = ['PS256', 'ES256'];

let issuer, api, apache, others;
before(async () => {
  if (without) return;
  issuer = await startIssuer();
  api = await startApi();
  const keeper = await makeService(issuer.api);
  others = await Promise.all(algorithms.map(async (signingAlgorithm) => issuer.at(
    await makeAuthorizationServer(issuer.api, { tokenmint: { signingAlgorithm, accessTokenProfile: 'RFC9068' } }),
  )));
  apache = await startApache({
    keys: keysGate(issuer, 'api://tests'), asking: askingGate(issuer, keeper),
    forgetful: forgetfulGate(issuer, 'api://tests', 1),
    ...Object.fromEntries(algorithms.map((name, index) => [name, keysGate(others[index], 'api://tests')])),
  }, api);
});
after(async () => {
  await apache?.stop();
  await api?.stop();
  await issuer?.server.stop();
});

const gates = ['keys', 'asking'];
const status = async (gate, token) => (await call(apache.ports[gate], token)).status;
const ofIntrospection = () => readFileSync(apache.log, 'utf8').match(/"active" boolean object with value "false"/g)?.length ?? 0;

test('Apache lets a good token pass and tells the API whose it is', { skip: without }, async () => {
  const token = await issuer.take();
  for (const gate of gates) {
    const reply = await call(apache.ports[gate], token);
    assert.equal(reply.status, 200, `${gate}: ${reply.text}`);
    assert.equal(reply.json.path, '/orders');
    assert.equal(reply.json.headers.oauth2_claim_sub, issuer.service.id);
    assert.equal(reply.json.headers.oauth2_claim_iss, issuer.issuer);
  }
});

test('Apache lets nothing else pass: no token, an expired one, a foreign one, a forged one', { skip: without }, async () => {
  const good = await issuer.take();
  const other = await makeAuthorizationServer(issuer.api);
  const bad = {
    nothing: undefined, expired: issuer.expired, 'of another server of the org': await issuer.at(other).take(),
    ...forgeriesOf(good, await issuer.jwks()),
  };
  for (const gate of gates) {
    for (const [name, token] of Object.entries(bad)) assert.equal(await status(gate, token), 401, `${gate}: ${name}`);
    assert.equal(await status(gate, good), 200, gate);
  }
  assert.ok(ofIntrospection() >= Object.keys(bad).length - 2, 'the second gate heard it from the server');
});

test('a token that its client gave back is refused by the gate that asks, and good for the one that does not', { skip: without }, async () => {
  const token = await issuer.take();
  for (const gate of gates) assert.equal(await status(gate, token), 200, gate);
  const { id, secret } = issuer.service;
  const reply = await askOauth(issuer.origin, issuer.place.id, 'revoke', { token }, { authorization: basic(id, secret) });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(await status('asking', token), 401);
  assert.equal(await status('keys', token), 200);
});

test('Apache takes tokens of a key that it never saw, and goes on taking those of the one before', { skip: without }, async () => {
  const early = await issuer.take();
  assert.equal(await status('keys', early), 200);
  for (let round = 0; round < 2; round++) await issuer.rotate(); // the second key was not published when Apache asked
  const late = await issuer.take();
  for (const gate of gates) assert.deepEqual([await status(gate, late), await status(gate, early)], [200, 200], gate);
});

for (const [index, name] of algorithms.entries()) {
  test(`Apache verifies ${name} in RFC 9068's shape, and refuses what is forged`, { skip: without }, async () => {
    const good = await others[index].take();
    assert.deepEqual([decode(good).header.alg, decode(good).header.typ], [name, 'at+jwt']);
    assert.equal(await status(name, good), 200);
    for (const [forgery, token] of Object.entries(forgeriesOf(good, await others[index].jwks()))) {
      assert.equal(await status(name, token), 401, forgery);
    }
    assert.equal(await status('keys', good), 401, 'another server of the org');
  });
}

test('tokens of a revoked key are refused at once by the gate that asks, and soon by one that keeps no keys for long', { skip: without }, async () => {
  const lost = await issuer.take();
  for (const gate of ['asking', 'forgetful']) assert.equal(await status(gate, lost), 200, gate);
  await issuer.api.ok('POST', `${issuer.place.path}/credentials/keys/${decode(lost).header.kid}/lifecycle/revoke`, null, 200);
  const next = await issuer.take();
  assert.notEqual(decode(next).header.kid, decode(lost).header.kid);
  assert.equal(await status('asking', lost), 401);
  await until(async () => await status('forgetful', lost) === 401, 'the gate to forget the key');
  for (const gate of [...gates, 'forgetful']) assert.equal(await status(gate, next), 200, gate);
});

test('a server that is away makes the gate that asks refuse, and its return opens it again', { skip: without }, async () => {
  const [known, unknown] = [await issuer.take(), await issuer.take()];
  assert.equal(await status('keys', known), 200);
  await issuer.server.stop();
  assert.equal(await status('keys', unknown), 200, 'keys that Apache has need no server');
  assert.equal(await status('asking', unknown), 401);
  await issuer.server.start({ env: clockAsItIs });
  await until(async () => await status('asking', unknown) === 200, 'the gate to open');
});
