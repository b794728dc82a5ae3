// A signing key that was lost: out of use at once, on every node, with all that it signed.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, mock, test } from 'node:test';
import { askOauth, basic } from '../harness/api.mjs';
import { refused } from '../harness/expect.mjs';
import { decode, verified } from '../harness/jwt.mjs';
import { accessToken, grant, makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { store } from '../harness/paths.mjs';
import { newHome } from '../harness/process.mjs';
import { startServer } from '../harness/server.mjs';
import { freePort, sleep, until } from '../harness/wait.mjs';

const OktaJwtVerifier = createRequire(import.meta.url)('@okta/jwt-verifier');

let server, api, service;
before(async () => {
  mock.method(console, 'warn', () => {}); // the verifier warns that plain http is for tests
  server = await startServer({ listen: `127.0.0.1:${await freePort()}` });
  api = server.api;
  service = await makeService(api);
});
after(() => server?.stop());

const take = (place) => accessToken(server.origin, place.id, service);
const as = (client) => ({ authorization: basic(client.id, client.secret) });
const active = async (place, token) => {
  const reply = await askOauth(server.origin, place.id, 'introspect', { token }, as(service));
  assert.equal(reply.status, 200, reply.text);
  if (!reply.json.active) assert.equal(reply.text, '{"active":false}');
  return reply.json.active;
};
const jwks = async (place, by = api) => (await by.get(`/oauth2/${place.id}/v1/keys`)).json;
const keys = (place) => api.ok('GET', `${place.path}/credentials/keys`);
const kidOf = async (place, status) => (await keys(place)).find((key) => key.status === status)?.kid;
const revoke = (place, kid, by = api) => by.post(`${place.path}/credentials/keys/${kid}/lifecycle/revoke`);
const revoked = async (place, kid) => {
  const reply = await revoke(place, kid);
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(reply.json, await keys(place), 'the answer is the list of keys');
  assert.ok(!reply.json.some((key) => key.kid === kid));
  assert.ok(!(await jwks(place)).keys.some((key) => key.kid === kid), 'it is published no more');
  return reply.json.map((key) => key.status);
};
const rotate = (place) => api.ok('POST', `${place.path}/credentials/lifecycle/keyRotate`, { use: 'sig' }, 200);
const events = async (place) => (await api.all('/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z&until=2100-01-01T00:00:00.000Z'))
  .filter((event) => event.eventType === 'app.oauth2.as.key.revoke' && event.target[0].id === place.id);

test('the active key: what it signed is worth nothing, and the next one signs in the same moment', async () => {
  const place = await makeAuthorizationServer(api);
  const old = await take(place);
  const [kid, next] = [await kidOf(place, 'ACTIVE'), await kidOf(place, 'NEXT')];
  assert.equal(await active(place, old), true);
  assert.deepEqual(await revoked(place, kid), ['ACTIVE', 'NEXT']);
  assert.equal(await active(place, old), false);
  const token = await take(place);
  assert.equal(decode(token).header.kid, next);
  assert.equal(await active(place, token), true);
  const published = await jwks(place);
  verified(token, published);
  assert.throws(() => verified(old, published), /no key/);
  refused(await api.get(`${place.path}/credentials/keys/${kid}`), 404, 'E0000007', `Not found: Resource not found: ${kid} (JsonWebKey)`);
  assert.equal((await api.ok('GET', place.path)).credentials.signing.kid, next);
  const [event, ...more] = await events(place);
  assert.equal(more.length, 0);
  assert.deepEqual(event.target.map(({ type, displayName, alternateId }) => [type, displayName, alternateId]), [
    ['AuthorizationServer', place.server.name, 'unknown'], ['JsonWebKey', 'REVOKED', 'ACTIVE'],
    ['JsonWebKey', 'ACTIVE', 'unknown'], ['JsonWebKey', 'NEXT', 'unknown'],
  ]);
  assert.deepEqual(event.target.slice(1).map((target) => target.id), [kid, next, await kidOf(place, 'NEXT')]);
  assert.match(event.outcome.reason, /less than an hour ago/);
  assert.match(server.said.stderr, /published less than an hour ago/, 'and the process log warns, too');
});

test('the next key is replaced and nothing else changes; an expired one is removed with what it signed', async () => {
  const place = await makeAuthorizationServer(api);
  const old = await take(place);
  await rotate(place);
  const token = await take(place);
  const [signs, next, expired] = [await kidOf(place, 'ACTIVE'), await kidOf(place, 'NEXT'), await kidOf(place, 'EXPIRED')];
  assert.deepEqual(await revoked(place, next), ['ACTIVE', 'NEXT', 'EXPIRED']);
  assert.deepEqual([await active(place, old), await active(place, token)], [true, true]);
  assert.deepEqual(await revoked(place, expired), ['ACTIVE', 'NEXT']);
  assert.deepEqual([await active(place, old), await active(place, token)], [false, true]);
  assert.equal(await kidOf(place, 'ACTIVE'), signs);
  assert.deepEqual((await events(place)).map((event) => [event.target[1].alternateId, event.outcome.reason]), [['NEXT', null], ['EXPIRED', null]]);
});

test('a key that is not there, not any more or not of this server is not found', async () => {
  const [place, other] = [await makeAuthorizationServer(api), await makeAuthorizationServer(api)];
  const kid = await kidOf(place, 'ACTIVE');
  await revoked(place, kid);
  for (const missing of [kid, 'x', await kidOf(other, 'ACTIVE')]) {
    refused(await revoke(place, missing), 404, 'E0000007', `Not found: Resource not found: ${missing} (JsonWebKey)`);
  }
  refused(await revoke({ path: '/api/v1/authorizationServers/aus00000000000000000' }, kid), 404, 'E0000007', /AuthorizationServer/);
  refused(await api.post(`${place.path}/credentials/keys/${kid}/lifecycle/revoke`, null, { authorization: null }), 401, 'E0000011');
});

test('a key revoked by many at once is revoked once', async () => {
  const place = await makeAuthorizationServer(api);
  const kid = await kidOf(place, 'ACTIVE');
  const replies = await Promise.all(Array.from({ length: 8 }, () => revoke(place, kid)));
  assert.deepEqual(replies.map((reply) => reply.status).sort(), [200, 404, 404, 404, 404, 404, 404, 404]);
  assert.equal((await events(place)).length, 1);
  assert.deepEqual((await keys(place)).map((key) => key.status), ['ACTIVE', 'NEXT']);
});

test('a revocation outlives a kill, whatever the key signed with', async () => {
  for (const signingAlgorithm of ['RS256', 'ES256']) {
    const place = await makeAuthorizationServer(api, { tokenmint: { signingAlgorithm } });
    const token = await take(place);
    const kid = await kidOf(place, 'ACTIVE');
    await revoked(place, kid);
    await server.stop('SIGKILL');
    await server.start();
    api = server.api;
    assert.equal(await active(place, token), false);
    assert.ok(!(await jwks(place)).keys.some((key) => key.kid === kid));
    assert.equal(await active(place, await take(place)), true);
  }
});

test('Okta\'s verifier takes the tokens of the key that signs now, and refuses those of the revoked one once it reads the keys', async () => {
  const place = await makeAuthorizationServer(api);
  const verifier = () => new OktaJwtVerifier({
    issuer: `${server.origin}/oauth2/${place.id}`, testing: { disableHttpsCheck: true }, jwksRequestsPerMinute: 100,
  });
  const caching = verifier();
  const old = await take(place);
  await caching.verifyAccessToken(old, 'api://tests');
  await revoked(place, await kidOf(place, 'ACTIVE'));
  const token = await take(place);
  await caching.verifyAccessToken(token, 'api://tests');
  await verifier().verifyAccessToken(token, 'api://tests');
  await assert.rejects(verifier().verifyAccessToken(old, 'api://tests'));
});

test('two nodes on one PostgreSQL: a revoked key is over on the other within a second', { skip: store !== 'postgres' }, async () => {
  const ports = [await freePort(), await freePort()];
  const home = await newHome();
  const start = async (port, home) => {
    const node = await startServer({ home, listen: `127.0.0.1:${port}`, args: ['--base-url', `http://localhost:${ports[0]}`] });
    node.origin = `http://127.0.0.1:${port}`;
    return node;
  };
  const one = await start(ports[0], home);
  const two = await start(ports[1], { ...await newHome(), env: home.env });
  try {
    const own = await makeService(one.api), place = await makeAuthorizationServer(one.api);
    const granted = async (node) => (await until(async () => {
      const reply = await grant(node.origin, place.id, own, 'read');
      return reply.status === 200 && reply;
    }, 'a token')).json.access_token;
    const ask = async (node, token) => askOauth(node.origin, place.id, 'introspect', { token }, as(own));
    for (let round = 0; round < 3; round++) {
      const token = await granted(two);
      const { kid } = decode(token).header;
      // On a machine that is busy with other things a node may be unsure for a moment, and says so.
      const sure = await until(async () => { const reply = await ask(two, token); return reply.status !== 503 && reply; }, 'an answer');
      assert.equal(sure.json.active, true, sure.text);
      const reply = await revoke(place, kid, one.api);
      assert.equal(reply.status, 200, reply.text);
      assert.equal((await ask(one, token)).json?.active, false);
      await sleep(1_000);
      const later = await ask(two, token);
      if (later.status !== 503) assert.equal(later.json.active, false, later.text);
      await until(async () => !(await jwks(place, two.api)).keys.some((key) => key.kid === kid), 'the keys of the other node');
      const next = await granted(two);
      assert.notEqual(decode(next).header.kid, kid);
      assert.equal((await until(async () => { const reply = await ask(one, next); return reply.status === 200 && reply; }, 'an answer')).json.active, true);
    }
  } finally { await one.stop(); await two.stop(); }
});
