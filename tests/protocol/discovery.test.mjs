// What clients find by themselves: metadata documents and keys of a server, and how long they may keep them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client } from '../harness/api.mjs';
import { refused } from '../harness/expect.mjs';
import { makeAuthorizationServer } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

let server, api, bare, place, issuer;
before(async () => {
  server = await startServer();
  api = server.api;
  bare = client(server.origin);
  place = await makeAuthorizationServer(api, { scopes: ['hidden', { name: 'shown', metadataPublish: 'ALL_CLIENTS' }] });
  issuer = `${server.origin}/oauth2/${place.id}`;
});
after(() => server?.stop());

const methods = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'];
const document = async (name, id = place.id) => {
  const reply = await bare.get(`/oauth2/${id}/.well-known/${name}`);
  assert.equal(reply.status, 200, reply.text);
  return reply.json;
};

test('both documents say where everything is, under the issuer of the tokens', async () => {
  for (const name of ['oauth-authorization-server', 'openid-configuration']) {
    const found = await document(name);
    assert.equal(found.issuer, issuer);
    const endpoints = {
      authorization_endpoint: '/v1/authorize', token_endpoint: '/v1/token', jwks_uri: '/v1/keys', introspection_endpoint: '/v1/introspect',
      revocation_endpoint: '/v1/revoke', end_session_endpoint: '/v1/logout', device_authorization_endpoint: '/v1/device/authorize',
      pushed_authorization_request_endpoint: '/v1/par',
    };
    for (const [member, path] of Object.entries(endpoints)) {
      // An endpoint that is not there yet need not be named; one that is named has Okta's path.
      if (member in found || ['token_endpoint', 'jwks_uri'].includes(member)) assert.equal(found[member], issuer + path, `${name} ${member}`);
    }
    if ('registration_endpoint' in found) assert.equal(found.registration_endpoint, `${server.origin}/oauth2/v1/clients`);
    assert.ok(found.token_endpoint_auth_methods_supported.every((method) => methods.includes(method)));
    assert.deepEqual(found.subject_types_supported, ['public']);
    assert.ok(Array.isArray(found.response_types_supported), 'OpenID Connect and RFC 8414 both require it');
  }
  assert.ok((await document('oauth-authorization-server')).grant_types_supported.includes('client_credentials'));
  assert.deepEqual((await document('openid-configuration')).id_token_signing_alg_values_supported, ['RS256']);
});

test('the endpoints that services use are where the documents say', async () => {
  for (const name of ['oauth-authorization-server', 'openid-configuration']) {
    const found = await document(name);
    assert.equal((await bare.get(found.jwks_uri)).status, 200);
    const reply = await bare.post(found.token_endpoint, 'grant_type=client_credentials', { 'content-type': 'application/x-www-form-urlencoded' });
    assert.equal(reply.json.error, 'invalid_client', reply.text);
    for (const use of ['introspection', 'revocation']) {
      const refused = await bare.post(found[`${use}_endpoint`], 'token=x', { 'content-type': 'application/x-www-form-urlencoded' });
      assert.equal(refused.json.error, 'invalid_client', refused.text);
      assert.deepEqual(found[`${use}_endpoint_auth_methods_supported`], [...found.token_endpoint_auth_methods_supported, 'none']);
    }
  }
});

test('only published scopes are listed, system ones among them', async () => {
  for (const name of ['oauth-authorization-server', 'openid-configuration']) {
    const { scopes_supported: scopes } = await document(name);
    assert.ok(scopes.includes('shown') && scopes.includes('openid') && scopes.includes('offline_access'), scopes.join());
    assert.ok(!scopes.includes('hidden'));
  }
});

test('the documents are served at the place of RFC 8414, too', async () => {
  const inserted = await bare.get(`/.well-known/oauth-authorization-server/oauth2/${place.id}`);
  assert.equal(inserted.status, 200, inserted.text);
  assert.deepEqual(inserted.json, await document('oauth-authorization-server'));
});

test('the default server names default in its issuer, under its alias and its id', async () => {
  const { id } = await api.ok('GET', '/api/v1/authorizationServers/default');
  for (const name of ['default', id]) assert.equal((await document('openid-configuration', name)).issuer, `${server.origin}/oauth2/default`);
});

test('documents may be kept, and any page may read them', async () => {
  for (const path of [`/oauth2/${place.id}/.well-known/openid-configuration`, `/oauth2/${place.id}/.well-known/oauth-authorization-server`, `/oauth2/${place.id}/v1/keys`]) {
    const reply = await bare.get(path, { origin: 'https://spa.example.test' });
    assert.equal(reply.status, 200);
    assert.doesNotMatch(reply.headers['cache-control'] ?? '', /no-store|no-cache/, path);
    assert.ok(['*', 'https://spa.example.test'].includes(reply.headers['access-control-allow-origin']), path);
  }
});

test('keys may be kept for at most an hour, and an active and a next one are published', async () => {
  const reply = await bare.get(`/oauth2/${place.id}/v1/keys`);
  const age = Number(reply.headers['cache-control'].match(/max-age=(\d+)/)[1]);
  assert.ok(age > 0 && age <= 3600, `max-age ${age}`);
  assert.match(reply.headers['cache-control'], /must-revalidate/);
  assert.equal(reply.json.keys.length, 2);
  assert.doesNotMatch(reply.text, /"(d|p|q|dp|dq|qi)":/);
});

test('after two rotations the keys of the last two periods and the next one are published', async () => {
  const made = await makeAuthorizationServer(api, { rule: null });
  const rotate = () => api.ok('POST', `${made.path}/credentials/lifecycle/keyRotate`, { use: 'sig' }, 200);
  await rotate();
  const keys = await rotate();
  const published = (await bare.get(`/oauth2/${made.id}/v1/keys`)).json.keys.map((key) => key.kid);
  for (const status of ['ACTIVE', 'NEXT', 'EXPIRED']) assert.ok(published.includes(keys.find((key) => key.status === status).kid), status);
  assert.equal((await api.ok('GET', made.path)).credentials.signing.kid, keys.find((key) => key.status === 'ACTIVE').kid);
});

test('a server that is unknown, inactive or deleted has no documents', async () => {
  const made = await makeAuthorizationServer(api, { rule: null });
  const gone = async () => {
    for (const path of ['.well-known/openid-configuration', '.well-known/oauth-authorization-server']) {
      refused(await bare.get(`/oauth2/${made.id}/${path}`), 404, 'E0000007', `Not found: Resource not found: ${made.id} (AuthorizationServer)`);
    }
  };
  await api.ok('POST', `${made.path}/lifecycle/deactivate`, null, 204);
  await gone();
  await api.ok('DELETE', made.path);
  await gone();
});

test('a client that does not exist is an invalid client for the documents', async () => {
  const reply = await bare.get(`/oauth2/${place.id}/.well-known/openid-configuration?client_id=0oa00000000000000000`);
  refused(reply, 400, 'invalid_client', "Invalid value for 'client_id' parameter.");
});

test('a change of the configuration shows at once', async () => {
  const made = await makeAuthorizationServer(api, { rule: null });
  const scope = (await api.ok('GET', `${made.path}/scopes?q=read`))[0];
  await api.ok('PUT', `${made.path}/scopes/${scope.id}`, { ...scope, metadataPublish: 'ALL_CLIENTS' });
  assert.ok((await document('openid-configuration', made.id)).scopes_supported.includes('read'));
});
