// Clients that authenticate by a signed assertion: with their secret, or with a key that they registered.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { askToken, basic, client } from '../harness/api.mjs';
import { assertionType, claimsOf, newKey, now, token } from '../harness/assertion.mjs';
import { refused, refusedByOauth } from '../harness/expect.mjs';
import { decode } from '../harness/jwt.mjs';
import { appBody, makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

const says = {
  algorithm: 'The client_assertion JWT signature algorithm is invalid.',
  audience: 'The audience claim for client_assertion must be the endpoint invoked for the request.',
  exp: "The client_assertion must contain the 'exp' claim as seconds since epoch.",
  expired: 'The client_assertion token is expired.',
  far: 'The client_assertion token has an expiration too far into the future.',
  issuer: 'The issuer claim for client_assertion is not a valid client_id.',
  kid: 'The client_assertion JWT kid is invalid.',
  later: 'The client_assertion token must be issued before the current time.',
  method: 'Client authentication failed. Either the client or the client credentials are invalid.',
  noKeys: 'The client does not have a JWKSet configured, but the client_assertion requires one.',
  parsing: 'The parsing of the client_assertion failed.',
  short: 'The client secret is too short to verify a JWT HMAC.',
  signature: 'The client_assertion signature is invalid.',
  subject: 'The subject claim for client_assertion is not a valid client_id.',
  used: 'The client_assertion token has already been used.',
};

let server, api, place, url, issuer, sharing, signing, keys;
before(async () => {
  server = await startServer();
  api = server.api;
  place = await makeAuthorizationServer(api, { scopes: ['read'] });
  issuer = `${server.origin}/oauth2/${place.id}`;
  url = `${issuer}/v1/token`;
  sharing = await makeService(api, { credentials: { token_endpoint_auth_method: 'client_secret_jwt' } });
  keys = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'].map((alg) => newKey(alg));
  signing = await signer(keys.map((key) => key.jwk));
});
after(() => server?.stop());

const signer = (jwks) => makeService(api, {
  credentials: { token_endpoint_auth_method: 'private_key_jwt' }, client: { jwks: { keys: jwks } },
});

const present = (assertion, more = {}) => askToken(server.origin, place.id, {
  grant_type: 'client_credentials', scope: 'read', client_assertion_type: assertionType, client_assertion: assertion, ...more,
});

const bySecret = (more, alg = 'HS256', secret = sharing.secret) => present(token({ alg }, claimsOf(sharing.id, url, more), secret));
const byKey = (key, more, header = {}, service = signing) =>
  present(token({ alg: key.alg, kid: key.kid, ...header }, claimsOf(service.id, url, more), key.privateKey));

function granted(reply, id) {
  assert.equal(reply.status, 200, reply.text);
  assert.equal(decode(reply.json.access_token).claims.sub, id);
}

const refusedWith = (reply, text) => {
  refusedByOauth(reply, 401, 'invalid_client', text);
  assert.match(reply.headers['www-authenticate'], /^Basic /);
};

test('a secret signs with each of the three HMAC algorithms', async () => {
  for (const alg of ['HS256', 'HS384', 'HS512']) granted(await bySecret({}, alg), sharing.id);
});

test('a registered key signs with each algorithm of its type', async () => {
  for (const key of keys) granted(await byKey(key), signing.id);
});

test('a key that names no algorithm signs with every one of its type', async () => {
  const { alg, ...jwk } = keys[0].jwk;
  assert.equal(alg, 'RS256');
  const service = await signer([jwk]);
  for (const each of ['RS256', 'PS384', 'RS512']) granted(await byKey({ ...keys[0], alg: each }, {}, {}, service), service.id);
});

test('a key with an algorithm of its own signs with no other', async () => {
  refusedWith(await byKey({ ...keys[0], alg: 'PS256' }), says.algorithm);
});

test('a single key needs no kid, one of several does', async () => {
  const service = await signer([keys[6].jwk]);
  granted(await byKey(keys[6], {}, { kid: undefined }, service), service.id);
  refusedWith(await byKey(keys[6], {}, { kid: undefined }), says.kid);
});

test('the audience is the endpoint or the issuer, alone or among others', async () => {
  for (const aud of [url, issuer, [url], [issuer, 'https://elsewhere.example']]) granted(await bySecret({ aud }), sharing.id);
  const others = [
    undefined, '', server.origin, `${issuer}/`, `${url}/`, `${issuer}/v1/introspect`, 'https://elsewhere.example', [], {},
    url.replace(place.id, 'default'), [`${url}?x`],
  ];
  for (const aud of others) refusedWith(await bySecret({ aud }), says.audience);
});

test('each claim is judged, and each refusal says which', async () => {
  const cases = [
    [{ iss: 'stranger' }, says.issuer], [{ iss: undefined }, says.issuer], [{ iss: [sharing.id] }, says.issuer],
    [{ sub: signing.id }, says.subject], [{ sub: undefined }, says.subject],
    [{ exp: undefined }, says.exp], [{ exp: 'soon' }, says.exp], [{ exp: null }, says.exp],
    [{ exp: now() - 1 }, says.expired], [{ exp: 0 }, says.expired],
    [{ exp: now() + 3_700 }, says.far], [{ exp: 1e18 }, says.far],
    [{ iat: now() + 90 }, says.later], [{ nbf: now() + 90 }, says.later],
    [{ iat: 'now' }, says.parsing], [{ jti: 1 }, says.parsing],
  ];
  for (const [more, text] of cases) refusedWith(await bySecret(more), text);
  for (const more of [{ iat: undefined }, { jti: undefined }, { iat: now() + 8, nbf: now() + 8 }, { exp: now() + 3_600 }]) {
    granted(await bySecret(more), sharing.id);
  }
});

test('an assertion is granted on once, and once it was, nothing else is said of it', async () => {
  const assertion = token({ alg: 'HS256' }, claimsOf(sharing.id, url), sharing.secret);
  refusedByOauth(await present(assertion, { scope: 'nothing' }), 400, 'invalid_scope');
  granted(await present(assertion), sharing.id);
  refusedWith(await present(assertion), says.used);
  refusedWith(await present(assertion, { scope: 'nothing' }), says.used);
  const jti = randomUUID();
  const answers = await Promise.all(Array.from({ length: 20 }, () => bySecret({ jti })));
  assert.deepEqual(answers.map((answer) => answer.status).filter((status) => status === 200), [200]);
  for (const answer of answers.filter(({ status }) => status !== 200)) refusedWith(answer, says.used);
  granted(await byKey(keys[6], { jti }), signing.id);
});

test('a use is remembered over a restart', async () => {
  const own = await startServer();
  try {
    const there = await makeAuthorizationServer(own.api, { scopes: ['read'] });
    const service = await makeService(own.api, { credentials: { token_endpoint_auth_method: 'client_secret_jwt' } });
    const ask = () => {
      const claims = claimsOf(service.id, `${own.origin}/oauth2/${there.id}/v1/token`, { jti: 'kept' });
      const form = { grant_type: 'client_credentials', scope: 'read', client_assertion_type: assertionType };
      return askToken(own.origin, there.id, { ...form, client_assertion: token({ alg: 'HS256' }, claims, service.secret) });
    };
    granted(await ask(), service.id);
    await own.restart();
    refusedWith(await ask(), says.used);
  } finally {
    await own.stop();
  }
});

test('without a name an assertion may come again', async () => {
  const assertion = token({ alg: 'HS256' }, claimsOf(sharing.id, url, { jti: undefined }), sharing.secret);
  for (let i = 0; i < 2; i++) granted(await present(assertion), sharing.id);
});

test('a wrong signature, an unsigned token and a confused algorithm are refused', async () => {
  refusedWith(await bySecret({}, 'HS256', 'x'.repeat(64)), says.signature);
  refusedWith(await byKey({ ...keys[6], privateKey: newKey('ES256').privateKey }), says.signature);
  const good = token({ alg: 'ES256', kid: keys[6].kid }, claimsOf(signing.id, url), keys[6].privateKey);
  const [header, , signature] = good.split('.');
  const [, other] = token({ alg: 'ES256' }, claimsOf(signing.id, url, { jti: 'other' }), keys[6].privateKey).split('.');
  refusedWith(await present(`${header}.${other}.${signature}`), says.signature);
  for (const service of [sharing, signing]) {
    for (const alg of ['none', 'None', 'NONE', 'HS1', 'ES256K', 'RSA-OAEP']) {
      refusedWith(await present(token({ alg }, claimsOf(service.id, url))), says.algorithm);
    }
  }
  // The public key is known to everybody, in each of the forms in which a library may take it for a secret.
  const rsa = keys[0];
  for (const form of [rsa.publicKey.export({ type: 'spki', format: 'pem' }), JSON.stringify(rsa.jwk), rsa.jwk.n]) {
    const confused = token({ alg: 'HS256', kid: rsa.kid }, claimsOf(signing.id, url), form);
    refusedWith(await present(confused), says.algorithm);
  }
  refusedWith(await present(token({ alg: 'ES256', kid: keys[6].kid }, claimsOf(sharing.id, url), keys[6].privateKey)), says.algorithm);
  // A key that the token brings along is nobody's.
  const own = newKey('ES256');
  const brought = { alg: 'ES256', kid: own.kid, jwk: own.jwk, jku: 'http://127.0.0.1:9/jwks' };
  refusedWith(await present(token(brought, claimsOf(signing.id, url), own.privateKey)), says.kid);
  const critical = token({ alg: 'HS256', crit: ['b64'], b64: false }, claimsOf(sharing.id, url), sharing.secret);
  refusedWith(await present(critical), says.parsing);
});

test('what is no token is not parsed, however long it is', async () => {
  const twice = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from('{"iss":"a","iss":"b"}').toString('base64url')}.c2ln`;
  for (const assertion of ['x', 'a.b', 'a.b.c', 'a.b.c.d', '..', twice, 'é.é.é', `e30.e30.${'A'.repeat(20_000)}`]) {
    refusedWith(await present(assertion), says.parsing);
  }
  const long = token({ alg: 'HS256' }, claimsOf(sharing.id, url, { more: 'x'.repeat(20_000) }), sharing.secret);
  refusedWith(await present(long), says.parsing);
});

test('an unknown key is refused, and so is one that is inactive', async () => {
  refusedWith(await byKey(newKey('ES256')), says.kid);
  const [one, two] = [newKey('ES256'), newKey('ES256')];
  const service = await signer([one.jwk, two.jwk]);
  granted(await byKey(one, {}, {}, service), service.id);
  const path = `/api/v1/apps/${service.id}/credentials/jwks`;
  const registered = (await api.ok('GET', path)).jwks?.keys ?? await api.ok('GET', path);
  const id = registered.find((key) => key.kid === one.kid).id;
  await api.ok('POST', `${path}/${id}/lifecycle/deactivate`, null, 200);
  refusedWith(await byKey(one, {}, {}, service), says.kid);
  granted(await byKey(two, {}, {}, service), service.id);
  await api.ok('POST', `${path}/${id}/lifecycle/activate`, null, 200);
  granted(await byKey(one, {}, {}, service), service.id);
});

test('both active secrets sign, an inactive one does not', async () => {
  const service = await makeService(api, { credentials: { token_endpoint_auth_method: 'client_secret_jwt' } });
  const path = `/api/v1/apps/${service.id}/credentials/secrets`;
  const second = await api.ok('POST', path, {}, 201);
  const by = (secret) => present(token({ alg: 'HS512' }, claimsOf(service.id, url), secret));
  granted(await by(service.secret), service.id);
  granted(await by(second.client_secret), service.id);
  await api.ok('POST', `${path}/${second.id}/lifecycle/deactivate`, null, 200);
  refusedWith(await by(second.client_secret), says.signature);
  granted(await by(service.secret), service.id);
});

test('a secret of fewer than 32 characters signs nothing', async () => {
  const client_secret = 'only-30-characters-in-this-one';
  const service = await makeService(api, { credentials: { token_endpoint_auth_method: 'client_secret_jwt', client_secret } });
  refusedWith(await present(token({ alg: 'HS256' }, claimsOf(service.id, url), client_secret)), says.short);
});

test('a client uses the method that it is registered for', async () => {
  const plain = await makeService(api);
  refusedWith(await present(token({ alg: 'HS256' }, claimsOf(plain.id, url), plain.secret)), says.method);
  const form = 'grant_type=client_credentials&scope=read';
  refusedWith(await askToken(server.origin, place.id, form, { authorization: basic(sharing.id, sharing.secret) }), says.method);
  refusedWith(await askToken(server.origin, place.id, `${form}&client_id=${signing.id}`), says.method);
});

test('the type is named, and one kind of credentials is presented', async () => {
  const assertion = () => token({ alg: 'HS256' }, claimsOf(sharing.id, url), sharing.secret);
  for (const client_assertion_type of ['', 'jwt-bearer', `${assertionType}x`]) {
    refusedByOauth(await present(assertion(), { client_assertion_type }), 400, 'invalid_request', 'The client_assertion_type is invalid.');
  }
  granted(await present(assertion(), { client_id: sharing.id }), sharing.id);
  refusedWith(await present(assertion(), { client_id: signing.id }), says.issuer);
  for (const form of [{ client_secret: 'x' }, { client_id: sharing.id, client_secret: sharing.secret }]) {
    refusedByOauth(await present(assertion(), form), 401, 'invalid_request', /^Cannot supply multiple/);
  }
  refusedByOauth(await client(server.origin).send('POST', `/oauth2/${place.id}/v1/token?client_assertion=${assertion()}`,
    'grant_type=client_credentials', { 'content-type': 'application/x-www-form-urlencoded' }), 400, 'invalid_request', /query/);
});

test('an inactive client signs for nobody', async () => {
  const key = newKey('ES256');
  const service = await signer([key.jwk]);
  await api.ok('POST', `/api/v1/apps/${service.id}/lifecycle/deactivate`, null, 200);
  refusedWith(await byKey(key, {}, {}, service), says.issuer);
});

test('keys that are too small, private or symmetric are refused when they are registered', async () => {
  const good = newKey('ES256');
  const bad = [
    newKey('RS256', { bits: 1024 }).jwk, { ...good.privateKey.export({ format: 'jwk' }), kid: 'private' },
    { kty: 'oct', k: 'c2VjcmV0', kid: 'symmetric' }, { ...good.jwk, x: good.jwk.y }, { ...good.jwk, kty: 'RSA' },
    { ...good.jwk, alg: 'RS256' }, { ...good.jwk, crv: 'secp256k1' },
  ];
  for (const jwk of bad) {
    const body = appBody({ credentials: { token_endpoint_auth_method: 'private_key_jwt' }, client: { jwks: { keys: [jwk] } } });
    refused(await api.post('/api/v1/apps', body), 400, 'E0000001');
  }
});

test('discovery names both methods and their algorithms', async () => {
  for (const name of ['openid-configuration', 'oauth-authorization-server']) {
    const { json } = await client(server.origin).get(`/oauth2/${place.id}/.well-known/${name}`);
    const methods = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'];
    assert.deepEqual(json.token_endpoint_auth_methods_supported, methods);
    const algorithms = json.token_endpoint_auth_signing_alg_values_supported;
    assert.deepEqual([...algorithms].sort(), ['HS256', 'HS384', 'HS512', ...keys.map((key) => key.alg)].sort());
  }
});

test('introspection and revocation take assertions meant for them, once each', async () => {
  const minted = (await byKey(keys[0])).json.access_token;
  const to = (endpoint, assertion) => client(server.origin).send('POST', `/oauth2/${place.id}/v1/${endpoint}`,
    new URLSearchParams({ token: minted, client_assertion_type: assertionType, client_assertion: assertion }).toString(),
    { 'content-type': 'application/x-www-form-urlencoded' });
  const [key] = keys;
  const meantFor = (audience, more) => token({ alg: key.alg, kid: key.kid }, claimsOf(signing.id, audience, more), key.privateKey);
  refusedWith(await to('introspect', meantFor(url)), says.audience);
  const asks = meantFor(`${issuer}/v1/introspect`, { jti: randomUUID() });
  assert.equal((await to('introspect', asks)).json.active, true);
  refusedWith(await to('introspect', asks), says.used);
  const gives = meantFor(`${issuer}/v1/revoke`, { jti: randomUUID() });
  refusedWith(await to('revoke', token({ alg: key.alg, kid: key.kid }, claimsOf(signing.id, `${issuer}/v1/revoke`), keys[1].privateKey)), says.signature);
  assert.equal((await to('revoke', gives)).status, 200);
  refusedWith(await to('revoke', gives), says.used);
  assert.equal((await to('introspect', meantFor(issuer, { jti: randomUUID() }))).json.active, false);
});
