// Algorithms and profiles beyond Okta: every token verifies by node:crypto and the published keys alone, a switch breaks nobody,
// and whoever does not ask for any of it keeps what Okta's verifier knows.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, mock, test } from 'node:test';
import { askOauth, basic } from '../harness/api.mjs';
import { refused } from '../harness/expect.mjs';
import { decode, verified } from '../harness/jwt.mjs';
import { accessToken, claimBody, grant, makeAuthorizationServer, makeService, serverBody } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';
import { freePort } from '../harness/wait.mjs';

const OktaJwtVerifier = createRequire(import.meta.url)('@okta/jwt-verifier');
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const members = {
  RS256: ['alg', 'e', 'kid', 'kty', 'n', 'use'], PS256: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
  ES256: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'], EdDSA: ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
};

let server, api, service;
before(async () => {
  mock.method(console, 'warn', () => {}); // the verifier warns that plain http is for tests
  server = await startServer({ listen: `127.0.0.1:${await freePort()}` });
  api = server.api;
  service = await makeService(api);
});
after(() => server?.stop());

const take = (place) => accessToken(server.origin, place.id, service);
const jwks = async (place) => (await api.get(`/oauth2/${place.id}/v1/keys`)).json;
const introspect = async (place, token) => {
  const reply = await askOauth(server.origin, place.id, 'introspect', { token }, { authorization: basic(service.id, service.secret) });
  assert.equal(reply.status, 200, reply.text);
  return reply.json;
};
const replace = (place, tokenmint) => api.put(place.path, serverBody({ name: place.server.name, ...(tokenmint === undefined ? {} : { tokenmint }) }));
const rotate = (place) => api.ok('POST', `${place.path}/credentials/lifecycle/keyRotate`, { use: 'sig' }, 200);
const discovered = async (place) => (await api.get(`/oauth2/${place.id}/.well-known/openid-configuration`)).json.id_token_signing_alg_values_supported;
const okta = (place) => new OktaJwtVerifier({
  issuer: `${server.origin}/oauth2/${place.id}`, testing: { disableHttpsCheck: true }, jwksRequestsPerMinute: 100,
});

test('a server signs with the algorithm that it was made for, and its published keys verify that', async () => {
  for (const alg of algorithms) {
    const place = await makeAuthorizationServer(api, { tokenmint: { signingAlgorithm: alg } });
    const token = await take(place);
    const keys = await jwks(place);
    assert.deepEqual(keys.keys.map((key) => key.alg), [alg, alg]);
    for (const key of keys.keys) assert.deepEqual(Object.keys(key).sort(), members[alg], 'public members and no others');
    assert.equal(verified(token, keys).cid, service.id, alg);
    assert.deepEqual(Object.keys(decode(token).header), ['kid', 'alg']);
    assert.equal((await introspect(place, token)).active, true, alg);
    assert.deepEqual(await discovered(place), [alg]);
    const [header, payload, signature] = token.split('.');
    const flipped = Buffer.from(signature, 'base64url');
    flipped[7] ^= 1;
    const forged = `${header}.${payload}.${flipped.toString('base64url')}`;
    assert.throws(() => verified(forged, keys), /bad signature/);
    assert.deepEqual(await introspect(place, forged), { active: false });
  }
});

test('a change of the algorithm waits for the rotation, and tokens of every key so far go on verifying', async () => {
  const place = await makeAuthorizationServer(api);
  const verifier = okta(place);
  const tokens = [await take(place)];
  await verifier.verifyAccessToken(tokens[0], 'api://tests');
  for (const [step, alg] of ['ES256', 'EdDSA', 'PS256', 'RS256'].entries()) {
    const before = await jwks(place);
    const shown = await replace(place, { signingAlgorithm: alg });
    assert.equal(shown.status, 200, shown.text);
    const published = await jwks(place);
    assert.equal(published.keys.find((key) => key.kid === before.keys[0].kid)?.alg, before.keys[0].alg, 'the active key stays');
    assert.equal(published.keys[1].alg, alg, 'the next one is published at once');
    assert.ok(!published.keys.some((key) => key.kid === before.keys[1].kid), 'in place of the one before');
    assert.ok((await discovered(place)).includes(alg));
    assert.equal(decode(await take(place)).header.alg, before.keys[0].alg, 'nobody knows the new one yet');
    await rotate(place);
    const token = await take(place);
    assert.deepEqual(decode(token).header, { kid: published.keys[1].kid, alg });
    verified(token, published); // the keys of before the rotation will do
    tokens.push(token);
    const after = await jwks(place);
    assert.equal(after.keys.length, step + 3);
    for (const one of tokens) {
      verified(one, after);
      assert.equal((await introspect(place, one)).active, true);
    }
  }
  assert.deepEqual(await discovered(place), ['RS256', 'PS256', 'ES256', 'EdDSA']);
  const rollovers = (await api.all('/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z&until=2100-01-01T00:00:00.000Z'))
    .filter((event) => event.eventType === 'app.oauth2.as.key.rollover' && event.target[0].id === place.id);
  assert.equal(rollovers.length, 4);
  for (const event of rollovers) assert.match(event.outcome.reason, /published less than an hour ago/, 'each was sooner than verifiers may know');
  assert.match(server.said.stderr, /published less than an hour ago/, 'and the process log warns, too');
  for (const token of [tokens[0], tokens.at(-1)]) {
    await verifier.verifyAccessToken(token, 'api://tests');
    await okta(place).verifyAccessToken(token, 'api://tests');
  }
});

