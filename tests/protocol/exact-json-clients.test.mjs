// The JSON of apps, their secrets and keys, of groups, API tokens and signing keys.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { id, keyId, matching, sameJson, time } from '../harness/expect.mjs';
import { appBody, grant, makeAuthorizationServer, makeService, unique } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

let server, api;
before(async () => {
  server = await startServer();
  api = server.api;
});
after(() => server?.stop());

const href = (path) => server.origin + path;

test('a web app has every member that Okta writes, in its order, and shows its secret once', async () => {
  const label = unique('web');
  const body = {
    accessibility: {}, credentials: {
      oauthClient: { autoKeyRotation: true, pkce_required: false, token_endpoint_auth_method: 'client_secret_basic' },
      userNameTemplate: { template: '${source.login}', type: 'BUILT_IN' },
    },
    label, name: 'oidc_client', settings: {
      notes: {}, oauthClient: {
        application_type: 'web', consent_method: 'TRUSTED', dpop_bound_access_tokens: false, grant_types: ['authorization_code', 'implicit'],
        idp_initiated_login: { default_scope: [], mode: 'DISABLED' }, issuer_mode: 'ORG_URL', redirect_uris: ['http://d.com/'],
        response_types: ['code', 'token', 'id_token'], wildcard_redirect: 'DISABLED',
      },
    },
    signOnMode: 'OPENID_CONNECT', visibility: { hide: { iOS: true, web: true } },
  };
  const reply = await api.post('/api/v1/apps?activate=true', body);
  assert.equal(reply.status, 200, reply.text);
  const app = reply.json;
  const path = `/api/v1/apps/${app.id}`;
  const view = (secret) => ({
    id: id('0oa'), orn: (text) => text.endsWith(`:apps:oidc_client:${app.id}`), name: 'oidc_client', label, status: 'ACTIVE',
    lastUpdated: time, created: time, accessibility: { selfService: false, errorRedirectUrl: null, loginRedirectUrl: null },
    visibility: { autoLaunch: false, autoSubmitToolbar: false, hide: { iOS: true, web: true }, appLinks: { oidc_client_link: true } },
    features: [], signOnMode: 'OPENID_CONNECT',
    credentials: {
      userNameTemplate: { template: '${source.login}', type: 'BUILT_IN' }, signing: { kid: keyId },
      oauthClient: { autoKeyRotation: true, client_id: app.id, ...secret, token_endpoint_auth_method: 'client_secret_basic', pkce_required: false },
    },
    universalLogout: null,
    settings: {
      app: {}, notifications: { vpn: { network: { connection: 'DISABLED' }, message: null, helpUrl: null } }, manualProvisioning: false,
      implicitAssignment: false, emOptInStatus: 'NONE', notes: { admin: null, enduser: null },
      oauthClient: {
        client_uri: null, logo_uri: null, redirect_uris: ['http://d.com/'], response_types: ['code', 'token', 'id_token'],
        grant_types: ['authorization_code', 'implicit'], application_type: 'web', consent_method: 'TRUSTED', issuer_mode: 'ORG_URL',
        idp_initiated_login: { mode: 'DISABLED', default_scope: [] }, wildcard_redirect: 'DISABLED', dpop_bound_access_tokens: false,
        participate_slo: false,
      },
    },
    _links: app._links,
  });
  sameJson(app, view({ client_secret: matching(/^[A-Za-z0-9_-]{64}$/) }));
  const alone = await api.ok('GET', path);
  sameJson(alone, view({}));
  assert.deepEqual(alone._links, app._links);
  const listed = await api.ok('GET', `/api/v1/apps?q=${encodeURIComponent(label)}&limit=1&filter=${encodeURIComponent('status eq "ACTIVE"')}`);
  assert.deepEqual(listed, [alone]);
  assert.deepEqual(app._links.policies, { href: href(`${path}/policies`), hints: { allow: ['PUT'] } });
  assert.deepEqual(app._links.groups, { href: href(`${path}/groups`) });
  assert.deepEqual(app._links.users, { href: href(`${path}/users`) });
  assert.deepEqual(app._links.clientCredentials, [{ name: 'secrets', href: href(`${path}/credentials/secrets`) }]);
  assert.deepEqual(app._links.deactivate, { href: href(`${path}/lifecycle/deactivate`) });
  assert.ok(Array.isArray(app._links.logo) && Array.isArray(app._links.appLinks));
  assert.deepEqual(Object.keys(app._links).filter((name) => name !== 'accessPolicy' && name !== 'profileEnrollment'), [
    'uploadLogo', 'appLinks', 'policies', 'groups', 'logo', 'clientCredentials', 'users', 'deactivate',
  ]);
});

