// Two nodes on one PostgreSQL: what one has acknowledged, the other knows within a second.
//
// The promise needs no slack for a busy machine: a request that is sent a second after the acknowledgement, or later, must not be
// answered from older knowledge. A node that is late says 503 instead, and that is no wrong answer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askOauth, askToken, basic } from '../harness/api.mjs';
import { assertionType, claimsOf, newKey, token as sign } from '../harness/assertion.mjs';
import { decode, verified } from '../harness/jwt.mjs';
import { underLoad } from '../harness/load.mjs';
import { delayUntil, startNodes } from '../harness/nodes.mjs';
import { grant, makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { store } from '../harness/paths.mjs';
import { sleep, until } from '../harness/wait.mjs';

const skip = store !== 'postgres' && 'PostgreSQL only';
const rounds = 6;

let nodes, service, reader, place;
before(async () => {
  if (skip) return;
  nodes = await startNodes(2);
  service = await makeService(nodes[0].api);
  reader = await makeService(nodes[0].api);
  place = await makeAuthorizationServer(nodes[0].api);
  await until(async () => (await grant(nodes[1].origin, place.id, service, 'read')).status === 200, 'the other node to follow');
});
after(() => nodes?.stop());

const as = (client) => ({ authorization: basic(client.id, client.secret) });
const sure = async (ask) => until(async () => { const reply = await ask(); return reply.status !== 503 && reply; }, 'an answer');
const mint = async (node, where = place, by = service, scope = 'read') => {
  const reply = await sure(() => grant(node.origin, where.id, by, scope));
  assert.equal(reply.status, 200, reply.text);
  return reply.json.access_token;
};
/** Null where a node is not sure, else what `judge` says of its reply. */
const unlessUnsure = (ask, judge) => async () => {
  const reply = await ask();
  return reply.status === 503 ? null : judge(reply);
};
/** Says the delays, and fails if a request that was sent too late saw the old state. */
const withinASecond = (t, what, delays) => {
  const seen = delays.map((delay) => delay.seen).sort((a, b) => a - b);
  t.diagnostic(`${what}: seen by the other node after ${seen.join(', ')} ms`);
  for (const delay of delays) assert.ok(delay.blind <= 1_000, `${what}: not seen ${delay.blind} ms after it was acknowledged`);
};
/** Runs rounds of which every second one goes the other way. */
const bothWays = async (work) => {
  const delays = [];
  for (let round = 0; round < rounds; round++) delays.push(await work(nodes[round % 2], nodes[(round + 1) % 2], round));
  return delays;
};

test('a scope made on one node is granted by the other within a second', { skip }, async (t) => {
  withinASecond(t, 'a new scope', await bothWays(async (here, there, round) => {
    const name = `made.${round}`;
    const ask = () => grant(there.origin, place.id, service, name);
    assert.equal((await sure(ask)).json.error, 'invalid_scope');
    await here.api.ok('POST', `${place.path}/scopes`, { name }, 201);
    return delayUntil(unlessUnsure(ask, (reply) => reply.status === 200), name);
  }));
});

test('a rule changed on one node governs on the other within a second', { skip }, async (t) => {
  withinASecond(t, 'a changed rule', await bothWays(async (here, there, round) => {
    const rule = await here.api.ok('GET', place.rulePath);
    rule.actions.token.accessTokenLifetimeMinutes = 10 + round;
    await here.api.ok('PUT', place.rulePath, rule);
    const ask = () => grant(there.origin, place.id, service, 'read');
    return delayUntil(unlessUnsure(ask, (reply) => reply.json.expires_in === 60 * (10 + round)), 'the new lifetime');
  }));
});

test('an app deactivated on one node gets no token from the other, and has none that stands, a second later', { skip }, async (t) => {
  withinASecond(t, 'a deactivated app', await bothWays(async (here, there) => {
    const app = await makeService(here.api);
    await delayUntil(unlessUnsure(() => grant(there.origin, place.id, app, 'read'), (reply) => reply.status === 200), 'the app');
    const token = await mint(there, place, app);
    await here.api.ok('POST', `/api/v1/apps/${app.id}/lifecycle/deactivate`, null, 200);
    const delay = await delayUntil(unlessUnsure(() => grant(there.origin, place.id, app, 'read'), (reply) => reply.status === 401), 'its end');
    const judged = await sure(() => askOauth(there.origin, place.id, 'introspect', { token }, as(reader)));
    assert.equal(judged.text, '{"active":false}');
    return delay;
  }));
});

test('a token revoked on one node is over on the other within a second', { skip }, async (t) => {
  withinASecond(t, 'a revocation', await bothWays(async (here, there) => {
    const token = await mint(there);
    const ask = (node) => askOauth(node.origin, place.id, 'introspect', { token }, as(reader));
    assert.equal((await sure(() => ask(there))).json.active, true);
    assert.equal((await askOauth(here.origin, place.id, 'revoke', { token }, as(service))).status, 200);
    const delay = await delayUntil(unlessUnsure(() => ask(there), (reply) => !reply.json.active), 'its end');
    assert.equal((await sure(() => ask(here))).json.active, false);
    return delay;
  }));
});

test('keys rotated on one node sign on the other within a second', { skip }, async (t) => {
  withinASecond(t, 'a rotation', await bothWays(async (here, there) => {
    const [{ kid }] = (await here.api.ok('POST', `${place.path}/credentials/lifecycle/keyRotate`, { use: 'sig' }, 200))
      .filter((key) => key.status === 'ACTIVE');
    const ask = () => grant(there.origin, place.id, service, 'read');
    return delayUntil(unlessUnsure(ask, (reply) => decode(reply.json.access_token).header.kid === kid), 'the new key');
  }));
});

test('through rotations under load every token of one node verifies with the keys that the other published before', { skip }, async (t) => {
  const made = await makeAuthorizationServer(nodes[0].api);
  const published = async (node) => (await node.api.ok('GET', `/oauth2/${made.id}/v1/keys`));
  await until(() => mint(nodes[1], made).then(Boolean, () => false), 'the other node to know all of the server');
  const kids = new Set();
  const load = underLoad(6, async (worker) => {
    const [here, there] = worker % 2 ? nodes : [nodes[1], nodes[0]];
    const jwks = await published(there); // as if a resource server had cached them
    const token = await mint(here, made);
    assert.equal(verified(token, jwks).sub, service.id);
    kids.add(decode(token).header.kid);
  });
  for (let round = 1; round <= 4; round++) {
    await until(() => kids.size === round || load.failures.length, 'tokens of the new key', 10_000);
    await sleep(1_000); // two rotations within a second would outrun what the other node knows
    if (round < 4) await nodes[round % 2].api.ok('POST', `${made.path}/credentials/lifecycle/keyRotate`, { use: 'sig' }, 200);
  }
  await load.stop();
  assert.deepEqual(load.failures.map(String), []);
  t.diagnostic(`${load.done} tokens of ${kids.size} keys`);
});

test('an assertion that one node took is refused by the other, and of two at once exactly one gets a token', { skip }, async () => {
  const key = newKey('ES256');
  const app = await makeService(nodes[0].api, {
    credentials: { token_endpoint_auth_method: 'private_key_jwt' }, client: { jwks: { keys: [key.jwk] } },
  });
  const audience = `${place.server.issuer}/v1/token`;
  const fresh = () => sign({ alg: key.alg, kid: key.kid }, claimsOf(app.id, audience), key.privateKey);
  const present = (node, assertion) => askToken(node.origin, place.id, {
    grant_type: 'client_credentials', scope: 'read', client_assertion_type: assertionType, client_assertion: assertion,
  });
  await until(async () => (await present(nodes[1], fresh())).status === 200, 'the other node to know the app');
  const used = 'The client_assertion token has already been used.';
  const refused = (reply) => assert.deepEqual([reply.status, reply.json.error_description], [401, used], reply.text);
  await bothWays(async (here, there) => {
    const assertion = fresh();
    assert.equal((await sure(() => present(here, assertion))).status, 200);
    refused(await sure(() => present(there, assertion)));
    const contested = fresh();
    const replies = await Promise.all([here, there, here, there].map((node) => present(node, contested)));
    const sureOf = replies.filter((reply) => reply.status !== 503);
    const granted = sureOf.filter((reply) => reply.status === 200);
    assert.ok(granted.length <= 1 && (granted.length === 1 || sureOf.length < 4), replies.map((reply) => reply.text).join('\n'));
    sureOf.filter((reply) => reply.status !== 200).forEach(refused);
  });
});
