// The management API's JSON, byte for byte as Okta writes it: order of keys, nulls, links with hints, normalised bodies.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { id, keyId, matching, sameJson, time } from '../harness/expect.mjs';
import { claimBody, makeAuthorizationServer, policyBody, ruleBody, serverBody } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

const servers = '/api/v1/authorizationServers';
let server, api, place;
before(async () => {
  server = await startServer();
  api = server.api;
  place = await makeAuthorizationServer(api);
});
after(() => server?.stop());

const link = (href, ...allow) => ({ href: server.origin + href, hints: { allow } });
const lifecycle = (path, status) => (status === 'ACTIVE'
  ? { deactivate: link(`${path}/lifecycle/deactivate`, 'POST') } : { activate: link(`${path}/lifecycle/activate`, 'POST') });

const viewOfServer = (made, { rotationMode = 'AUTO', status = 'ACTIVE', ...more } = {}) => {
  const path = `${servers}/${made.id}`;
  const issuer = `${server.origin}/oauth2/${made.id}`;
  const metadata = (name) => ({ name, href: `${issuer}/.well-known/${name}`, hints: { allow: ['GET'] } });
  return {
    id: id('aus'), name: made.name, description: made.description, audiences: made.audiences, issuer, issuerMode: 'ORG_URL',
    status, created: time, lastUpdated: time,
    credentials: {
      signing: { kid: keyId, rotationMode, lastRotated: time, ...(rotationMode === 'AUTO' ? { nextRotation: time } : {}) },
    },
    default: false,
    _links: {
      rotateKey: link(`${path}/credentials/lifecycle/keyRotate`, 'POST'),
      metadata: [metadata('oauth-authorization-server'), metadata('openid-configuration')],
      resourceServerCredentialsKeys: link(`${path}/resourceservercredentials/keys`, 'GET'),
      keys: link(`${path}/credentials/keys`, 'GET'), claims: link(`${path}/claims`, 'GET', 'POST'),
      policies: link(`${path}/policies`, 'GET', 'POST'), self: link(path, 'GET', 'DELETE', 'PUT'),
      scopes: link(`${path}/scopes`, 'GET', 'POST'), ...lifecycle(path, status),
    },
    ...more,
  };
};

const viewOfPolicy = (made, status = 'ACTIVE') => {
  const path = `${place.path}/policies/${made.id}`;
  return {
    id: id('00p'), status, name: made.name, description: made.description, priority: made.priority, system: false,
    conditions: { clients: { include: ['ALL_CLIENTS'] } }, created: time, lastUpdated: time,
    _links: { self: link(path, 'GET', 'PUT', 'DELETE'), rules: link(`${path}/rules`, 'GET'), ...lifecycle(path, status) },
    type: 'OAUTH_AUTHORIZATION_POLICY',
  };
};

test('a server reads the same on creation, alone and in the list', async () => {
  const body = serverBody({ issuerMode: 'ORG_URL', credentials: { signing: { rotationMode: 'AUTO' } } });
  const reply = await api.post(servers, body);
  assert.equal(reply.status, 201);
  sameJson(reply.json, viewOfServer(reply.json));
  assert.deepEqual([reply.json.name, reply.json.description, reply.json.audiences], [body.name, body.description, body.audiences]);
  assert.equal((await api.get(`${servers}/${reply.json.id}`)).text, reply.text);
  const listed = (await api.ok('GET', servers)).find((each) => each.id === reply.json.id);
  assert.equal(JSON.stringify(listed), reply.text);
});

test('a manual server has no next rotation, and changing the mode does not change the key', async () => {
  const made = await api.ok('POST', servers, serverBody(), 201);
  const path = `${servers}/${made.id}`;
  const manual = await api.ok('PUT', path, serverBody({ credentials: { signing: { rotationMode: 'MANUAL' } } }));
  sameJson(manual, viewOfServer(manual, { rotationMode: 'MANUAL' }));
  assert.equal(manual.credentials.signing.kid, made.credentials.signing.kid);
  assert.equal(manual.created, made.created);
});

test('an inactive server has the link to activate it', async () => {
  const made = await api.ok('POST', servers, serverBody(), 201);
  const path = `${servers}/${made.id}`;
  const reply = await api.post(`${path}/lifecycle/deactivate`);
  assert.deepEqual([reply.status, reply.text], [204, '']);
  const read = await api.ok('GET', path);
  sameJson(read, viewOfServer(read, { status: 'INACTIVE' }));
  assert.deepEqual([(await api.post(`${path}/lifecycle/activate`)).status, (await api.ok('GET', path)).status], [204, 'ACTIVE']);
});

