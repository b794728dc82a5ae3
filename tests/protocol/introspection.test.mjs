// Introspection: what is said of a token that stands, to whom, and what makes a token fall for good.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askOauth, basic } from '../harness/api.mjs';
import { refusedByOauth, sameJson } from '../harness/expect.mjs';
import { decode } from '../harness/jwt.mjs';
import { accessToken, appBody, claimBody, makeAuthorizationServer, makeService, policyBody, ruleBody } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

let server, api, service, reader, page, place;
before(async () => {
  server = await startServer();
  api = server.api;
  service = await makeService(api);
  reader = await makeService(api);
  page = await api.ok('POST', '/api/v1/apps', appBody({
    credentials: { token_endpoint_auth_method: 'none', pkce_required: true },
    client: {
      application_type: 'browser', grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: ['https://app.example/cb'],
    },
  }), 200);
  place = await makeAuthorizationServer(api, { scopes: ['read', 'write'] });
});
after(() => server?.stop());

const mint = (client = service, where = place, scope = 'read') => accessToken(server.origin, where.id, client, scope);
const as = (client) => ({ authorization: basic(client.id, client.secret) });
const ask = (form, headers = as(reader), where = place) => askOauth(server.origin, where.id, 'introspect', form, headers);
const inactive = (reply) => {
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.text, '{"active":false}');
};
const active = async (token, where) => {
  const reply = await ask({ token }, as(reader), where);
  assert.equal(reply.status, 200, reply.text);
  return reply.json.active;
};
const lifecycle = (path, verb, status) => api.ok('POST', `${path}/lifecycle/${verb}`, null, status);

test('a token that stands is described in Okta\'s order, custom claims at the end', async () => {
  const made = await makeAuthorizationServer(api, { scopes: ['read', 'write'] });
  await api.ok('POST', `${made.path}/claims`, claimBody('tenant', "'blue'"), 201);
  await api.ok('POST', `${made.path}/claims`, claimBody('active', "'spoilt'"), 201);
  const token = await mint(service, made, 'read write');
  const { claims } = decode(token);
  const reply = await ask({ token, token_type_hint: 'access_token' }, as(reader), made);
  assert.equal(reply.status, 200, reply.text);
  sameJson(reply.json, {
    active: true, token_type: 'Bearer', scope: 'read write', client_id: service.id, exp: claims.exp, iat: claims.iat, sub: service.id,
    aud: 'api://tests', iss: `${server.origin}/oauth2/${made.id}`, jti: claims.jti, tenant: 'blue',
  });
  assert.match(reply.headers['cache-control'], /no-store/);
});

test('a wrong hint and one that nobody knows change nothing', async () => {
  const token = await mint();
  for (const token_type_hint of ['refresh_token', 'id_token', 'device_secret', 'nonsense']) {
    assert.equal((await ask({ token, token_type_hint })).json.active, true, token_type_hint);
  }
});

test('what is not a whole token of this server is inactive, and looks alike', async () => {
  const token = await mint();
  const other = await makeAuthorizationServer(api);
  const [header, payload, signature] = token.split('.');
  const claims = { ...decode(token).claims, scp: ['write'] };
  const forged = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
  const bad = [
    'x', `${token}x`, token.slice(1), `${header}.${payload}.`, `${header}.${forged}.${signature}`, `${unsigned}.${payload}.`,
    `${header}.${payload}`, 'a.b.c', 'é', await mint(service, other),
  ];
  for (const token of bad) inactive(await ask({ token }));
  inactive(await ask({ token }, as(reader), other));
  assert.equal(await active(token), true);
});

test('a public client learns only of its own tokens, and may name itself in the query', async () => {
  const token = await mint();
  inactive(await ask({ token, client_id: page.id }, {}));
  const path = `/oauth2/${place.id}/v1/introspect?client_id=${page.id}`;
  const type = { 'content-type': 'application/x-www-form-urlencoded', authorization: null };
  inactive(await api.post(path, `token=${token}`, type));
  inactive(await api.post(path, 'token=garbage', type));
});