test('settings that nothing uses yet are kept as they were sent', async () => {
  const kept = {
    client_uri: 'https://app.example.test/', logo_uri: 'https://app.example.test/logo.png', tos_uri: 'https://app.example.test/tos',
    policy_uri: 'https://app.example.test/policy', initiate_login_uri: 'https://app.example.test/login', consent_method: 'REQUIRED',
    post_logout_redirect_uris: ['https://app.example.test/bye'], redirect_uris: ['https://app.example.test/cb'],
    application_type: 'web', grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], response_types: ['code'],
    refresh_token: { rotation_type: 'ROTATE', leeway: 20 }, network: { connection: 'ANYWHERE' }, dpop_bound_access_tokens: true,
    wildcard_redirect: 'SUBDOMAIN', idp_initiated_login: { mode: 'SPEC', default_scope: ['openid'] }, participate_slo: true,
    frontchannel_logout_uri: 'https://app.example.test/slo', frontchannel_logout_session_required: true, request_object_signing_alg: 'RS256',
  };
  const made = await api.ok('POST', '/api/v1/apps', appBody({ client: kept, profile: { any: { thing: [1, null] } } }), 200);
  const read = await api.ok('GET', `/api/v1/apps/${made.id}`);
  for (const [name, value] of Object.entries(kept)) assert.deepEqual(read.settings.oauthClient[name], value, name);
  assert.deepEqual(read.profile, { any: { thing: [1, null] } });
});

test('an app is replaced, deactivated, activated and deleted with the statuses of Okta, and keeps its secret', async () => {
  const service = await makeService(api);
  const path = `/api/v1/apps/${service.id}`;
  const renamed = await api.ok('PUT', path, { ...await api.ok('GET', path), label: 'Other label' });
  assert.equal(renamed.label, 'Other label');
  assert.equal('client_secret' in renamed.credentials.oauthClient, false);
  const down = await api.post(`${path}/lifecycle/deactivate`);
  assert.deepEqual([down.status, down.text], [200, '{}']);
  const inactive = await api.ok('GET', path);
  assert.equal(inactive.status, 'INACTIVE');
  assert.deepEqual(inactive._links.activate, { href: href(`${path}/lifecycle/activate`) });
  assert.equal('deactivate' in inactive._links, false);
  assert.deepEqual((await api.post(`${path}/lifecycle/activate`)).text, '{}');
  assert.equal((await api.ok('GET', `${path}/credentials/secrets`))[0].client_secret, service.secret);
  const asleep = await api.ok('POST', '/api/v1/apps?activate=false', appBody(), 200);
  assert.equal(asleep.status, 'INACTIVE');
  assert.equal((await api.delete(`/api/v1/apps/${asleep.id}`)).status, 204);
});

test('a client may choose its id and its secret', async () => {
  const credentials = { client_id: `chosen-${process.pid}`, client_secret: 'a-secret-of-the-client' };
  const app = await api.ok('POST', '/api/v1/apps', appBody({ credentials }), 200);
  assert.equal(app.credentials.oauthClient.client_id, credentials.client_id);
  assert.equal(app.credentials.oauthClient.client_secret, credentials.client_secret);
});

test('a client has at most two secrets, both work, and the last one stays', async () => {
  const service = await makeService(api);
  const path = `/api/v1/apps/${service.id}/credentials/secrets`;
  const second = await api.ok('POST', path, {}, 201);
  const shown = (status, made) => ({
    id: id('ocs'), created: time, lastUpdated: time, status, client_secret: matching(/^[A-Za-z0-9_-]{64}$/), secret_hash: (hash) => typeof hash === 'string',
    _links: made._links,
  });
  sameJson(second, shown('ACTIVE', second));
  assert.equal((await api.post(path, {})).status, 400);
  const place = await makeAuthorizationServer(api);
  const works = async (secret) => (await grant(server.origin, place.id, { id: service.id, secret }, 'read')).status;
  assert.deepEqual([await works(service.secret), await works(second.client_secret)], [200, 200]);
  const first = (await api.ok('GET', path)).find((secret) => secret.id !== second.id);
  await api.ok('POST', `${path}/${first.id}/lifecycle/deactivate`, null, 200);
  assert.deepEqual([await works(service.secret), await works(second.client_secret)], [401, 200]);
  assert.ok((await api.post(`${path}/${second.id}/lifecycle/deactivate`)).status >= 400);
  assert.ok((await api.delete(`${path}/${second.id}`)).status >= 400);
  assert.equal((await api.delete(`${path}/${first.id}`)).status, 204);
  assert.equal(await works(second.client_secret), 200);
});

