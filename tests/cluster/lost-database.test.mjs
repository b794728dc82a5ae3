// The database goes away under load, for every node or for one: who cannot know what ended elsewhere gives out no token and judges
// none, goes on with what needs no knowledge, loses nothing that was acknowledged, and comes back by itself.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askOauth, basic, client } from '../harness/api.mjs';
import { startWire } from '../harness/cut.mjs';
import { decode, verified } from '../harness/jwt.mjs';
import { underLoad } from '../harness/load.mjs';
import { startNodes } from '../harness/nodes.mjs';
import { grant, makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { store } from '../harness/paths.mjs';
import { startCluster } from '../harness/postgres.mjs';
import { inParallel, sleep, until } from '../harness/wait.mjs';

const skip = store !== 'postgres' && 'PostgreSQL only';
const everyEvent = '/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z&until=2100-01-01T00:00:00.000Z';

const granted = [];

let cluster, wire, nodes, service, reader, place;
before(async () => {
  if (skip) return;
  cluster = await startCluster();
  wire = await startWire(Number(new URL(cluster.url).port));
  // The second node reaches the database through a wire of its own.
  const through = (url, number) => (number === 1 ? url.replace(/:\d+\//, `:${wire.port}/`) : url);
  nodes = await startNodes(2, { cluster: cluster.url, through });
  service = await makeService(nodes[0].api);
  reader = await makeService(nodes[0].api);
  place = await makeAuthorizationServer(nodes[0].api);
  await until(async () => (await mint(nodes[1])).status === 200, 'the other node to follow');
});
after(async () => {
  await nodes?.stop();
  await wire?.stop();
  await cluster?.stop();
});

const mint = (node) => grant(node.origin, place.id, service, 'read');
const as = (who) => ({ authorization: basic(who.id, who.secret) });
const introspect = (node, token) => askOauth(node.origin, place.id, 'introspect', { token }, as(reader));
const revoke = (node, token) => askOauth(node.origin, place.id, 'revoke', { token }, as(service));
const makeScope = (node, name) => node.api.post(`${place.path}/scopes`, { name });
const health = async (node, word) => (await client(node.origin).get(`/health/${word}`)).status;

/** Fails unless the reply is the 503 that says when to come again. */
const comeAgain = (reply, what) => {
  assert.equal(reply.status, 503, `${what}: ${reply.status} ${reply.text}`);
  assert.match(reply.headers['retry-after'] ?? '', /^\d+$/, what);
};

/** What a node is and is not good for while it cannot ask the database. `good` is a token that stands. */
const isCutOff = async (node, good, jwks) => {
  const [keys, documents, asked, alive] = await Promise.all([
    node.api.get(`/oauth2/${place.id}/v1/keys`),
    Promise.all(['openid-configuration', 'oauth-authorization-server']
      .map((document) => client(node.origin).get(`/oauth2/${place.id}/.well-known/${document}`))),
    Promise.all([mint(node), introspect(node, good), revoke(node, good), makeScope(node, 'lost')]),
    Promise.all([health(node, 'live'), health(node, 'ready')]),
  ]);
  assert.deepEqual(keys.json, jwks);
  for (const reply of documents) assert.equal(reply.json?.issuer, place.server.issuer, reply.text);
  ['a token', 'a judgement', 'a revocation', 'a change'].forEach((what, index) => comeAgain(asked[index], what));
  assert.deepEqual(alive, [200, 503]);
};
const stopsMinting = (node) => until(async () => (await mint(node)).status !== 200, 'the node to stop minting', 15_000);
const mintsAgain = (node) => until(async () => (await mint(node)).status === 200, 'tokens again', 30_000, 100);

test('a database that is killed under load costs nothing that was acknowledged, and both nodes come back by themselves', { skip }, async (t) => {
  const revoked = [], scopes = [];
  const load = underLoad(8, async (worker) => {
    const node = nodes[worker % 2];
    const reply = await mint(node);
    if (reply.status !== 200) return comeAgain(reply, 'a token');
    const token = reply.json.access_token;
    granted.push(token);
    if (granted.length % 5 === 0) {
      const over = await revoke(node, token);
      if (over.status === 200) revoked.push(token);
      else comeAgain(over, 'a revocation');
    }
    if (granted.length % 7 === 0) {
      const made = await makeScope(node, `made.${worker}.${granted.length}`);
      if (made.status === 201) scopes.push(made.json);
      else comeAgain(made, 'a change');
    }
  });
  const enough = () => load.failures.length || (granted.length > 150 && revoked.length > 10 && scopes.length > 10);
  await until(enough, 'load', 60_000);
  const jwks = (await nodes[0].api.get(`/oauth2/${place.id}/v1/keys`)).json;

  const [killed, before] = [performance.now(), granted.length];
  await cluster.pause('SIGKILL');
  let stopped;
  try {
    await Promise.all(nodes.map(stopsMinting));
    stopped = performance.now();
    await sleep(1_000); // for so long a node may rely on what it knew
    for (const node of nodes) await isCutOff(node, granted[0], jwks);
  } finally { await cluster.resume(); }
  const back = performance.now();
  await Promise.all(nodes.map(mintsAgain));
  const minting = performance.now();
  const after = granted.length;
  await until(() => load.failures.length || granted.length > after + 50, 'load again', 20_000);
  await load.stop();
  assert.deepEqual(load.failures.map(String), []);

  await Promise.all(nodes.map((node) => until(async () => await health(node, 'ready') === 200, 'readiness')));
  let names;
  await until(async () => {
    names = new Map((await nodes[1].api.all(`${place.path}/scopes?limit=200`)).map((scope) => [scope.id, scope.name]));
    return scopes.every((scope) => names.get(scope.id) === scope.name);
  }, 'the other node to follow').catch(() => assert.deepEqual(scopes.filter((scope) => !names.has(scope.id)), []));
  const over = new Set(revoked);
  await inParallel(granted, 8, async (token, index) => {
    const node = nodes[index % 2];
    const reply = await until(async () => { const said = await introspect(node, token); return said.status === 200 && said; }, 'an answer');
    // A revocation that was not acknowledged may have been made or not.
    if (over.has(token)) assert.equal(reply.json.active, false, 'revoked, but good again');
  });
  t.diagnostic(`${before} tokens, ${revoked.length} revocations and ${scopes.length} scopes; stopped ${Math.round(stopped - killed)} ms after `
    + `the kill, minted ${Math.round(minting - back)} ms after the database's return`);
});

for (const [how, lose] of [['is cut', () => wire.cut()], ['goes silent', () => wire.silence()]]) {
  test(`a node whose own connection ${how} neither mints nor judges, while the other goes on`, { skip }, async (t) => {
    const [well, alone] = nodes;
    const reply = await mint(well);
    assert.equal(reply.status, 200, reply.text);
    const good = reply.json.access_token;
    const jwks = (await well.api.get(`/oauth2/${place.id}/v1/keys`)).json;
    let unsure = 0; // on a machine that is busy with other things any node may be late for a moment, and says so
    const load = underLoad(2, async () => {
      const reply = await mint(well);
      if (reply.status === 200) return verified(reply.json.access_token, jwks);
      comeAgain(reply, 'a token');
      unsure++;
    });
    const lost = performance.now();
    lose();
    try {
      await sleep(1_000);
      const late = await introspect(alone, good); // sent a second after
      comeAgain(late, 'a judgement');
      await stopsMinting(alone);
      t.diagnostic(`it had stopped minting ${Math.round(performance.now() - lost)} ms after`);
      await isCutOff(alone, good, jwks);

      assert.equal((await revoke(well, good)).status, 200);
      const name = `while.it.${how.replace(' ', '.')}`;
      assert.equal((await makeScope(well, name)).status, 201);
      comeAgain(await introspect(alone, good), 'a judgement on what was revoked elsewhere');

      const healed = performance.now();
      wire.heal();
      await mintsAgain(alone);
      t.diagnostic(`it minted ${Math.round(performance.now() - healed)} ms after the wire was whole again`);
      assert.equal((await introspect(alone, good)).text, '{"active":false}');
      assert.equal((await grant(alone.origin, place.id, service, name)).status, 200);
      await until(async () => await health(alone, 'ready') === 200, 'readiness');
    } finally {
      wire.heal();
      await load.stop();
    }
    assert.deepEqual(load.failures.map(String), []);
    const made = load.done - unsure;
    assert.ok(made > 20 && made > 10 * unsure, `the other node made ${made} tokens, and was unsure ${unsure} times`);
  });
}

// Last, because it may take a minute: what was being written when the database died leaves a gap in the log, which the events
// after it wait for.
test('every token that was answered before and after the kill is in the log', { skip }, async () => {
  const jtis = granted.map((token) => decode(token).claims.jti);
  assert.ok(jtis.length > 0);
  let missing = jtis;
  await until(async () => {
    const targets = (await nodes[1].api.all(everyEvent)).flatMap((event) => event.target ?? []);
    const logged = new Set(targets.map((target) => target.id));
    missing = jtis.filter((jti) => !logged.has(jti));
    return missing.length === 0;
  }, 'the log to be whole', 90_000, 1_000).catch((error) => assert.fail(`${error.message}: ${missing.length} of ${jtis.length} are missing`));
});