test('a client has to say who it is, as at the token endpoint', async () => {
  const token = await mint();
  refusedByOauth(await ask({ token }, {}), 401, 'invalid_client', 'No client credentials found.');
  refusedByOauth(await ask({ token, client_id: reader.id }, {}), 401, 'invalid_client');
  refusedByOauth(await ask({ token }, { authorization: basic(reader.id, 'wrong') }), 401, 'invalid_client');
  refusedByOauth(await ask({ token }, { authorization: 'Basic !' }), 401, 'invalid_client');
  refusedByOauth(await ask({ token, client_id: reader.id, client_secret: reader.secret }), 401, 'invalid_request');
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const query = `/oauth2/${place.id}/v1/introspect?client_id=${reader.id}`;
  refusedByOauth(await api.post(`${query}&client_secret=${reader.secret}`, `token=${token}`, { ...type, authorization: null }),
    400, 'invalid_request', 'Client credentials cannot be supplied via query parameters.');
  refusedByOauth(await api.post(query, `token=${token}`, { ...type, authorization: null }), 401, 'invalid_client');
  refusedByOauth(await api.post(query, `token=${token}`, { ...type, ...as(reader) }), 400, 'invalid_request');
});

test('a request without a token, or with two, is refused', async () => {
  for (const form of ['', 'token=', 'token_type_hint=access_token']) {
    refusedByOauth(await ask(form), 400, 'invalid_request', "The 'token' parameter is required.");
  }
  refusedByOauth(await ask('token=a&token=b'), 400, 'invalid_request',
    'Duplicate parameter provided in request. Duplicated parameters: [token].');
  refusedByOauth(await ask({ token: 'a' }, as(reader), { id: 'aus00000000000000000' }), 400, 'invalid_request',
    'The authorization server id is invalid.');
});

test('the tokens of a deactivated app are over, and stay so once it is active again', async () => {
  const app = await makeService(api);
  const token = await mint(app);
  assert.equal(await active(token), true);
  await lifecycle(`/api/v1/apps/${app.id}`, 'deactivate', 200);
  inactive(await ask({ token }));
  await lifecycle(`/api/v1/apps/${app.id}`, 'activate', 200);
  inactive(await ask({ token }));
  const again = await mint(app);
  assert.equal(await active(again), true, 'in the same second, too');
  await lifecycle(`/api/v1/apps/${app.id}`, 'deactivate', 200);
  await api.ok('DELETE', `/api/v1/apps/${app.id}`, null, 204);
  inactive(await ask({ token: again }));
});

test('the tokens of a deactivated or deleted server are over', async () => {
  const made = await makeAuthorizationServer(api);
  const token = await mint(service, made);
  await lifecycle(made.path, 'deactivate', 204);
  refusedByOauth(await ask({ token }, as(reader), made), 400, 'invalid_request', 'The authorization server id is invalid.');
  await lifecycle(made.path, 'activate', 204);
  inactive(await ask({ token }, as(reader), made));
  const again = await mint(service, made);
  assert.equal(await active(again, made), true);
  await api.ok('DELETE', made.path, null, 204);
  inactive(await ask({ token: again }));
});

test('the tokens that a policy governed end with it, others stay', async () => {
  const made = await makeAuthorizationServer(api);
  const governed = await makeService(api);
  const policy = await api.ok('POST', `${made.path}/policies`, policyBody({ conditions: { clients: { include: [governed.id] } } }), 201);
  const path = `${made.path}/policies/${policy.id}`;
  await api.ok('POST', `${path}/rules`, ruleBody(), 201);
  const [stays, falls] = [await mint(service, made), await mint(governed, made)];
  await lifecycle(path, 'deactivate', 204);
  assert.deepEqual([await active(stays, made), await active(falls, made)], [true, false]);
  await lifecycle(path, 'activate', 204);
  assert.equal(await active(falls, made), false);
  const again = await mint(governed, made);
  assert.equal(await active(again, made), true);
  await api.ok('DELETE', path, null, 204);
  assert.deepEqual([await active(stays, made), await active(again, made)], [true, false]);
});

test('a token outlives the rotation of the key that signed it', async () => {
  const made = await makeAuthorizationServer(api);
  const token = await mint(service, made);
  await api.ok('POST', `${made.path}/credentials/lifecycle/keyRotate`, { use: 'sig' }, 200);
  assert.equal(await active(token, made), true);
  assert.equal(await active(await mint(service, made), made), true);
});

test('a page of any origin may read the answer', async () => {
  const preflight = await api.send('OPTIONS', `/oauth2/${place.id}/v1/introspect`, null, {
    origin: 'https://app.example', 'access-control-request-method': 'POST', authorization: null,
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers['access-control-allow-origin'], 'https://app.example');
});