test('what a client reads it may write back: read-only and unknown members of a body are ignored', async () => {
  const made = await api.ok('POST', servers, { ...serverBody(), id: 'aus1', created: '2001-01-01T00:00:00.000Z', default: true, surprise: { a: [1] } }, 201);
  assert.notEqual(made.id, 'aus1');
  assert.equal(made.default, false);
  assert.equal('surprise' in made, false);
  const again = await api.ok('PUT', `${servers}/${made.id}`, made);
  assert.deepEqual({ ...again, lastUpdated: null }, { ...made, lastUpdated: null });
  const elsewhere = await api.ok('PUT', `${servers}/${made.id}`, { ...made, issuer: 'https://evil.example', id: 'x', status: 'INACTIVE' });
  assert.equal(elsewhere.issuer, made.issuer);
  assert.equal(elsewhere.id, made.id);
});

test('a policy reads the same on creation, alone and in the list, active or not', async () => {
  const body = policyBody({ priority: 2 });
  const reply = await api.post(`${place.path}/policies`, body);
  assert.equal(reply.status, 201);
  sameJson(reply.json, viewOfPolicy({ ...body, id: reply.json.id }));
  const path = `${place.path}/policies/${reply.json.id}`;
  assert.equal((await api.get(path)).text, reply.text);
  const listed = (await api.ok('GET', `${place.path}/policies`)).find((each) => each.id === reply.json.id);
  assert.equal(JSON.stringify(listed), reply.text);
  assert.equal((await api.post(`${path}/lifecycle/deactivate`)).status, 204);
  sameJson(await api.ok('GET', path), viewOfPolicy({ ...body, id: reply.json.id }, 'INACTIVE'));
  assert.deepEqual([(await api.delete(path)).status, (await api.get(path)).status], [204, 404]);
});

test('a rule with empty conditions comes back normalised as Okta does', async () => {
  const everyone = (await api.ok('GET', '/api/v1/groups?q=Everyone'))[0].id;
  const body = {
    actions: { token: { accessTokenLifetimeMinutes: 60, refreshTokenLifetimeMinutes: 0, refreshTokenWindowMinutes: 10080 } },
    conditions: { grantTypes: { include: ['implicit'] }, people: { groups: { include: [everyone] }, users: {} }, scopes: {} },
    name: 'test', priority: 1, status: 'ACTIVE', type: 'RESOURCE_ACCESS',
  };
  const policy = await api.ok('POST', `${place.path}/policies`, policyBody({ priority: 2 }), 201);
  const rules = `${place.path}/policies/${policy.id}/rules`;
  const reply = await api.post(rules, body);
  assert.equal(reply.status, 201);
  const path = `${rules}/${reply.json.id}`;
  const view = (status) => ({
    id: id('0pr'), status, name: 'test', priority: 1, created: time, lastUpdated: time, system: false,
    conditions: {
      people: { users: { exclude: [] }, groups: { include: [everyone] } }, grantTypes: { include: ['implicit'] }, scopes: { include: [] },
    },
    actions: { token: { accessTokenLifetimeMinutes: 60, refreshTokenLifetimeMinutes: 0, refreshTokenWindowMinutes: 10080 } },
    _links: { self: link(path, 'GET', 'PUT', 'DELETE'), ...lifecycle(path, status) }, type: 'RESOURCE_ACCESS',
  });
  sameJson(reply.json, view('ACTIVE'));
  assert.equal((await api.get(path)).text, reply.text);
  assert.equal(JSON.stringify((await api.ok('GET', rules))[0]), reply.text);
  await api.ok('POST', `${path}/lifecycle/deactivate`, null, 204);
  sameJson(await api.ok('GET', path), view('INACTIVE'));
});

