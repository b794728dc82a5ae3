// Every way in which the token endpoint refuses a service, with the status, the code and the text of each.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askToken, basic, client } from '../harness/api.mjs';
import { refusedByOauth } from '../harness/expect.mjs';
import { grant, makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

const form = 'grant_type=client_credentials&scope=read';
const formType = { 'content-type': 'application/x-www-form-urlencoded' };
const noPolicy = 'Policy evaluation failed for this request, please check the policy configurations.';

let server, api, service, place, authorization;
before(async () => {
  server = await startServer();
  api = server.api;
  service = await makeService(api);
  authorization = basic(service.id, service.secret);
  place = await makeAuthorizationServer(api, { scopes: ['read', 'write'] });
});
after(() => server?.stop());

const ask = (body, headers = { authorization }, where = place.id) => askToken(server.origin, where, body, headers);

test('a scope that the server does not have is no_matching_scope', async () => {
  refusedByOauth(await grant(server.origin, place.id, service, 'read nothing'), 400, 'invalid_scope',
    'One or more scopes are not configured for the authorization server resource.');
  refusedByOauth(await grant(server.origin, place.id, service, 'READ'), 400, 'invalid_scope',
    'One or more scopes are not configured for the authorization server resource.');
});

test('a scope that no rule lists is no_matching_policy, with 401', async () => {
  const narrow = await makeAuthorizationServer(api, { scopes: ['read', 'write'], rule: { conditions: { scopes: { include: ['read'] } } } });
  refusedByOauth(await grant(server.origin, narrow.id, service, 'read write'), 401, 'access_denied', noPolicy);
});

test('no scope and no default scope is no_default_scopes', async () => {
  refusedByOauth(await grant(server.origin, place.id, service), 400, 'invalid_scope',
    "The authorization server resource does not have any configured default scopes, 'scope' must be provided.");
});

test('default scopes of which the rule permits none are no_scope_allowed', async () => {
  const made = await makeAuthorizationServer(api, {
    scopes: [{ name: 'one', default: true }, 'two'], rule: { conditions: { scopes: { include: ['two'] } } },
  });
  refusedByOauth(await grant(server.origin, made.id, service), 400, 'access_denied',
    'Policy evaluation succeeded, but all the requested scopes were rejected.');
});

// The fifth refusal, scope_denied, needs a refresh or a consent: a service asks anew each time and cannot cause it.

test('a rule for named people, another grant, another client or nothing never fits a service', async () => {
  const group = await api.ok('POST', '/api/v1/groups', { profile: { name: 'staff of token-refusals' } }, 200);
  const other = await makeService(api);
  const me = await api.ok('GET', '/api/v1/users/me');
  const misfits = [
    { rule: { conditions: { people: { groups: { include: [group.id] } } } } },
    { rule: { conditions: { people: { users: { include: [me.id] } } } } },
    { rule: { conditions: { grantTypes: { include: ['authorization_code', 'password'] } } } },
    { policy: { conditions: { clients: { include: [other.id] } } } },
    { policy: { status: 'INACTIVE' } },
    { rule: { status: 'INACTIVE' } },
    { rule: null },
  ];
  for (const misfit of misfits) {
    const made = await makeAuthorizationServer(api, misfit);
    const reply = await grant(server.origin, made.id, service, 'read');
    refusedByOauth(reply, 401, 'access_denied', noPolicy);
  }
});

test('openid and the other scopes about a person are not for services', async () => {
  for (const scope of ['openid', 'read openid', 'read profile', 'read offline_access', 'email', 'device_sso']) {
    const reply = await grant(server.origin, place.id, service, scope);
    refusedByOauth(reply, 400, 'invalid_scope', "Cannot request 'openid' scopes using client credentials.");
  }
});

test('a scope that needs consent is refused to a service, a flexible or implicit one is granted', async () => {
  const made = await makeAuthorizationServer(api, {
    scopes: [{ name: 'asked', consent: 'REQUIRED' }, { name: 'bent', consent: 'FLEXIBLE' }, { name: 'free', consent: 'IMPLICIT' }],
  });
  refusedByOauth(await grant(server.origin, made.id, service, 'asked free'), 400, 'consent_required',
    'The following scopes require user consent and cannot be granted for the client credentials grant type: [asked].');
  assert.equal((await grant(server.origin, made.id, service, 'bent free')).status, 200);
});

test('a server that does not exist or is inactive is an authorization server id that is invalid', async () => {
  const text = 'The authorization server id is invalid.';
  refusedByOauth(await ask(form, { authorization }, 'aus00000000000000000'), 400, 'invalid_request', text);
  refusedByOauth(await ask(form, { authorization }, 'x'), 400, 'invalid_request', text);
  const made = await makeAuthorizationServer(api);
  await api.ok('POST', `${made.path}/lifecycle/deactivate`, null, 204);
  refusedByOauth(await grant(server.origin, made.id, service, 'read'), 400, 'invalid_request', text);
  await api.ok('POST', `${made.path}/lifecycle/activate`, null, 204);
  assert.equal((await grant(server.origin, made.id, service, 'read')).status, 200);
});

test('a client that does not exist, or is inactive or deleted, is an invalid client', async () => {
  const text = "Invalid value for 'client_id' parameter.";
  refusedByOauth(await ask(form, { authorization: basic('0oa00000000000000000', 'x') }), 401, 'invalid_client', text);
  const short = await makeService(api);
  const again = () => grant(server.origin, place.id, short, 'read');
  assert.equal((await again()).status, 200);
  await api.ok('POST', `/api/v1/apps/${short.id}/lifecycle/deactivate`, null, 200);
  refusedByOauth(await again(), 401, 'invalid_client');
  await api.ok('POST', `/api/v1/apps/${short.id}/lifecycle/activate`, null, 200);
  assert.equal((await again()).status, 200);
  await api.ok('POST', `/api/v1/apps/${short.id}/lifecycle/deactivate`, null, 200);
  await api.ok('DELETE', `/api/v1/apps/${short.id}`, null, 204);
  refusedByOauth(await again(), 401, 'invalid_client', text);
});

test('a wrong secret is an invalid client', async () => {
  const text = 'The client secret supplied for a confidential client is invalid.';
  for (const secret of [`${service.secret}x`, service.secret.slice(1), 'x']) {
    refusedByOauth(await ask(form, { authorization: basic(service.id, secret) }), 401, 'invalid_client', text);
  }
});

test('a client must authenticate in its own way', async () => {
  const text = 'Client authentication failed. Either the client or the client credentials are invalid.';
  const posted = `${form}&client_id=${service.id}&client_secret=${service.secret}`;
  refusedByOauth(await ask(posted, {}), 401, 'invalid_client', text);
  const posting = await makeService(api, { credentials: { token_endpoint_auth_method: 'client_secret_post' } });
  refusedByOauth(await ask(form, { authorization: basic(posting.id, posting.secret) }), 401, 'invalid_client', text);
  refusedByOauth(await ask(`${form}&client_id=${service.id}`, {}), 401, 'invalid_client', text);
});

test('no credentials at all is an invalid client', async () => {
  refusedByOauth(await ask(form, {}), 401, 'invalid_client', 'No client credentials found.');
});

test('a malformed authorization header is no credentials', async () => {
  const text = 'Found Authentication header but was not valid client credentials.';
  for (const header of ['Basic', 'Basic !!!', `Basic ${Buffer.from('no colon').toString('base64')}`, 'Bearer x', `SSWS ${api.token}`]) {
    refusedByOauth(await ask(form, { authorization: header }), 401, 'invalid_client', text);
  }
});

test('any parameter that stands twice is refused by its name', async () => {
  const text = (name) => `Duplicate parameter provided in request. Duplicated parameters: [${name}].`;
  for (const name of ['scope', 'grant_type', 'resource', 'anything']) {
    const reply = await ask(`${form}&${name}=read&${name}=read`);
    refusedByOauth(reply, 400, 'invalid_request', text(name));
  }
  refusedByOauth(await ask(`${form}&client_id=a&client_id=b`, {}), 400, 'invalid_request', text('client_id'));
});

test('credentials in the query are refused even when they are right', async () => {
  const text = 'Client credentials cannot be supplied via query parameters.';
  const query = `client_id=${service.id}&client_secret=${service.secret}`;
  const send = (path, headers = {}) => client(server.origin).post(path, form, { ...formType, ...headers });
  refusedByOauth(await send(`/oauth2/${place.id}/v1/token?${query}`), 400, 'invalid_request', text);
  refusedByOauth(await send(`/oauth2/${place.id}/v1/token?client_secret=x`, { authorization }), 400, 'invalid_request', text);
});

test('credentials in two places are refused even when both are right', async () => {
  const text = /^Cannot supply multiple client credentials\. Use one of the following: credentials in the Authorization header, credentials in the post body, or a client_assertion in the post body\.$/;
  const posted = `${form}&client_id=${service.id}&client_secret=${service.secret}`;
  refusedByOauth(await ask(posted), 401, 'invalid_request', text);
  const assertion = 'client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c';
  refusedByOauth(await ask(`${form}&${assertion}`), 401, 'invalid_request', text);
});

test('a client id beside the header must be the same client', async () => {
  assert.equal((await ask(`${form}&client_id=${service.id}`)).status, 200);
  const other = await makeService(api);
  const reply = await ask(`${form}&client_id=${other.id}`);
  assert.ok([400, 401].includes(reply.status), reply.text);
});

test('a grant type that is missing, unknown or not the client\'s own is refused by its kind', async () => {
  refusedByOauth(await ask('scope=read'), 400, 'invalid_request', /^The token request must specify a 'grant_type'\. Valid values: \[.*client_credentials.*\]\.?$/);
  refusedByOauth(await ask('grant_type=&scope=read'), 400, 'invalid_request', /grant_type/);
  refusedByOauth(await ask('grant_type=magic&scope=read'), 400, 'unsupported_grant_type',
    /^The authorization grant type is not supported by the authorization server\. Configured grant types: \[.*client_credentials.*\]\.$/);
  const web = await makeService(api, {
    client: { application_type: 'web', grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: ['https://app.example.test/cb'] },
  });
  refusedByOauth(await grant(server.origin, place.id, web, 'read'), 400, 'unauthorized_client',
    'The client is not authorized to use the provided grant type. Configured grant types: [authorization_code].');
});
