// Several nodes on one PostgreSQL whose servers are due for a rotation at the same moment: each rotates once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeAuthorizationServer } from '../harness/objects.mjs';
import { store } from '../harness/paths.mjs';
import { query } from '../harness/postgres.mjs';
import { newHome } from '../harness/process.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

const servers = 6;
const hour = 3_600_000;

/** Makes every key of a database older, as if it had been made that long ago. */
const age = (home, milliseconds) => query(home.env.TOKENMINT_DATABASE_URL,
  `update signing_key set created = created - ${milliseconds}, activated = activated - ${milliseconds}`);
const rollovers = async (api) => (await api.all('/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z&until=2100-01-01T00:00:00.000Z'))
  .filter((event) => event.eventType === 'app.oauth2.as.key.rollover');

test('of two nodes that find servers due at once exactly one rotates each', { skip: store !== 'postgres' && 'PostgreSQL only' }, async () => {
  const home = await newHome();
  const first = await startServer({ home });
  const places = [];
  for (let at = 0; at < servers; at++) {
    const tokenmint = { signingAlgorithm: at % 2 ? 'RS256' : 'ES256' };
    places.push((await makeAuthorizationServer(first.api, { rule: null, scopes: [], tokenmint })).path);
  }
  places.push('/api/v1/authorizationServers/default');
  const keysOf = (api, path) => api.ok('GET', `${path}/credentials/keys`);
  const before = await Promise.all(places.map((path) => keysOf(first.api, path)));
  await first.stop();
  await age(home, 90 * 24 * hour);
  const homes = [home, { ...await newHome(), env: home.env }];
  const nodes = await Promise.all(homes.map((home) => startServer({ home })));
  try {
    for (const { api } of nodes) {
      await until(async () => {
        const keys = await Promise.all(places.map((path) => keysOf(api, path)));
        return keys.every((keys) => keys.length === 3);
      }, 'every server to have rotated', 60_000, 100);
    }
    await until(async () => (await rollovers(nodes[0].api)).length >= places.length, 'the events');
    for (const [at, path] of places.entries()) {
      const [active, next, expired] = await keysOf(nodes[1].api, path);
      assert.deepEqual([active.status, next.status, expired.status], ['ACTIVE', 'NEXT', 'EXPIRED']);
      assert.deepEqual([active.kid, expired.kid], [before[at][1].kid, before[at][0].kid], 'one place on, not two');
    }
    const events = await rollovers(nodes[0].api);
    assert.equal(events.length, places.length, 'one event each');
    assert.equal(new Set(events.map((event) => event.target[0].id)).size, places.length);
    assert.ok(events.every((event) => event.actor.type === 'SystemPrincipal' && event.outcome.reason === null));
  } finally { await Promise.all(nodes.map((node) => node.stop())); }
});
