// Keys are rotated again and again, while tokens are taken and used without a pause. Every resource server keeps the keys that it
// knows in its own way; none may refuse a single token.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, mock, test } from 'node:test';
import { askingGate, keysGate, startApache } from '../harness/apache.mjs';
import { call, startApi } from '../harness/guarded.mjs';
import { startHaproxy } from '../harness/haproxy.mjs';
import { decode } from '../harness/jwt.mjs';
import { underLoad } from '../harness/load.mjs';
import { makeService } from '../harness/objects.mjs';
import { store } from '../harness/paths.mjs';
import { without } from '../harness/peer.mjs';
import { startIssuer } from '../harness/resource-server.mjs';
import { sleep, until } from '../harness/wait.mjs';

const require = createRequire(import.meta.url);
const OktaJwtVerifier = require('@okta/jwt-verifier');
const okta = require('@okta/okta-sdk-nodejs');

const rotations = 5;

const skip = store === 'postgres' && 'nodes that share a PostgreSQL rotate in cluster/';

let issuer, api, apache, haproxy;
before(async () => {
  mock.method(console, 'warn', () => {}); // the verifier warns that plain http is for tests
  if (skip) return;
  issuer = await startIssuer();
  if (without) return; // Okta's clients for Node.js are there always
  api = await startApi();
  const keeper = await makeService(issuer.api);
  apache = await startApache({ keys: keysGate(issuer, 'api://tests'), asking: askingGate(issuer, keeper) }, api);
  haproxy = await startHaproxy({ issuer: issuer.issuer, audience: 'api://tests', jwks: issuer.jwks, api });
});
after(async () => {
  await haproxy?.stop();
  await apache?.stop();
  await api?.stop();
  await issuer?.server.stop();
});

test('no resource server refuses a token through rotations under load', { skip }, async (t) => {
  const gates = without ? {} : { apache: apache.ports.keys, asking: apache.ports.asking, haproxy: haproxy.port };
  const seen = Object.fromEntries([...Object.keys(gates), 'node'].map((name) => [name, new Set()]));
  const verifier = new OktaJwtVerifier({ issuer: issuer.issuer, testing: { disableHttpsCheck: true } });
  const sdk = new okta.Client({
    orgUrl: issuer.origin, token: issuer.api.token, testing: { disableHttpsCheck: true }, cacheMiddleware: null,
  });
  const keys = sdk.authorizationServerApi;
  const authServerId = issuer.place.id;
  const kids = async () => {
    const all = {};
    await (await keys.listAuthorizationServerKeys({ authServerId })).each(({ kid, status }) => { (all[status] ??= []).push(kid); });
    return all;
  };

  const oldest = await issuer.take();
  const resource = underLoad(6, async () => {
    const token = await issuer.take();
    const { kid } = decode(token).header;
    for (const [gate, port] of Object.entries(gates)) {
      const reply = await call(port, token);
      assert.equal(reply.status, 200, `${gate}, key ${kid}: ${reply.text.slice(0, 300)}`);
      seen[gate].add(kid);
    }
    const { claims } = await verifier.verifyAccessToken(token, 'api://tests');
    assert.equal(claims.cid, issuer.service.id);
    seen.node.add(kid);
  });
  const admin = underLoad(1, async () => {
    const { ACTIVE, NEXT } = await kids();
    assert.deepEqual([ACTIVE?.length, NEXT?.length], [1, 1]);
    const server = await sdk.authorizationServerApi.getAuthorizationServer({ authServerId });
    assert.equal(server.status, 'ACTIVE');
  });

  const signed = [decode(oldest).header.kid];
  for (let round = 0; round < rotations; round++) {
    const { NEXT: [next] } = await kids();
    await (await keys.rotateAuthorizationServerKeys({ authServerId, use: { use: 'sig' } })).each(() => {}); // asks when it is read
    assert.deepEqual((await kids()).ACTIVE, [next]);
    signed.push(next);
    const passed = () => Object.values(seen).every((kids) => kids.has(next)) || resource.failures.length;
    await until(passed, 'tokens of the new key everywhere', 20_000);
    await sleep(1_500);
    await haproxy?.followKeys(); // its files are those of before the rotation; the operator's job comes a while later
    await sleep(1_500);
  }
  await admin.stop();
  await resource.stop();

  assert.deepEqual(resource.failures.map(String), []);
  assert.deepEqual(admin.failures.map(String), []);
  assert.equal(new Set(signed).size, rotations + 1);
  for (const [gate, passed] of Object.entries(seen)) assert.deepEqual([...passed].sort(), [...signed].sort(), gate);
  for (const [gate, port] of Object.entries(gates)) assert.equal((await call(port, oldest)).status, 200, gate);
  await verifier.verifyAccessToken(oldest, 'api://tests');
  t.diagnostic(`${resource.done} tokens taken and used at ${Object.keys(seen).length} resource servers through ${rotations} rotations, none refused`);
});
