// What happens to a rule or policy when something that it names goes away: it narrows, never widens, and the log says so.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { refusedByOauth } from '../harness/expect.mjs';
import { decode } from '../harness/jwt.mjs';
import { claimBody, grant, makeAuthorizationServer, makeService, policyBody, ruleBody, scopeBody } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

const noPolicy = 'Policy evaluation failed for this request, please check the policy configurations.';
let server, api, service;
before(async () => {
  server = await startServer();
  api = server.api;
  service = await makeService(api);
});
after(() => server?.stop());

const invalidated = async (id) => (await api.all('/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z&until=2100-01-01T00:00:00.000Z'))
  .filter((event) => event.eventType === 'policy.rule.invalidate' && event.target.some((target) => target.id === id));

test('a rule for a group that is deleted keeps naming it, fits nobody, and is no rule for services', async () => {
  const group = await api.ok('POST', '/api/v1/groups', { profile: { name: 'short-lived' } }, 200);
  const place = await makeAuthorizationServer(api, { rule: { conditions: { people: { groups: { include: [group.id] } } } } });
  await api.ok('DELETE', `/api/v1/groups/${group.id}`);
  const rule = await api.ok('GET', place.rulePath);
  assert.deepEqual(rule.conditions.people.groups.include, [group.id]);
  refusedByOauth(await grant(server.origin, place.id, service, 'read'), 401, 'access_denied', noPolicy);
  assert.equal((await invalidated(place.rule.id)).length, 1);
  const again = await api.ok('PUT', place.rulePath, rule);
  assert.deepEqual(again.conditions, rule.conditions, 'what was read may be written back');
});

test('a rule for a scope that is deleted does not permit another scope, nor one made anew under the name for another rule', async () => {
  const place = await makeAuthorizationServer(api, { scopes: ['gone', 'kept'], rule: { conditions: { scopes: { include: ['gone'] } } } });
  const scope = (await api.ok('GET', `${place.path}/scopes?q=gone`))[0];
  await api.ok('DELETE', `${place.path}/scopes/${scope.id}`);
  assert.deepEqual((await api.ok('GET', place.rulePath)).conditions.scopes.include, ['gone']);
  refusedByOauth(await grant(server.origin, place.id, service, 'gone'), 400, 'invalid_scope');
  refusedByOauth(await grant(server.origin, place.id, service, 'kept'), 401, 'access_denied', noPolicy);
  assert.equal((await invalidated(place.rule.id)).length, 1);
});

test('a policy for a client that is deleted is a policy for nobody, not for everybody', async () => {
  const other = await makeService(api);
  const place = await makeAuthorizationServer(api, { policy: { conditions: { clients: { include: [other.id] } } } });
  assert.equal((await grant(server.origin, place.id, other, 'read')).status, 200);
  await api.ok('POST', `/api/v1/apps/${other.id}/lifecycle/deactivate`, null, 200);
  await api.ok('DELETE', `/api/v1/apps/${other.id}`);
  assert.deepEqual((await api.ok('GET', place.policyPath)).conditions.clients.include, [other.id]);
  refusedByOauth(await grant(server.origin, place.id, service, 'read'), 401, 'access_denied', noPolicy);
  assert.ok((await invalidated(place.policy.id)).length >= 1);
});

test('a claim for a scope that is deleted does not become a claim for every token', async () => {
  const place = await makeAuthorizationServer(api, { scopes: ['gone', 'kept'] });
  await api.ok('POST', `${place.path}/claims`, claimBody('secret', "'x'", { conditions: { scopes: ['gone'] } }), 201);
  const scope = (await api.ok('GET', `${place.path}/scopes?q=gone`))[0];
  await api.ok('DELETE', `${place.path}/scopes/${scope.id}`);
  const reply = await grant(server.origin, place.id, service, 'kept');
  assert.equal(reply.status, 200, reply.text);
  assert.equal('secret' in decode(reply.json.access_token).claims, false);
});

test('deleting a policy takes its rules with it, and the next policy decides', async () => {
  const place = await makeAuthorizationServer(api, { rule: { token: { accessTokenLifetimeMinutes: 10 } } });
  const second = await api.ok('POST', `${place.path}/policies`, policyBody({ priority: 2 }), 201);
  await api.ok('POST', `${place.path}/policies/${second.id}/rules`, ruleBody({ token: { accessTokenLifetimeMinutes: 20 } }), 201);
  assert.equal((await grant(server.origin, place.id, service, 'read')).json.expires_in, 600);
  await api.ok('DELETE', place.policyPath);
  assert.equal((await api.get(place.rulePath)).status, 404);
  assert.equal((await grant(server.origin, place.id, service, 'read')).json.expires_in, 1200);
  await api.ok('POST', `${place.path}/policies/${second.id}/lifecycle/deactivate`, null, 204);
  refusedByOauth(await grant(server.origin, place.id, service, 'read'), 401, 'access_denied', noPolicy);
});

test('moving a rule changes at once which one governs', async () => {
  const place = await makeAuthorizationServer(api, { rule: { name: 'ten', token: { accessTokenLifetimeMinutes: 10 } } });
  const rules = `${place.policyPath}/rules`;
  const body = (priority) => ruleBody({ name: 'twenty', priority, token: { accessTokenLifetimeMinutes: 20 } });
  const twenty = await api.ok('POST', rules, body(2), 201);
  const lifetime = async () => (await grant(server.origin, place.id, service, 'read')).json.expires_in;
  for (const [priority, expected] of [[1, 1200], [2, 600], [1, 1200], [2, 600]]) {
    await api.ok('PUT', `${rules}/${twenty.id}`, body(priority));
    assert.equal(await lifetime(), expected, `twenty at ${priority}`);
    assert.equal((await api.ok('GET', rules)).length, 2);
  }
  await api.ok('DELETE', `${rules}/${twenty.id}`);
  assert.equal(await lifetime(), 600);
});

test('a server deleted in the middle of the load answers as an unknown one from then on', async () => {
  const place = await makeAuthorizationServer(api);
  await api.ok('POST', `${place.path}/lifecycle/deactivate`, null, 204);
  await api.ok('POST', `${place.path}/lifecycle/activate`, null, 204);
  const load = Promise.all(Array.from({ length: 60 }, () => grant(server.origin, place.id, service, 'read')));
  await api.ok('POST', `${place.path}/lifecycle/deactivate`, null, 204);
  await api.ok('DELETE', place.path);
  for (const reply of await load) assert.ok(reply.status === 200 || reply.json.error === 'invalid_request', reply.text);
  refusedByOauth(await grant(server.origin, place.id, service, 'read'), 400, 'invalid_request', 'The authorization server id is invalid.');
});

test('a scope made anew under an old name is a new scope', async () => {
  const place = await makeAuthorizationServer(api, { scopes: ['again'] });
  const old = (await api.ok('GET', `${place.path}/scopes?q=again`))[0];
  await api.ok('DELETE', `${place.path}/scopes/${old.id}`);
  const made = await api.ok('POST', `${place.path}/scopes`, scopeBody('again'), 201);
  assert.notEqual(made.id, old.id);
  assert.equal((await api.get(`${place.path}/scopes/${old.id}`)).status, 404);
});
