// Requests that are wrong before anybody reads their meaning: JSON, types, paths, preconditions, credentials, cursors.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client } from '../harness/api.mjs';
import { refused } from '../harness/expect.mjs';
import { makeAuthorizationServer, makeService, policyBody, ruleBody, serverBody } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

const servers = '/api/v1/authorizationServers';
let server, api, place, service;
before(async () => {
  server = await startServer();
  api = server.api;
  place = await makeAuthorizationServer(api);
  service = await makeService(api);
});
after(() => server?.stop());

test('a body that is not JSON is not well-formed', async () => {
  for (const body of ['{', '', '[1', '{"name":"x",}', "{'name':'x'}", '{"name":"\u0001"}', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])]) {
    refused(await api.post(servers, body, { 'content-type': 'application/json' }), 400, 'E0000003', 'The request body was not well-formed.');
  }
});

test('a body that is JSON but no object is refused', async () => {
  for (const body of ['[]', '"x"', '1', 'null', 'true']) {
    const reply = await api.post(servers, body, { 'content-type': 'application/json' });
    assert.equal(reply.status, 400, `${body}: ${reply.text}`);
    assert.ok(['E0000001', 'E0000003'].includes(reply.json.errorCode), reply.text);
  }
});

test('a body that is nested too deep is refused, and the server lives', async () => {
  const deep = (depth, open, close) => open.repeat(depth) + close.repeat(depth);
  for (const body of [deep(100_000, '[', ']'), `{"a":${deep(5_000, '{"a":', '}').replace('}', '1}')}}`, `{"profile":${deep(2_000, '[', ']')}}`]) {
    const reply = await api.post(servers, body, { 'content-type': 'application/json' });
    refused(reply, 400, 'E0000003');
  }
  assert.equal((await api.get(servers)).status, 200);
});

test('a body that is too big is 413', async () => {
  const reply = await api.post(servers, serverBody({ description: 'x'.repeat(1_100_000) })).catch(() => null);
  if (reply) assert.equal(reply.status, 413, reply.text);
  assert.equal((await api.get(servers)).status, 200);
});

test('a member of the wrong type is refused by its name', async () => {
  const rules = `${place.policyPath}/rules`;
  const wrong = [
    [servers, serverBody({ name: 5 }), /name/], [servers, serverBody({ audiences: 'api://x' }), /audiences/],
    [servers, serverBody({ audiences: [7] }), /audiences/], [servers, serverBody({ credentials: [] }), /credentials/],
    [`${place.path}/policies`, policyBody({ priority: 'first' }), /priority/], [`${place.path}/policies`, policyBody({ priority: 1.5 }), /priority/],
    [`${place.path}/policies`, policyBody({ conditions: 'all' }), /conditions/],
    [rules, ruleBody({ token: { accessTokenLifetimeMinutes: 'long' } }), /accessTokenLifetimeMinutes/],
    [rules, ruleBody({ token: { accessTokenLifetimeMinutes: 5.5 } }), /accessTokenLifetimeMinutes/],
    [rules, ruleBody({ token: { accessTokenLifetimeMinutes: 1e30 } }), /accessTokenLifetimeMinutes/],
    [rules, ruleBody({ conditions: { scopes: { include: 'all' } } }), /include|scopes/],
    [`${place.path}/scopes`, { name: 'x', default: 'maybe' }, /default/],
    ['/api/v1/groups', { profile: { name: ['x'] } }, /name/],
    ['/api/v1/apps', { label: 'x', signOnMode: 'OPENID_CONNECT', settings: { oauthClient: { redirect_uris: 'https://x' } } }, /redirect_uris/],
  ];
  const surprises = [];
  for (const [path, body, about] of wrong) {
    const reply = await api.post(path, body);
    const isFine = reply.status === 400 && ['E0000001', 'E0000003'].includes(reply.json.errorCode) && about.test(reply.text);
    if (!isFine) surprises.push(`${path} ${JSON.stringify(body).slice(0, 300)}: ${reply.status} ${reply.text.slice(0, 300)}`);
  }
  assert.deepEqual(surprises, []);
});

test('messages never name a type of the programming language', async () => {
  const replies = await Promise.all([
    api.post(servers, serverBody({ audiences: 'x' })), api.post(servers, '[]', {}), api.post(`${place.path}/scopes`, { name: 'x', default: 3 }),
    api.post(`${place.path}/policies`, policyBody({ priority: -1 })), api.get(`${servers}?limit=x`),
  ]);
  for (const reply of replies) assert.doesNotMatch(reply.text, /struct|usize|u32|i64|serde|Option|Vec<|panick|line \d+ column/, reply.text);
});

test('a body of another media type, and none, are refused with their codes', async () => {
  refused(await api.post(servers, '<a/>', { 'content-type': 'text/xml' }), 400, 'E0000021');
  refused(await api.send('POST', servers, Buffer.from(JSON.stringify(serverBody())), { 'content-type': '' }), 400, 'E0000021');
  refused(await api.get(servers, { accept: 'application/xml' }), 406, 'E0000122');
});

