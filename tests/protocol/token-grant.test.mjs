// What a service gets when it asks rightly: the reply, the token's header and claims, default scopes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askToken, basic } from '../harness/api.mjs';
import { matching, sameJson } from '../harness/expect.mjs';
import { decode, verified } from '../harness/jwt.mjs';
import { claimBody, grant, makeAuthorizationServer, makeService, policyBody, ruleBody } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

let server, api, service, place;
before(async () => {
  server = await startServer();
  api = server.api;
  service = await makeService(api);
  place = await makeAuthorizationServer(api, { scopes: ['read', 'write'], rule: { token: { accessTokenLifetimeMinutes: 5 } } });
});
after(() => server?.stop());

const jwks = async (id) => (await api.get(`/oauth2/${id}/v1/keys`)).json;

test('a service gets a bearer token with the lifetime of the rule and the scopes that it asked for', async () => {
  const asked = Math.floor(Date.now() / 1000);
  const reply = await grant(server.origin, place.id, service, 'read write');
  assert.equal(reply.status, 200, reply.text);
  sameJson(reply.json, {
    token_type: 'Bearer', expires_in: 300, access_token: matching(/^[\w-]+\.[\w-]+\.[\w-]+$/), scope: 'read write',
  });
  assert.match(reply.headers['cache-control'], /no-store/);
  assert.match(reply.headers['cache-control'], /no-cache/);
  assert.equal(reply.headers.pragma, 'no-cache');
  assert.match(reply.headers['content-type'], /^application\/json/);

  const { header } = decode(reply.json.access_token);
  const keys = await jwks(place.id);
  sameJson(header, { kid: (kid) => keys.keys.some((key) => key.kid === kid), alg: 'RS256' });
  const claims = verified(reply.json.access_token, keys);
  assert.deepEqual(Object.keys(claims).sort(), ['aud', 'cid', 'exp', 'iat', 'iss', 'jti', 'scp', 'sub', 'ver']);
  assert.equal(claims.ver, 1);
  assert.match(claims.jti, /^AT\.[A-Za-z0-9_-]{43}$/);
  assert.equal(claims.iss, `${server.origin}/oauth2/${place.id}`);
  assert.equal(claims.aud, 'api://tests');
  assert.equal(claims.cid, service.id);
  assert.equal(claims.sub, service.id);
  assert.deepEqual(claims.scp, ['read', 'write']);
  assert.equal(claims.exp - claims.iat, 300);
  assert.ok(claims.iat >= asked - 1 && claims.iat <= asked + 5, 'iat is now');
});

test('the token is signed with the active key of its own server', async () => {
  const keys = await api.ok('GET', `${place.path}/credentials/keys`);
  const { header } = decode((await grant(server.origin, place.id, service, 'read')).json.access_token);
  assert.equal(header.kid, keys.find((key) => key.status === 'ACTIVE').kid);
});

test('two tokens never have the same id', async () => {
  const replies = await Promise.all(Array.from({ length: 20 }, () => grant(server.origin, place.id, service, 'read')));
  const ids = new Set(replies.map((reply) => decode(reply.json.access_token).claims.jti));
  assert.equal(ids.size, 20);
});

test('a client that posts its secret gets its token by post, and one with basic gets it by basic', async () => {
  const posting = await makeService(api, { credentials: { token_endpoint_auth_method: 'client_secret_post' } });
  const form = { grant_type: 'client_credentials', scope: 'read', client_id: posting.id, client_secret: posting.secret };
  assert.equal((await askToken(server.origin, place.id, form)).status, 200);
  const header = { authorization: basic(service.id, service.secret) };
  const plain = { grant_type: 'client_credentials', scope: 'read' };
  assert.equal((await askToken(server.origin, place.id, plain, header)).status, 200);
});

test('the parts of a basic header are form-encoded, so that a percent sign means what it means', async () => {
  const id = encodeURIComponent(service.id).replace('0oa', '%30oa');
  const reply = await askToken(server.origin, place.id, { grant_type: 'client_credentials', scope: 'read' }, {
    authorization: basic(id, service.secret),
  });
  assert.equal(reply.status, 200, reply.text);
});

