// Okta's own recorded replies, where the folder with them is at hand: the recorded body is sent, with its ids mapped to
// ours, and our reply must be the recorded one in members, order, nulls and links. Values that are ours are masked.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeAuthorizationServer } from '../harness/objects.mjs';
import { recordedFolder } from '../harness/paths.mjs';
import { startServer } from '../harness/server.mjs';

const folder = recordedFolder();
const skip = folder ? false : 'the recorded replies are not here (TOKENMINT_RECORDED)';
const servers = '/api/v1/authorizationServers';
const recorded = (family) => JSON.parse(readFileSync(join(folder, `${family}.json`), 'utf8'));

let server, api, group, serial = 0;
before(async () => {
  if (!folder) return;
  server = await startServer();
  api = server.api;
  group = await api.ok('POST', '/api/v1/groups', { profile: { name: 'recorded' } }, 200);
});
after(() => server?.stop());

/** Hosts, ids, times, names and key ids become one word each, so that two replies can be compared as texts. */
function mask(value, origin) {
  const text = JSON.stringify(value).replaceAll(origin, '{org}')
    .replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z"/g, '"{time}"')
    .replace(/"kid":"[^"]*"/g, '"kid":"{kid}"').replace(/credentials\/keys\/[^"]+"/g, 'credentials/keys/{kid}"')
    .replace(/"(n|client_secret|secret_hash|orn)":"[^"]*"/g, '"$1":"{value}"')
    .replace(/\b(aus|00p|0pr|scp|ocl|0oa|00u|00g|00T|00o|ocs|pks)[0-9A-Za-z]{17}\b/g, '{$1}');
  return JSON.parse(text);
}

/** What we leave out or have otherwise, on purpose. */
function apart(value) {
  if (Array.isArray(value)) return value.map(apart);
  if (!value || typeof value !== 'object') return value;
  const result = Object.fromEntries(Object.entries(value).map(([key, member]) => [key, apart(member)]));
  if (result._links) {
    // Pictures are Okta's, and replies from before 2026 lack these links.
    for (const name of ['logo', 'appLinks', 'resourceServerCredentialsKeys', 'owners', 'accessPolicy', 'profileEnrollment']) delete result._links[name];
  }
  return result;
}

function same(reply, exchange, what) {
  assert.equal(reply.status, exchange.status, `${what}: ${reply.text}`);
  if (exchange.response === null) return assert.equal(reply.text, '', what);
  const ours = apart(mask(reply.json, server.origin));
  const theirs = apart(mask(exchange.response, 'https://org.example.com'));
  return assert.equal(JSON.stringify(ours, null, 1), JSON.stringify(theirs, null, 1), what);
}

/** The exchanges of a family with this method and path; `{id}` stands for any id. */
const exchanges = (family, method, path) => recorded(family).filter((exchange) => {
  const [verb, target] = exchange.request.split(' ');
  return verb === method && target.split('?')[0] === path;
});

/** A recorded body with ids of ours instead of its own. */
const ours = (body) => JSON.parse(JSON.stringify(body).replace(/00g[0-9A-Za-z]{17}/g, group.id));
const fresh = () => makeAuthorizationServer(api);

test('servers are created and replaced as recorded', { skip }, async () => {
  for (const exchange of exchanges('authorization-servers', 'POST', servers)) {
    same(await api.post(servers, exchange.body), exchange, 'POST');
  }
  const [update, back] = exchanges('authorization-servers', 'PUT', `${servers}/{id}`).reverse();
  for (const exchange of [update, back]) {
    const reply = await api.put(`${servers}/default`, { ...exchange.body, issuerMode: 'ORG_URL' });
    // The recorded org has a custom domain, and therefore another issuer mode.
    same(reply, { ...exchange, response: { ...exchange.response, issuerMode: 'ORG_URL' } }, 'PUT default');
  }
  const manual = exchanges('authorization-servers', 'GET', `${servers}/default`)[0];
  same(await api.get(`${servers}/default`), { ...manual, response: { ...manual.response, issuerMode: 'ORG_URL' } }, 'GET default');
});

test('lifecycles and deletions answer as recorded', { skip }, async () => {
  const { path, policyPath, rulePath } = await fresh();
  const [deactivate] = exchanges('authorization-servers', 'POST', `${servers}/{id}/lifecycle/deactivate`);
  for (const [suffix, target] of [['/policies/{id}/rules/{id}', rulePath], ['/policies/{id}', policyPath]]) {
    same(await api.delete(target), exchanges('authorization-servers', 'DELETE', `${servers}/{id}${suffix}`)[0], suffix);
  }
  same(await api.post(`${path}/lifecycle/deactivate`), deactivate, 'deactivate');
  same(await api.delete(path), exchanges('authorization-servers', 'DELETE', `${servers}/{id}`)[0], 'server');
});