test('a 404 names the id and Okta\'s own type', async () => {
  const policy = `${place.path}/policies`;
  const missing = [
    [`${servers}/aus00000000000000000`, 'aus00000000000000000 (AuthorizationServer)'],
    [`${servers}/aus00000000000000000/policies`, 'aus00000000000000000 (AuthorizationServer)'],
    [`${policy}/00p00000000000000000`, '00p00000000000000000 (Policy)'],
    [`${policy}/00p00000000000000000/rules`, '00p00000000000000000 (Policy)'],
    [`${place.policyPath}/rules/0pr00000000000000000`, '0pr00000000000000000 (PolicyRule)'],
    [`${place.path}/scopes/scp00000000000000000`, 'scp00000000000000000 (OAuth2Scope)'],
    [`${place.path}/claims/ocl00000000000000000`, 'ocl00000000000000000 (OAuth2Claim)'],
    ['/api/v1/groups/00g00000000000000000', '00g00000000000000000 (UserGroup)'],
    ['/api/v1/apps/0oa00000000000000000', '0oa00000000000000000 (AppInstance)'],
    ['/api/v1/users/00u00000000000000000', '00u00000000000000000 (User)'],
    ['/api/v1/api-tokens/00T00000000000000000', null],
    [`${place.path}/credentials/keys/nothing`, null],
    ['/oauth2/aus00000000000000000/.well-known/openid-configuration', 'aus00000000000000000 (AuthorizationServer)'],
    ['/oauth2/aus00000000000000000/v1/keys', 'aus00000000000000000 (AuthorizationServer)'],
  ];
  for (const [path, what] of missing) {
    refused(await api.get(path), 404, 'E0000007', what ? `Not found: Resource not found: ${what}` : /^Not found: Resource not found: /);
  }
  refused(await api.put(`${servers}/aus00000000000000000`, serverBody()), 404, 'E0000007');
  refused(await api.delete(`${place.path}/scopes/scp00000000000000000`), 404, 'E0000007');
});

test('an object of another server is not found through this one', async () => {
  const other = await makeAuthorizationServer(api);
  const scope = (await api.ok('GET', `${other.path}/scopes?q=read`))[0];
  for (const path of [`policies/${other.policy.id}`, `policies/${other.policy.id}/rules/${other.rule.id}`, `scopes/${scope.id}`]) {
    refused(await api.get(`${place.path}/${path}`), 404, 'E0000007');
    refused(await api.delete(`${place.path}/${path}`), 404, 'E0000007');
  }
  refused(await api.get(`${place.policyPath}/rules/${other.rule.id}`), 404, 'E0000007');
  assert.equal((await api.get(other.rulePath)).status, 200);
});

test('a thing just deleted is gone for every verb', async () => {
  const made = await makeAuthorizationServer(api);
  await api.ok('DELETE', made.rulePath);
  for (const send of [() => api.get(made.rulePath), () => api.put(made.rulePath, ruleBody()), () => api.delete(made.rulePath), () => api.post(`${made.rulePath}/lifecycle/activate`)]) {
    refused(await send(), 404, 'E0000007');
  }
  await api.ok('POST', `${made.path}/lifecycle/deactivate`, null, 204);
  await api.ok('DELETE', made.path);
  for (const path of ['', '/policies', '/scopes', '/claims', '/credentials/keys']) refused(await api.get(made.path + path), 404, 'E0000007');
});

test('what must stay cannot be deleted', async () => {
  const reply = await api.delete(`${servers}/default`);
  assert.ok(reply.status === 400 || reply.status === 403, reply.text);
  assert.equal((await api.get(`${servers}/default`)).status, 200);
  const scope = (await api.ok('GET', `${place.path}/scopes?q=openid`))[0];
  const sub = (await api.ok('GET', `${place.path}/claims`)).find((claim) => claim.name === 'sub');
  for (const path of [`${place.path}/scopes/${scope.id}`, `${place.path}/claims/${sub.id}`]) {
    const refusal = await api.delete(path);
    assert.ok(refusal.status === 400 || refusal.status === 403, refusal.text);
    assert.equal((await api.get(path)).status, 200);
  }
  refused(await api.delete(`/api/v1/apps/${service.id}`), 403, 'E0000056', 'Delete application forbidden.');
});

test('a wrong verb is 405 and an unknown path 404, each with its code', async () => {
  refused(await api.send('PATCH', servers), 405, 'E0000022', 'The endpoint does not support the provided HTTP method');
  refused(await api.delete(servers), 405, 'E0000022');
  for (const path of ['/api/v1/nothing', '/api/v2/apps', '/nothing', '/oauth2']) {
    refused(await api.get(path), 404, 'E0000008', 'The requested path was not found');
  }
});

test('no token, a wrong one and a malformed one are 401 E0000011, and say nothing about what is there', async () => {
  for (const authorization of [null, 'SSWS wrong', 'SSWS', `Bearer ${api.token}`, api.token, `SSWS ${api.token}x`, `SSWS ${api.token.toUpperCase()}`]) {
    for (const path of [servers, `${servers}/aus00000000000000000`, '/api/v1/users/me', '/api/v1/logs']) {
      refused(await client(server.origin).get(path, { authorization }), 401, 'E0000011', 'Invalid token provided');
    }
  }
});

test('a cursor or limit that means nothing is refused', async () => {
  for (const query of ['limit=x', 'limit=-5', 'limit=1.5']) {
    const reply = await api.get(`${servers}?${query}`);
    assert.equal(reply.status, 400, `${query}: ${reply.text}`);
  }
  const reply = await api.get(`${servers}?after=%00nonsense`);
  assert.ok(reply.status === 400 || reply.status === 200, reply.text);
  refused(await api.get('/api/v1/apps?filter=nonsense'), 400, 'E0000031');
});

test('a key rotation for another use than signing is refused with Okta\'s words', async () => {
  const keys = await api.get(`${place.path}/credentials/keys`);
  for (const body of [{ use: 'enc' }, { use: '' }, {}]) {
    const reply = await api.post(`${place.path}/credentials/lifecycle/keyRotate`, body);
    refused(reply, 400, 'E0000001', /rotateKeys/);
    assert.equal(reply.json.errorSummary, 'Api validation failed: rotateKeys');
    assert.deepEqual(reply.json.errorCauses, [{ errorSummary: "Invalid value specified for key 'use' parameter." }]);
  }
  assert.equal((await api.get(`${place.path}/credentials/keys`)).text, keys.text);
});