test('a token of one algorithm under the name of another is refused, by the same key, too', async () => {
  const place = await makeAuthorizationServer(api, { tokenmint: { signingAlgorithm: 'PS256' } });
  const token = await take(place);
  const { header } = decode(token);
  const [, payload, signature] = token.split('.');
  for (const alg of ['RS256', 'RS384', 'PS384', 'HS256', 'ES256', 'EdDSA', 'none', 'ps256']) {
    const renamed = Buffer.from(JSON.stringify({ ...header, alg })).toString('base64url');
    assert.deepEqual(await introspect(place, `${renamed}.${payload}.${signature}`), { active: false }, alg);
  }
  assert.equal((await introspect(place, token)).active, true);
});

test('an algorithm is known again after a restart, and so are the tokens that it signed', async () => {
  const place = await makeAuthorizationServer(api, { tokenmint: { signingAlgorithm: 'EdDSA', accessTokenProfile: 'RFC9068' } });
  const token = await take(place);
  await server.restart();
  api = server.api;
  assert.equal((await introspect(place, token)).active, true);
  const again = await take(place);
  verified(again, await jwks(place));
  assert.deepEqual(decode(again).header, { ...decode(token).header });
  const shown = await api.ok('GET', place.path);
  assert.deepEqual(shown.tokenmint, { signingAlgorithm: 'EdDSA', accessTokenProfile: 'RFC9068' });
});

test('under RFC 9068 a token says what it is, has every claim that is required, and keeps Okta\'s', async () => {
  const place = await makeAuthorizationServer(api, { scopes: ['read', 'write'], tokenmint: { accessTokenProfile: 'RFC9068' } });
  await api.ok('POST', `${place.path}/claims`, claimBody('scope', "'spoilt'"), 201);
  await api.ok('POST', `${place.path}/claims`, claimBody('client_id', "'spoilt'"), 201);
  const token = (await grant(server.origin, place.id, service, 'read write')).json.access_token;
  const { header } = decode(token);
  assert.deepEqual(Object.entries(header), [['kid', header.kid], ['alg', 'RS256'], ['typ', 'at+jwt']]);
  const claims = verified(token, await jwks(place));
  assert.deepEqual(Object.keys(claims), ['ver', 'jti', 'iss', 'aud', 'sub', 'iat', 'exp', 'cid', 'scp', 'client_id', 'scope']);
  assert.deepEqual([claims.client_id, claims.sub, claims.cid], [service.id, service.id, service.id]);
  assert.deepEqual([claims.scope, claims.scp], ['read write', ['read', 'write']]);
  const plain = await makeAuthorizationServer(api, { scopes: ['read', 'write'] });
  const other = (await grant(server.origin, plain.id, service, 'read write')).json.access_token;
  const said = async (where, what) => {
    const { iss, jti, iat, exp, ...rest } = await introspect(where, what);
    assert.ok(iss && jti && iat && exp);
    return JSON.stringify(rest);
  };
  assert.equal(await said(place, token), await said(plain, other), 'introspection tells no difference');
  await okta(place).verifyAccessToken(token, 'api://tests');
});

test('what is not known is refused by its name, whoever knows nothing of it harms nothing', async () => {
  const place = await makeAuthorizationServer(api);
  refused(await replace(place, { signingAlgorithm: 'HS256' }), 400, 'E0000001', /tokenmint\.signingAlgorithm/);
  refused(await replace(place, { accessTokenProfile: 'okta' }), 400, 'E0000001', /tokenmint\.accessTokenProfile/);
  refused(await replace(place, { algorithm: 'ES256' }), 400, 'E0000001', /algorithm/);
  refused(await replace(place, []), 400, 'E0000001', /tokenmint/);
  const before = await jwks(place);
  assert.equal((await replace(place)).json.tokenmint, undefined);
  assert.deepEqual(await jwks(place), before, 'a refusal changes nothing, and neither does a PUT of Okta\'s members');
  assert.deepEqual((await replace(place, { signingAlgorithm: 'ES256' })).json.tokenmint, { signingAlgorithm: 'ES256', accessTokenProfile: 'OKTA' });
  const set = await jwks(place);
  assert.equal((await replace(place)).json.tokenmint.signingAlgorithm, 'ES256');
  assert.deepEqual(await jwks(place), set);
  assert.equal((await replace(place, null)).json.tokenmint, undefined);
  assert.deepEqual((await jwks(place)).keys.map((key) => key.alg), ['RS256', 'RS256']);
});

test('what becomes of too many groups is chosen per server, shown where it is not Okta\'s, and kept over a restart', async () => {
  const place = await makeAuthorizationServer(api, { tokenmint: { groupsOverflow: 'POINTER' } });
  refused(await replace(place, { groupsOverflow: 'TRUNCATE' }), 400, 'E0000001', /tokenmint\.groupsOverflow/);
  const kept = { signingAlgorithm: 'RS256', accessTokenProfile: 'OKTA', groupsOverflow: 'POINTER' };
  assert.deepEqual((await replace(place)).json.tokenmint, kept);
  await server.restart();
  api = server.api;
  assert.deepEqual((await api.ok('GET', place.path)).tokenmint, kept);
  verified(await take(place), await jwks(place));
  assert.equal((await replace(place, { groupsOverflow: null })).json.tokenmint, undefined);
});

test('a server in AUTO says when it will switch, and its keys may not be cached beyond that', async () => {
  const place = await makeAuthorizationServer(api);
  const { credentials } = (await replace(place, { signingAlgorithm: 'ES256' })).json;
  const minutes = (new Date(credentials.signing.nextRotation) - Date.now()) / 60_000;
  assert.ok(minutes > 60 && minutes <= 65, `the switch is ${minutes} minutes away`);
  const cached = (await api.get(`/oauth2/${place.id}/v1/keys`)).headers['cache-control'];
  assert.equal(cached, 'max-age=3600, must-revalidate');
});