test('a stored public key comes back with an id, a status and no use', async () => {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  const keys = [{ kty: 'RSA', kid: 'one', e: jwk.e, n: jwk.n }];
  const app = await api.ok('POST', '/api/v1/apps', appBody({ credentials: { token_endpoint_auth_method: 'private_key_jwt' }, client: { jwks: { keys } } }), 200);
  const read = await api.ok('GET', `/api/v1/apps/${app.id}`);
  const [stored] = read.settings.oauthClient.jwks.keys;
  assert.match(stored.id, /^pks/);
  assert.deepEqual([stored.kid, stored.kty, stored.e, stored.n, stored.status, stored.use], ['one', 'RSA', jwk.e, jwk.n, 'ACTIVE', null]);
  assert.equal('client_secret' in app.credentials.oauthClient, false);
});

test('a group has its members in order, and its list is found by the beginning of a name', async () => {
  const name = unique('group');
  const group = await api.ok('POST', '/api/v1/groups', { profile: { name, description: '' } }, 200);
  const path = `/api/v1/groups/${group.id}`;
  sameJson(group, {
    id: id('00g'), created: time, lastUpdated: time, lastMembershipUpdated: time, objectClass: ['okta:user_group'], type: 'OKTA_GROUP',
    profile: { name, description: '' },
    _links: { logo: group._links.logo, owners: { href: href(`${path}/owners`) }, users: { href: href(`${path}/users`) }, apps: { href: href(`${path}/apps`) } },
  });
  assert.deepEqual(await api.ok('GET', path), group);
  assert.deepEqual(await api.ok('GET', `/api/v1/groups?q=${encodeURIComponent(name.slice(0, -1))}`), [group]);
  assert.equal((await api.delete(path)).status, 204);
});

test('API tokens are listed without their value', async () => {
  const [token] = await api.ok('GET', '/api/v1/api-tokens');
  const self = { href: href(`/api/v1/api-tokens/${token.id}`), hints: { allow: ['GET', 'DELETE'] } };
  const user = { href: href(`/api/v1/users/${token.userId}`), hints: { allow: ['GET'] } };
  sameJson(token, {
    id: id('00T'), name: (name) => name.length > 0, userId: id('00u'), clientName: 'Okta API', tokenWindow: 'P30D',
    network: { connection: 'ANYWHERE' }, expiresAt: time, created: time, lastUpdated: time, _links: { self, user },
  });
  const body = { clientName: 'Okta API', created: token.created, name: 'renamed', network: { connection: 'ANYWHERE' }, userId: token.userId };
  const renamed = await api.ok('PUT', `/api/v1/api-tokens/${token.id}`, body);
  sameJson(renamed, { ...token, name: 'renamed', lastUpdated: time, expiresAt: time });
  assert.equal(JSON.stringify(renamed).includes(api.token), false);
});

test('the signing keys of a server are listed and read one by one, and never with a private part', async () => {
  const place = await makeAuthorizationServer(api, { rule: null });
  const keys = await api.ok('GET', `${place.path}/credentials/keys`);
  assert.deepEqual(keys.map((key) => key.status).sort(), ['ACTIVE', 'NEXT']);
  for (const key of keys) {
    const self = { self: { href: href(`${place.path}/credentials/keys/${key.kid}`), hints: { allow: ['GET'] } } };
    const members = { alg: 'RS256', e: 'AQAB', n: matching(/^[\w-]{342}$/), kid: keyId, kty: 'RSA', use: 'sig' };
    sameJson(key, { status: key.status, ...members, _links: self });
    const alone = await api.ok('GET', `${place.path}/credentials/keys/${key.kid}`);
    assert.deepEqual(Object.keys(alone), ['kty', 'status', 'alg', 'kid', 'use', '_links', 'e', 'n']);
    assert.deepEqual(alone, key);
  }
  const jwks = (await api.get(`/oauth2/${place.id}/v1/keys`)).json;
  assert.deepEqual(Object.keys(jwks), ['keys']);
  for (const key of jwks.keys) assert.deepEqual(Object.keys(key), ['alg', 'e', 'n', 'kid', 'kty', 'use']);
});