test('the default server mints under its alias and under its id with one issuer', async () => {
  const { id, path } = { id: (await api.ok('GET', '/api/v1/authorizationServers/default')).id, path: '/api/v1/authorizationServers/default' };
  await api.ok('POST', `${path}/scopes`, { name: 'shop' }, 201);
  for (const name of ['default', id]) {
    const reply = await grant(server.origin, name, service, 'shop');
    assert.equal(reply.status, 200, reply.text);
    assert.equal(decode(reply.json.access_token).claims.iss, `${server.origin}/oauth2/default`);
    assert.equal(decode(reply.json.access_token).claims.aud, 'api://default');
  }
});

test('a request without a scope gets the default scopes that the rule permits', async () => {
  const defaults = await makeAuthorizationServer(api, {
    scopes: [{ name: 'one', default: true }, { name: 'two', default: true }, 'three'],
  });
  const all = await grant(server.origin, defaults.id, service);
  assert.equal(all.status, 200, all.text);
  assert.deepEqual(decode(all.json.access_token).claims.scp.sort(), ['one', 'two']);

  const rule = await api.ok('GET', defaults.rulePath);
  rule.conditions.scopes.include = ['one', 'three'];
  await api.ok('PUT', defaults.rulePath, rule);
  const some = await grant(server.origin, defaults.id, service);
  assert.equal(some.status, 200, some.text);
  assert.equal(some.json.scope, 'one');
});

test('a change of the lifetime holds for the next token', async () => {
  const changed = await makeAuthorizationServer(api);
  const rule = await api.ok('GET', changed.rulePath);
  rule.actions.token.accessTokenLifetimeMinutes = 1440;
  await api.ok('PUT', changed.rulePath, rule);
  assert.equal((await grant(server.origin, changed.id, service, 'read')).json.expires_in, 86_400);
});

test('the first policy and the first rule that match decide, and those before them that do not are passed over', async () => {
  const other = await makeService(api);
  const made = await makeAuthorizationServer(api, { policy: { conditions: { clients: { include: [other.id] } } }, rule: { token: { accessTokenLifetimeMinutes: 10 } } });
  const second = await api.ok('POST', `${made.path}/policies`, policyBody({ priority: 2 }), 201);
  const rules = `${made.path}/policies/${second.id}/rules`;
  await api.ok('POST', rules, ruleBody({ priority: 1, conditions: { grantTypes: { include: ['password'] } } }), 201);
  await api.ok('POST', rules, ruleBody({ priority: 2, status: 'INACTIVE', token: { accessTokenLifetimeMinutes: 20 } }), 201);
  const last = await api.ok('POST', rules, ruleBody({ priority: 3, token: { accessTokenLifetimeMinutes: 30 } }), 201);
  assert.equal((await grant(server.origin, made.id, other, 'read')).json.expires_in, 600);
  assert.equal((await grant(server.origin, made.id, service, 'read')).json.expires_in, 1800);
  assert.equal(last.priority, 3);
});

test('a rule that names nobody is for requests without a user', async () => {
  const nobody = await makeAuthorizationServer(api, { rule: { conditions: { people: { users: { exclude: [] } } } } });
  assert.equal((await grant(server.origin, nobody.id, service, 'read')).status, 200);
});

test('a renamed or re-audienced server signs what it says now', async () => {
  const renamed = await makeAuthorizationServer(api);
  await api.ok('PUT', renamed.path, { name: renamed.server.name, description: 'x', audiences: ['https://api.example.test/v2'] });
  const reply = await grant(server.origin, renamed.id, service, 'read');
  assert.equal(decode(reply.json.access_token).claims.aud, 'https://api.example.test/v2');
});

test('the sub claim is editable, and its new expression fills sub', async () => {
  const made = await makeAuthorizationServer(api);
  const sub = (await api.ok('GET', `${made.path}/claims`)).find((claim) => claim.name === 'sub');
  await api.ok('PUT', `${made.path}/claims/${sub.id}`, claimBody('sub', "'service:' + app.clientId"));
  const reply = await grant(server.origin, made.id, service, 'read');
  assert.equal(decode(reply.json.access_token).claims.sub, `service:${service.id}`);
});
