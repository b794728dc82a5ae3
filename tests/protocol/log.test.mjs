// The System Log: what happened stands in it once, in order, with who did it and to what, however it is read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { refused } from '../harness/expect.mjs';
import { decode } from '../harness/jwt.mjs';
import { appBody, claimBody, grant, makeAuthorizationServer, makeService, policyBody, ruleBody, scopeBody, serverBody } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';
import { inParallel, sleep } from '../harness/wait.mjs';

let server, api, me, service, place;
before(async () => {
  server = await startServer();
  api = server.api;
  me = await api.ok('GET', '/api/v1/users/me');
  service = await makeService(api);
  place = await makeAuthorizationServer(api);
});
after(() => server?.stop());

/** The next link after everything that is in the log now. */
async function end() {
  let page = await api.get('/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z');
  while (page.json.length > 0) page = await api.get(page.next);
  return page.next;
}
/** Everything after a link. */
async function since(link) {
  const events = [];
  for (let page = await api.get(link); page.json.length > 0; page = await api.get(page.next)) events.push(...page.json);
  return events;
}
const targets = (event) => event.target.map((target) => target.id);
const named = (event, type) => event.target.find((target) => target.type === type);

test('every change stands once in the log, in the order of the changes, with its actor and its target', async () => {
  const start = await end();
  const expected = [];
  const did = async (eventType, id, promise) => expected.push([eventType, (await promise)?.id ?? id]);
  const made = await api.ok('POST', '/api/v1/authorizationServers', serverBody(), 201);
  const path = `/api/v1/authorizationServers/${made.id}`;
  expected.push(['oauth2.as.created', made.id]);
  await did('oauth2.as.updated', made.id, api.ok('PUT', path, serverBody()));
  await did('oauth2.as.deactivated', made.id, api.ok('POST', `${path}/lifecycle/deactivate`, null, 204));
  await did('oauth2.as.activated', made.id, api.ok('POST', `${path}/lifecycle/activate`, null, 204));
  await did('app.oauth2.as.key.rollover', made.id, api.ok('POST', `${path}/credentials/lifecycle/keyRotate`, { use: 'sig' }, 200).then(() => null));

  const scope = await api.ok('POST', `${path}/scopes`, scopeBody('s'), 201);
  expected.push(['oauth2.scope.created', scope.id]);
  await did('oauth2.scope.updated', scope.id, api.ok('PUT', `${path}/scopes/${scope.id}`, { ...scope, consent: 'FLEXIBLE' }));
  await did('oauth2.scope.deleted', scope.id, api.ok('DELETE', `${path}/scopes/${scope.id}`));
  const claim = await api.ok('POST', `${path}/claims`, claimBody('c', '1'), 201);
  expected.push(['oauth2.claim.created', claim.id]);
  await did('oauth2.claim.updated', claim.id, api.ok('PUT', `${path}/claims/${claim.id}`, claimBody('c', '2')));
  await did('oauth2.claim.deleted', claim.id, api.ok('DELETE', `${path}/claims/${claim.id}`));

  const policy = await api.ok('POST', `${path}/policies`, policyBody(), 201);
  const policyPath = `${path}/policies/${policy.id}`;
  expected.push(['policy.lifecycle.create', policy.id]);
  await did('policy.lifecycle.update', policy.id, api.ok('PUT', policyPath, policyBody()));
  await did('policy.lifecycle.deactivate', policy.id, api.ok('POST', `${policyPath}/lifecycle/deactivate`, null, 204));
  await did('policy.lifecycle.activate', policy.id, api.ok('POST', `${policyPath}/lifecycle/activate`, null, 204));
  const rule = await api.ok('POST', `${policyPath}/rules`, ruleBody(), 201);
  const rulePath = `${policyPath}/rules/${rule.id}`;
  expected.push(['policy.rule.add', rule.id]);
  await did('policy.rule.update', rule.id, api.ok('PUT', rulePath, ruleBody()));
  await did('policy.rule.deactivate', rule.id, api.ok('POST', `${rulePath}/lifecycle/deactivate`, null, 204));
  await did('policy.rule.activate', rule.id, api.ok('POST', `${rulePath}/lifecycle/activate`, null, 204));
  await did('policy.rule.delete', rule.id, api.ok('DELETE', rulePath));
  await did('policy.lifecycle.delete', policy.id, api.ok('DELETE', policyPath));

  const app = await api.ok('POST', '/api/v1/apps', appBody(), 200);
  expected.push(['application.lifecycle.create', app.id]);
  await did('application.lifecycle.update', app.id, api.ok('PUT', `/api/v1/apps/${app.id}`, appBody()));
  await did('application.lifecycle.deactivate', app.id, api.ok('POST', `/api/v1/apps/${app.id}/lifecycle/deactivate`, null, 200));
  await did('application.lifecycle.delete', app.id, api.ok('DELETE', `/api/v1/apps/${app.id}`));
  const group = await api.ok('POST', '/api/v1/groups', { profile: { name: 'logged' } }, 200);
  expected.push(['group.lifecycle.create', group.id]);
  await did('group.lifecycle.delete', group.id, api.ok('DELETE', `/api/v1/groups/${group.id}`));
  await api.ok('POST', `${path}/lifecycle/deactivate`, null, 204);
  expected.push(['oauth2.as.deactivated', made.id]);
  await did('oauth2.as.deleted', made.id, api.ok('DELETE', path));

  const events = (await since(start)).filter((event) => event.actor.type === 'User');
  const seen = events.map((event) => [event.eventType, event.target[0].id]);
  assert.deepEqual(seen, expected);
  for (const event of events) {
    assert.equal(event.actor.id, me.id);
    assert.equal(event.actor.alternateId, me.profile.login);
    assert.equal(event.outcome.result, 'SUCCESS');
    assert.equal(event.client.ipAddress, '127.0.0.1');
    assert.match(event.published, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(event.version, '0');
  }
  assert.equal(new Set(events.map((event) => event.uuid)).size, events.length);
});

test('a request that was refused or changed nothing at all leaves no event of a change', async () => {
  const start = await end();
  refused(await api.post(`${place.path}/policies`, policyBody({ name: '' })), 400, 'E0000001');
  refused(await api.get(`${place.path}/policies/00p00000000000000000`), 404, 'E0000007');
  await api.ok('GET', place.path);
  assert.deepEqual((await since(start)).map((event) => event.eventType), []);
});

test('a granted token stands in the log with its id, client, policy and rule, and the id of its request', async () => {
  const start = await end();
  const reply = await grant(server.origin, place.id, service, 'read');
  const events = await since(start);
  assert.equal(events.length, 1);
  const [event] = events;
  assert.equal(event.eventType, 'app.oauth2.as.token.grant.access_token');
  assert.deepEqual(event.outcome, { result: 'SUCCESS', reason: null });
  assert.equal(event.actor.id, service.id);
  const { jti } = decode(reply.json.access_token).claims;
  for (const id of [jti, service.id, place.policy.id, place.rule.id, place.id]) assert.ok(targets(event).includes(id), id);
  assert.equal(event.debugContext.debugData.requestId, reply.headers['x-okta-request-id']);
  assert.ok(!JSON.stringify(event).includes(reply.json.access_token.split('.')[2]), 'the token itself is not logged');
});

test('a refusal after authentication stands in the log with its internal name', async () => {
  const start = await end();
  await grant(server.origin, place.id, service, 'unknown');
  await grant(server.origin, place.id, service);
  const narrow = await makeAuthorizationServer(api, { rule: null });
  await grant(server.origin, narrow.id, service, 'read');
  const events = (await since(start)).filter((event) => event.outcome.result === 'FAILURE');
  assert.deepEqual(events.map((event) => event.outcome.reason), ['no_matching_scope', 'no_default_scopes', 'no_matching_policy']);
  for (const event of events) {
    assert.equal(event.eventType, 'app.oauth2.as.token.grant');
    assert.equal(event.actor.id, service.id);
  }
});

test('who polls while tokens are minted in parallel misses none and sees none twice', async () => {
  const seen = [];
  let link = await end(), minting = true;
  const poll = async () => {
    const page = await api.get(`${link}`);
    assert.equal(page.status, 200, page.text);
    assert.ok(page.next, 'a poll always has a next link');
    seen.push(...page.json);
    link = page.next;
    return page.json.length;
  };
  const polling = (async () => { while (minting) { await poll(); await sleep(5); } })();
  const minted = await inParallel([...Array(300).keys()], 24, async () => decode((await grant(server.origin, place.id, service, 'read')).json.access_token).claims.jti);
  minting = false;
  await polling;
  while (await poll() > 0);
  const logged = seen.filter((event) => event.eventType.endsWith('access_token')).map((event) => named(event, 'access_token').id);
  assert.equal(logged.length, 300);
  assert.deepEqual([...logged].sort(), [...minted].sort());
  assert.equal(new Set(seen.map((event) => event.uuid)).size, seen.length);
});

test('a page of any size gives the same events in the same order', async () => {
  const all = await api.all(`/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z&until=${new Date().toISOString()}`);
  for (const limit of [1, 7, 100].slice(all.length > 100 ? 1 : 0)) {
    const paged = await api.all(`/api/v1/logs?limit=${limit}&since=2000-01-01T00:00:00.000Z&until=${all.at(-1).published}`);
    const expected = all.filter((event) => event.published < all.at(-1).published).map((event) => event.uuid);
    assert.deepEqual(paged.map((event) => event.uuid).slice(0, expected.length), expected, `limit ${limit}`);
  }
});

test('since and until bound the time, and the order may be turned', async () => {
  const first = new Date().toISOString();
  await sleep(20);
  await api.ok('PUT', place.path, serverBody({ name: 'between' }));
  await sleep(20);
  const until = new Date().toISOString();
  await sleep(20);
  await api.ok('PUT', place.path, serverBody({ name: 'after' }));
  const between = await api.ok('GET', `/api/v1/logs?since=${first}&until=${until}`);
  assert.deepEqual(between.map((event) => [event.eventType, event.target[0].displayName]), [['oauth2.as.updated', 'between']]);
  const bounds = `since=2000-01-01T00:00:00.000Z&until=${until}`;
  const up = await api.all(`/api/v1/logs?${bounds}&limit=200`);
  const down = await api.all(`/api/v1/logs?${bounds}&sortOrder=DESCENDING&limit=50`);
  assert.deepEqual(down.map((event) => event.uuid), up.map((event) => event.uuid).reverse());
  assert.deepEqual(up.map((event) => event.published), up.map((event) => event.published).sort());
});

test('bounds, limits and orders that mean nothing are refused by their name', async () => {
  for (const [query, about] of [['since=yesterday', /since/], ['until=x', /until/], ['limit=1001', /limit/], ['limit=-1', /limit/], ['sortOrder=SIDEWAYS', /sortOrder/]]) {
    refused(await api.get(`/api/v1/logs?${query}`), 400, 'E0000001', about);
  }
  assert.equal((await api.get('/api/v1/logs?after=nonsense%20cursor')).status, 400);
  assert.deepEqual((await api.get('/api/v1/logs?limit=0')).json, []);
});

test('refusals before authentication are counted into one event for each reason and address within about ten seconds', { timeout: 40_000 }, async () => {
  const start = await end();
  const wrong = { id: service.id, secret: 'wrong' };
  await inParallel([...Array(40).keys()], 8, () => grant(server.origin, place.id, wrong, 'read'));
  const began = Date.now();
  let events = [];
  while (events.length === 0 && Date.now() - began < 25_000) {
    await sleep(500);
    events = await since(start);
  }
  assert.ok(Date.now() - began < 22_000, 'within two windows');
  assert.ok(events.length >= 1 && events.length <= 2, `${events.length} events for forty refusals`);
  for (const event of events) assert.equal(event.outcome.result, 'FAILURE');
  assert.match(JSON.stringify(events), /invalid_client/);
  assert.match(JSON.stringify(events), new RegExp(events.length === 1 ? '40' : '\\d'), 'the count is said');
});
