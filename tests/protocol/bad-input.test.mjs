// Bad input to the management API: the documented code, a message that says what to change, and nothing half written.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { refused } from '../harness/expect.mjs';
import { appBody, claimBody, makeAuthorizationServer, makeService, policyBody, ruleBody, scopeBody, serverBody } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

const servers = '/api/v1/authorizationServers';
let server, api, place, service, group;
before(async () => {
  server = await startServer();
  api = server.api;
  place = await makeAuthorizationServer(api, { scopes: ['read', 'write'] });
  service = await makeService(api);
  group = await api.ok('POST', '/api/v1/groups', { profile: { name: 'Engineering' } }, 200);
});
after(() => server?.stop());

/** Everything that the configuration says. */
async function everything() {
  const lists = ['/api/v1/apps', '/api/v1/groups', servers, `${place.path}/policies`, `${place.policyPath}/rules`,
    `${place.path}/scopes`, `${place.path}/claims`, `/api/v1/apps/${service.id}/credentials/secrets`,
    `/api/v1/apps/${service.id}/credentials/jwks`];
  return JSON.stringify(await Promise.all(lists.map((path) => api.ok('GET', path))));
}

/** Sends each request, expects its refusal, and finds that nothing has changed. */
async function allRefused(requests) {
  const before = await everything();
  const surprises = [];
  for (const [method, path, body, status, code, about] of requests) {
    const reply = await api.send(method, path, body);
    try { refused(reply, status, code, about); } catch {
      surprises.push(`${method} ${path} ${JSON.stringify(body).slice(0, 400)}\n    answered ${reply.status} ${reply.text.slice(0, 300)}`);
    }
  }
  assert.equal(surprises.length, 0, `not refused as ${requests[0].slice(3).join(' ')}:\n${surprises.join('\n')}`);
  assert.equal(await everything(), before, 'something was written');
}
const invalid = (method, path, body, about) => [method, path, body, 400, 'E0000001', about];

test('servers with a name, description or audience that Okta does not take', () => allRefused([
  invalid('POST', servers, serverBody({ name: undefined }), /name/),
  invalid('POST', servers, serverBody({ name: '' }), /name/),
  invalid('POST', servers, serverBody({ name: null }), /name/),
  invalid('POST', servers, serverBody({ audiences: undefined }), /audiences/),
  invalid('POST', servers, serverBody({ audiences: [] }), /audiences/),
  invalid('POST', servers, serverBody({ audiences: ['a', 'b'] }), /audiences/),
  invalid('POST', servers, serverBody({ audiences: [''] }), /audiences/),
  invalid('POST', servers, serverBody({ audiences: ['::not a uri'] }), /audiences/),
  invalid('POST', servers, serverBody({ issuerMode: 'SOMETIMES' }), /issuerMode/),
  invalid('POST', servers, serverBody({ credentials: { signing: { rotationMode: 'OFTEN' } } }), /rotationMode/),
  invalid('PUT', place.path, serverBody({ name: '' }), /name/),
  invalid('PUT', place.path, serverBody({ audiences: [] }), /audiences/),
]));

test('policies with a name of 101 characters and other values out of their bounds', () => allRefused([
  invalid('POST', `${place.path}/policies`, policyBody({ name: 'n'.repeat(101) }), /name.*100/s),
  invalid('POST', `${place.path}/policies`, policyBody({ name: '' }), /name/),
  invalid('POST', `${place.path}/policies`, policyBody({ description: 'd'.repeat(256) }), /description.*255/s),
  invalid('POST', `${place.path}/policies`, policyBody({ priority: 0 }), /priority/),
  invalid('POST', `${place.path}/policies`, policyBody({ priority: -1 }), /priority/),
  invalid('POST', `${place.path}/policies`, policyBody({ type: 'OKTA_SIGN_ON' }), /type/),
  invalid('POST', `${place.path}/policies`, policyBody({ status: 'PAUSED' }), /status/),
  invalid('POST', `${place.path}/policies`, policyBody({ conditions: { clients: { include: ['0oa00000000000000000'] } } }), /0oa00000000000000000/),
  invalid('POST', `${place.path}/policies`, policyBody({ conditions: { clients: { include: [] } } }), /include/),
  invalid('PUT', place.policyPath, policyBody({ name: 'n'.repeat(101) }), /name.*100/s),
]));

