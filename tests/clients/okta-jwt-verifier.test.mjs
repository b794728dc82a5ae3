// Okta's own verifier, as a resource server uses it, on tokens that a service took.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, mock, test } from 'node:test';
import { askToken } from '../harness/api.mjs';
import { decode } from '../harness/jwt.mjs';
import { accessToken, claimBody, grant, makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

const OktaJwtVerifier = createRequire(import.meta.url)('@okta/jwt-verifier');

let server, api, service, place;
before(async () => {
  mock.method(console, 'warn', () => {}); // the verifier warns that plain http is for tests
  server = await startServer();
  api = server.api;
  service = await makeService(api);
  place = await makeAuthorizationServer(api, { scopes: ['read', 'write'], rule: { token: { accessTokenLifetimeMinutes: 5 } } });
});
after(() => server?.stop());

const verifierFor = (id, more = {}) => new OktaJwtVerifier({
  issuer: `${server.origin}/oauth2/${id}`, testing: { disableHttpsCheck: true }, jwksRequestsPerMinute: 100, ...more,
});
const take = (id, scope = 'read', by = service) => accessToken(server.origin, id, by, scope);

test('the verifier accepts a token taken with basic authentication, with its audience, client and scopes', async () => {
  const verifier = verifierFor(place.id, { assertClaims: { cid: service.id, 'scp.includes': ['read', 'write'] } });
  const { claims } = await verifier.verifyAccessToken(await take(place.id, 'read write'), 'api://tests');
  assert.equal(claims.cid, service.id);
  assert.deepEqual(claims.scp, ['read', 'write']);
});

test('the verifier accepts a token taken with a posted secret', async () => {
  const posting = await makeService(api, { credentials: { token_endpoint_auth_method: 'client_secret_post' } });
  const form = { grant_type: 'client_credentials', scope: 'write', client_id: posting.id, client_secret: posting.secret };
  const reply = await askToken(server.origin, place.id, form);
  assert.equal(reply.status, 200, reply.text);
  const { claims } = await verifierFor(place.id).verifyAccessToken(reply.json.access_token, ['api://other', 'api://tests']);
  assert.equal(claims.cid, posting.id);
});

test('the verifier accepts tokens of the default server and the claims that an administrator added', async () => {
  const path = '/api/v1/authorizationServers/default';
  await api.ok('POST', `${path}/scopes`, { name: 'orders' }, 201);
  await api.ok('POST', `${path}/claims`, claimBody('tier', "String.toUpperCase('gold')"), 201);
  const verifier = verifierFor('default', { assertClaims: { tier: 'GOLD' } });
  const { claims } = await verifier.verifyAccessToken(await take('default', 'orders'), 'api://default');
  assert.equal(claims.iss, `${server.origin}/oauth2/default`);
});

test('the verifier refuses another audience and a claim that is not as asserted', async () => {
  const token = await take(place.id);
  await assert.rejects(verifierFor(place.id).verifyAccessToken(token, 'api://other'), /audience claim/);
  const strict = verifierFor(place.id, { assertClaims: { 'scp.includes': ['write'] } });
  await assert.rejects(strict.verifyAccessToken(token, 'api://tests'), /does not include expected value 'write'/);
});

test('tokens from before and after a rotation both pass a verifier that keeps its keys', async () => {
  const rotating = await makeAuthorizationServer(api);
  const jwks = async () => (await api.get(`/oauth2/${rotating.id}/v1/keys`)).json.keys.map((key) => key.kid);
  const keys = async () => api.ok('GET', `${rotating.path}/credentials/keys`);
  const kidOf = async (status) => (await keys()).find((key) => key.status === status)?.kid;

  const verifier = verifierFor(rotating.id);
  const early = await take(rotating.id);
  await verifier.verifyAccessToken(early, 'api://tests');
  const [active, next] = [await kidOf('ACTIVE'), await kidOf('NEXT')];
  assert.ok((await jwks()).includes(next), 'the next key was published before it signs');

  await api.ok('POST', `${rotating.path}/credentials/lifecycle/keyRotate`, { use: 'sig' }, 200);
  assert.equal(await kidOf('ACTIVE'), next);
  assert.equal(await kidOf('EXPIRED'), active);
  assert.notEqual(await kidOf('NEXT'), next);
  const late = await take(rotating.id);
  assert.equal(decode(late).header.kid, next);
  await verifier.verifyAccessToken(late, 'api://tests');
  await verifier.verifyAccessToken(early, 'api://tests');
  await verifierFor(rotating.id).verifyAccessToken(early, 'api://tests');
  assert.ok((await jwks()).includes(active), 'the key of older tokens is still published');
});

test('a resource server that fetched the keys before a rotation needs no second fetch after it', async () => {
  const rotating = await makeAuthorizationServer(api);
  const fetched = (await api.get(`/oauth2/${rotating.id}/v1/keys`)).json;
  await api.ok('POST', `${rotating.path}/credentials/lifecycle/keyRotate`, { use: 'sig' }, 200);
  const verifier = verifierFor(rotating.id, { getKeysInterceptor: async () => fetched.keys, jwksUri: 'http://127.0.0.1:9/nowhere' });
  await verifier.verifyAccessToken(await take(rotating.id), 'api://tests');
});

test('the verifier refuses a token of which anything was changed', async () => {
  const token = await take(place.id);
  const [header, payload, signature] = token.split('.');
  const claims = decode(token).claims;
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const more = encode({ ...claims, scp: ['read', 'write'] });
  const none = encode({ ...decode(token).header, alg: 'none' });
  const flipped = Buffer.from(signature, 'base64url');
  flipped[10] ^= 1;
  const forgeries = [
    `${header}.${more}.${signature}`, `${header}.${payload}.${flipped.toString('base64url')}`,
    `${none}.${payload}.${signature}`, `${header}.${payload}.x`,
  ];
  for (const forged of forgeries) await assert.rejects(verifierFor(place.id).verifyAccessToken(forged, 'api://tests'));
});

test('the verifier refuses a token once its five minutes are over', async (t) => {
  const token = await take(place.id);
  const verifier = verifierFor(place.id);
  await verifier.verifyAccessToken(token, 'api://tests');
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 4 * 60_000 });
  await verifier.verifyAccessToken(token, 'api://tests');
  t.mock.timers.setTime(Date.now() + 2 * 60_000);
  await assert.rejects(verifier.verifyAccessToken(token, 'api://tests'), /expired/i);
});

test('the verifier refuses a token that another authorization server of the org signed', async () => {
  const other = await makeAuthorizationServer(api);
  await assert.rejects(verifierFor(place.id).verifyAccessToken(await take(other.id), 'api://tests'));
});

test('the verifier refuses a token that another installation signed', async () => {
  const foreign = await startServer();
  try {
    const theirs = await makeService(foreign.api);
    const there = await makeAuthorizationServer(foreign.api);
    const token = (await grant(foreign.origin, there.id, theirs, 'read')).json.access_token;
    await assert.rejects(verifierFor(place.id).verifyAccessToken(token, 'api://tests'));
  } finally { await foreign.stop(); }
});