test('policies and rules are created, replaced and listed as recorded', { skip }, async () => {
  const path = '/policies';
  for (const exchange of exchanges('authorization-servers', 'POST', `${servers}/{id}${path}`)) {
    const { path: base } = await makeAuthorizationServer(api, { rule: null });
    same(await api.post(base + path, exchange.body), exchange, 'POST policy');
    same(await api.get(base + path), exchanges('authorization-servers', 'GET', `${servers}/{id}${path}`)[0], 'GET policies');
  }
  const { policyPath, rulePath } = await fresh();
  for (const exchange of exchanges('authorization-servers', 'PUT', `${servers}/{id}/policies/{id}`)) {
    same(await api.put(policyPath, exchange.body), exchange, 'PUT policy');
  }
  const withoutHook = (exchange) => !JSON.stringify(exchange).includes('inlineHook'); // refused until hooks exist
  for (const exchange of exchanges('authorization-servers', 'POST', `${servers}/{id}/policies/{id}/rules`).filter(withoutHook)) {
    same(await api.post(`${policyPath}/rules`, ours(exchange.body)), exchange, 'POST rule');
  }
  for (const exchange of exchanges('authorization-servers', 'PUT', `${servers}/{id}/policies/{id}/rules/{id}`).filter(withoutHook)) {
    same(await api.put(rulePath, ours(exchange.body)), exchange, 'PUT rule');
  }
});

test('a rule that names a hook is refused until there are hooks', { skip }, async () => {
  const { policyPath } = await fresh();
  const exchange = exchanges('authorization-servers', 'POST', `${servers}/{id}/policies/{id}/rules`).find((each) => JSON.stringify(each).includes('inlineHook'));
  assert.equal((await api.post(`${policyPath}/rules`, ours(exchange.body))).status, 400);
});

test('scopes and claims are created and replaced as recorded', { skip }, async () => {
  const { path } = await fresh();
  for (const [kind, prefix] of [['scopes', 'scp'], ['claims', 'ocl']]) {
    let last;
    for (const exchange of exchanges('authorization-servers', 'POST', `${servers}/{id}/${kind}`)) {
      last = await api.post(`${path}/${kind}`, exchange.body);
      same(last, exchange, `POST ${kind}`);
      assert.ok(last.json.id.startsWith(prefix));
    }
    for (const exchange of exchanges('authorization-servers', 'PUT', `${servers}/{id}/${kind}/{id}`)) {
      same(await api.put(`${path}/${kind}/${last.json.id}`, exchange.body), exchange, `PUT ${kind}`);
    }
    same(await api.delete(`${path}/${kind}/${last.json.id}`), exchanges('authorization-servers', 'DELETE', `${servers}/{id}/${kind}/{id}`)[0], kind);
  }
});

test('system claims and a key read as recorded', { skip }, async () => {
  const { path } = await fresh();
  const [list] = exchanges('authorization-servers', 'GET', `${servers}/{id}/claims`);
  const claims = await api.ok('GET', `${path}/claims`);
  for (const theirs of list.response) {
    const found = claims.find((claim) => claim.name === theirs.name);
    same({ status: 200, json: found }, { status: 200, response: theirs }, theirs.name);
  }
  const [key] = exchanges('authorization-servers', 'GET', `${servers}/{id}/credentials/keys/{id}`);
  const active = (await api.ok('GET', `${path}/credentials/keys`)).find((each) => each.status === 'ACTIVE');
  const read = await api.get(`${path}/credentials/keys/${active.kid}`);
  const masked = { status: read.status, json: JSON.parse(JSON.stringify(read.json).replaceAll(path, `${servers}/default`)) };
  same(masked, key, 'key');
});

test('groups are created, replaced and found as recorded', { skip }, async () => {
  const ids = [];
  for (const exchange of exchanges('groups', 'POST', '/api/v1/groups')) {
    const reply = await api.post('/api/v1/groups', exchange.body);
    same(reply, exchange, 'POST');
    ids.push(reply.json.id);
  }
  for (const exchange of exchanges('groups', 'PUT', '/api/v1/groups/{id}')) {
    if (exchange.response.profile.name) same(await api.put(`/api/v1/groups/${ids[0]}`, exchange.body), exchange, 'PUT');
  }
  for (const exchange of exchanges('groups', 'GET', '/api/v1/groups')) same(await api.get(exchange.request.split(' ')[1]), exchange, 'GET');
});

test('API tokens read and change as recorded', { skip }, async () => {
  const [token] = await api.ok('GET', '/api/v1/api-tokens');
  const path = `/api/v1/api-tokens/${token.id}`;
  const [update] = exchanges('org-api-tokens', 'PUT', '/api/v1/api-tokens/{id}');
  same(await api.put(path, { ...update.body, userId: token.userId }), update, 'PUT');
  const [read] = exchanges('org-api-tokens', 'GET', '/api/v1/api-tokens/{id}');
  same(await api.get(path), read, 'GET');
});

test('OIDC apps are created and read as recorded', { skip }, async () => {
  const isOidc = (exchange) => exchange.status === 200 && exchange.response?.signOnMode === 'OPENID_CONNECT';
  for (const exchange of exchanges('apps', 'POST', '/api/v1/apps').filter(isOidc)) {
    const label = `${exchange.body.label} ${++serial}`;
    const reply = await api.post('/api/v1/apps?activate=true', { ...exchange.body, label });
    const expected = { ...exchange, response: { ...exchange.response, label } };
    same(reply, expected, 'POST');
    const alone = structuredClone(expected);
    delete alone.response.credentials.oauthClient.client_secret;
    same(await api.get(`/api/v1/apps/${reply.json.id}`), alone, 'GET');
  }
});