test('a policy of 100 characters, and 100 that are more bytes, is taken', async () => {
  for (const name of ['n'.repeat(100), 'ä'.repeat(100)]) {
    const made = await api.ok('POST', `${place.path}/policies`, policyBody({ name }), 201);
    assert.equal(made.name, name);
    await api.ok('DELETE', `${place.path}/policies/${made.id}`);
  }
});

test('rules that name a missing group, user, scope, grant or hook', () => {
  const rules = `${place.policyPath}/rules`;
  const people = (kind, condition) => ruleBody({ conditions: { people: { [kind]: condition } } });
  return allRefused([
    invalid('POST', rules, people('groups', { include: ['00g00000000000000000'] }), /00g00000000000000000/),
    invalid('POST', rules, people('groups', { include: ['EVERYONE'], exclude: ['00g00000000000000000'] }), /00g00000000000000000/),
    invalid('POST', rules, people('users', { include: ['00u00000000000000000'] }), /00u00000000000000000/),
    invalid('POST', rules, people('groups', { include: [service.id] }), new RegExp(service.id)),
    invalid('POST', rules, ruleBody({ conditions: { scopes: { include: ['absent'] } } }), /absent/),
    invalid('POST', rules, ruleBody({ conditions: { grantTypes: { include: ['magic'] } } }), /magic|grantTypes/),
    invalid('POST', rules, ruleBody({ conditions: { grantTypes: { include: [] } } }), /grantTypes/),
    invalid('POST', rules, ruleBody({ token: { inlineHook: { id: 'cal00000000000000000' } } }), /inlineHook|hook/i),
    invalid('PUT', place.rulePath, ruleBody({ conditions: { scopes: { include: ['absent'] } } }), /absent/),
    invalid('PUT', place.rulePath, people('groups', { include: ['00g00000000000000000'] }), /00g00000000000000000/),
  ]);
});

test('lifetimes out of their bounds', () => {
  const rules = `${place.policyPath}/rules`;
  const lifetimes = [
    [{ accessTokenLifetimeMinutes: 4 }, /accessTokenLifetimeMinutes/], [{ accessTokenLifetimeMinutes: 1441 }, /accessTokenLifetimeMinutes/],
    [{ accessTokenLifetimeMinutes: -1 }, /accessTokenLifetimeMinutes/],
    [{ refreshTokenLifetimeMinutes: 59 }, /refreshTokenLifetimeMinutes/], [{ refreshTokenLifetimeMinutes: -1 }, /refreshTokenLifetimeMinutes/],
    [{ refreshTokenWindowMinutes: 9 }, /refreshTokenWindowMinutes/], [{ refreshTokenWindowMinutes: 2_628_001 }, /refreshTokenWindowMinutes/],
    [{ refreshTokenLifetimeMinutes: 100, refreshTokenWindowMinutes: 101 }, /refreshToken(Window|Lifetime)Minutes/],
  ];
  return allRefused(lifetimes.flatMap(([token, about]) => [
    invalid('POST', rules, ruleBody({ token }), about), invalid('PUT', place.rulePath, ruleBody({ token }), about),
  ]));
});

test('the bounds themselves are taken', async () => {
  for (const token of [
    { accessTokenLifetimeMinutes: 5 }, { accessTokenLifetimeMinutes: 1440 }, { refreshTokenLifetimeMinutes: 60, refreshTokenWindowMinutes: 60 },
    { refreshTokenWindowMinutes: 10 }, { refreshTokenWindowMinutes: 2_628_000 },
  ]) {
    const rule = await api.ok('PUT', place.rulePath, ruleBody({ token }));
    for (const [name, value] of Object.entries(token)) assert.equal(rule.actions.token[name], value);
  }
});

test('scopes with names that are reserved, taken or not a scope', () => allRefused([
  ...['openid', 'profile', 'email', 'address', 'phone', 'offline_access', 'device_sso', 'read'].map((name) =>
    invalid('POST', `${place.path}/scopes`, scopeBody(name), /name|exist/)),
  ...['okta.users.read', 'okta:x', 'okta', '*', 'a b', 'a"b', 'a\\b', 'ä', '<a>', '', 'tab\there'].map((name) =>
    invalid('POST', `${place.path}/scopes`, scopeBody(name), /name/)),
  invalid('POST', `${place.path}/scopes`, {}, /name/),
  invalid('POST', `${place.path}/scopes`, scopeBody('fine', { consent: 'MAYBE' }), /consent/),
  invalid('POST', `${place.path}/scopes`, scopeBody('fine', { metadataPublish: 'SOME' }), /metadataPublish/),
]));