test('a rule keeps every condition that it was given', async () => {
  const group = await api.ok('POST', '/api/v1/groups', { profile: { name: 'Kept' } }, 200);
  const me = await api.ok('GET', '/api/v1/users/me');
  const people = { users: { include: [me.id], exclude: [] }, groups: { include: ['EVERYONE'], exclude: [group.id] } };
  const grantTypes = { include: [
    'authorization_code', 'implicit', 'password', 'client_credentials', 'interaction_code', 'urn:ietf:params:oauth:grant-type:saml2-bearer',
    'urn:ietf:params:oauth:grant-type:token-exchange', 'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:grant-type:jwt-bearer', 'urn:openid:params:grant-type:ciba', 'urn:okta:params:oauth:grant-type:otp',
    'urn:okta:params:oauth:grant-type:oob', 'http://auth0.com/oauth/grant-type/mfa-otp', 'http://auth0.com/oauth/grant-type/mfa-oob',
  ] };
  const rule = await api.ok('PUT', place.rulePath, ruleBody({ conditions: { people, grantTypes, scopes: { include: ['read', 'openid'] } } }));
  assert.deepEqual(rule.conditions.people.users.include, [me.id]);
  assert.deepEqual(rule.conditions.people.groups.exclude, [group.id]);
  assert.deepEqual(rule.conditions.grantTypes, grantTypes);
  assert.deepEqual(rule.conditions.scopes.include, ['read', 'openid']);
});

test('a scope has its defaults, its nulls and its links, and its name stays', async () => {
  const reply = await api.post(`${place.path}/scopes`, { name: 'test:something' });
  assert.equal(reply.status, 201);
  const path = `${place.path}/scopes/${reply.json.id}`;
  const _links = { self: link(path, 'GET', 'PUT', 'DELETE') };
  const { displayName, description } = reply.json;
  const rest = { system: false, metadataPublish: 'NO_CLIENTS', consent: 'IMPLICIT', optional: false, apiResourceId: null, default: false, _links };
  const texts = Object.fromEntries(Object.entries({ displayName, description }).filter(([, value]) => value !== undefined));
  sameJson(reply.json, { id: id('scp'), name: 'test:something', ...texts, ...rest });
  assert.notEqual(description, '', 'no empty texts: clients of Python refuse them');
  const body = { name: 'test:something', displayName: 'shown', description: 'said', consent: 'REQUIRED', default: true, metadataPublish: 'ALL_CLIENTS', optional: true };
  const changed = await api.ok('PUT', path, body);
  sameJson(changed, {
    id: reply.json.id, name: 'test:something', displayName: 'shown', description: 'said', system: false, metadataPublish: 'ALL_CLIENTS',
    consent: 'REQUIRED', optional: true, apiResourceId: null, default: true, _links,
  });
  assert.deepEqual((await api.ok('GET', `${place.path}/scopes`)).find((each) => each.id === reply.json.id), changed);
});

test('a claim has its defaults, and GROUPS alone has a filter type', async () => {
  const claims = `${place.path}/claims`;
  const body = { alwaysIncludeInToken: true, claimType: 'RESOURCE', conditions: {}, name: 'test', status: 'ACTIVE', value: "'cool'", valueType: 'EXPRESSION' };
  const made = await api.ok('POST', claims, body, 201);
  const view = (name, valueType, value, more = {}) => ({
    id: id('ocl'), name, status: 'ACTIVE', claimType: 'RESOURCE', valueType, value, conditions: { scopes: [] }, system: false,
    alwaysIncludeInToken: true, apiResourceId: null, ...more,
    _links: { self: { href: matching(/\/claims\/ocl\w{17}$/), hints: { allow: ['GET', 'PUT', 'DELETE'] } } },
  });
  sameJson(made, view('test', 'EXPRESSION', "'cool'"));
  const groups = await api.ok('POST', claims, { ...claimBody('groups', 'Every', { valueType: 'GROUPS', group_filter_type: 'STARTS_WITH' }) }, 201);
  sameJson(groups, view('groups', 'GROUPS', 'Every', { group_filter_type: 'STARTS_WITH' }));
  assert.deepEqual(await api.ok('GET', `${claims}/${made.id}`), made);
  const text = await api.ok('POST', claims, { ...body, name: 'texts', alwaysIncludeInToken: 'TRUE' }, 201);
  assert.equal(text.alwaysIncludeInToken, true);
});

test('a system claim may be always included, and nothing else about it changes', async () => {
  const claims = `${place.path}/claims`;
  const address = (await api.ok('GET', claims)).find((claim) => claim.name === 'address');
  const body = { alwaysIncludeInToken: true, claimType: 'IDENTITY', conditions: { scopes: ['address'] }, name: 'address', status: 'ACTIVE', valueType: 'SYSTEM' };
  const changed = await api.ok('PUT', `${claims}/${address.id}`, body);
  assert.deepEqual(changed, { ...address, alwaysIncludeInToken: true });
  assert.deepEqual(await api.ok('GET', `${claims}/${address.id}`), changed);
});