test('scopes with unusual but lawful names are taken', async () => {
  for (const name of ['groups', 'a<b', 'a>b', 'oktapus', 'urn:x:y', 'https://example.com/read', '!#~']) {
    const made = await api.ok('POST', `${place.path}/scopes`, scopeBody(name), 201);
    assert.equal(made.name, name);
    await api.ok('DELETE', `${place.path}/scopes/${made.id}`);
  }
});

test('claims with types, scopes or values that do not fit', () => allRefused([
  invalid('POST', `${place.path}/claims`, claimBody('', "'x'"), /name/),
  invalid('POST', `${place.path}/claims`, claimBody('fine', "'x'", { claimType: 'OTHER' }), /claimType/),
  invalid('POST', `${place.path}/claims`, claimBody('fine', "'x'", { valueType: 'MAGIC' }), /valueType/),
  invalid('POST', `${place.path}/claims`, claimBody('fine', undefined, { valueType: 'SYSTEM' }), /valueType/),
  invalid('POST', `${place.path}/claims`, claimBody('fine', "'x'", { conditions: { scopes: ['absent'] } }), /absent/),
  invalid('POST', `${place.path}/claims`, claimBody('fine', '(', { valueType: 'GROUPS', group_filter_type: 'REGEX' }), /value|regular/),
  invalid('POST', `${place.path}/claims`, claimBody('fine', 'x', { valueType: 'GROUPS', group_filter_type: 'LIKE' }), /group_filter_type/),
]));

test('apps that no client could use', () => {
  const client = (client) => appBody({ client });
  return allRefused([
    invalid('POST', '/api/v1/apps', appBody({ label: undefined }), /label/),
    invalid('POST', '/api/v1/apps', appBody({ label: '' }), /label/),
    invalid('POST', '/api/v1/apps', client({ grant_types: ['magic'] }), /grant_types/),
    invalid('POST', '/api/v1/apps', client({ application_type: 'toaster' }), /application_type/),
    invalid('POST', '/api/v1/apps', client({ application_type: 'web', grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: [] }), /redirect_uris/),
    invalid('POST', '/api/v1/apps', client({ application_type: 'web', grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: ['not a uri'] }), /redirect_uris/),
    invalid('POST', '/api/v1/apps', appBody({ credentials: { token_endpoint_auth_method: 'shouting' } }), /token_endpoint_auth_method/),
    invalid('POST', '/api/v1/apps', appBody({ credentials: { client_id: 'short' } }), /client_id/),
    invalid('POST', '/api/v1/apps', appBody({ credentials: { client_secret: 'short' } }), /client_secret/),
    invalid('POST', '/api/v1/apps', appBody({ credentials: { client_id: service.id } }), /client_id/),
    invalid('POST', '/api/v1/apps', appBody({ credentials: { token_endpoint_auth_method: 'private_key_jwt' } }), /jwks/),
  ]);
});

test('groups without a name, with one that is taken, and Everyone', async () => {
  const everyone = (await api.ok('GET', '/api/v1/groups?q=Everyone'))[0].id;
  await allRefused([
    invalid('POST', '/api/v1/groups', { profile: {} }, /name/),
    invalid('POST', '/api/v1/groups', {}, /profile|name/),
    invalid('POST', '/api/v1/groups', { profile: { name: 'Engineering' } }, /name|exist/),
    invalid('POST', '/api/v1/groups', { profile: { name: 'n'.repeat(256) } }, /name/),
  ]);
  for (const reply of [await api.delete(`/api/v1/groups/${everyone}`), await api.put(`/api/v1/groups/${everyone}`, { profile: { name: 'All' } })]) {
    assert.ok(reply.status === 403 || reply.status === 400, reply.text);
  }
  assert.equal((await api.ok('GET', `/api/v1/groups/${group.id}`)).profile.name, 'Engineering');
});
