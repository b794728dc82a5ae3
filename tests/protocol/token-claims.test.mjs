// Claims that an administrator adds to the access tokens of services: expressions, scopes, status, failures.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { refused, refusedByOauth } from '../harness/expect.mjs';
import { decode } from '../harness/jwt.mjs';
import { claimBody, grant, makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

let server, api, service, place;
before(async () => {
  server = await startServer();
  api = server.api;
  service = await makeService(api, { label: 'Billing', profile: { tenant: 'acme', limit: 7, tags: ['a', 'b'] } });
  place = await makeAuthorizationServer(api, { scopes: ['read', 'write'] });
});
after(() => server?.stop());

const addClaim = (name, value, more, path = place.path) => api.ok('POST', `${path}/claims`, claimBody(name, value, more), 201);
const claimsFor = async (scope, id = place.id) => {
  const reply = await grant(server.origin, id, service, scope);
  assert.equal(reply.status, 200, reply.text);
  return decode(reply.json.access_token).claims;
};

test('expressions with functions of String, Arrays and Convert give the values that they say', async () => {
  const values = [
    ["String.append('a', 'b')", 'ab'],
    ["String.join('-', 'a', 'b', 'c')", 'a-b-c'],
    ["String.len('four')", 4],
    ["String.removeSpaces(' a b ')", 'ab'],
    ["String.replace('a.b.c', '.', '')", 'abc'],
    ["String.replaceFirst('aXbX', 'X', '-')", 'a-bX'],
    ["String.startsWith('okta', 'ok')", true],
    ["String.stringContains('okta', 'z')", false],
    ["String.stringSwitch('This is a test', 'default', 'key', 'value', 'test', 'found')", 'found'],
    ["String.stringSwitch('nothing', 'default', 'key', 'value')", 'default'],
    ["String.substring('abcdef', 1, 3)", 'bc'],
    ["String.substringAfter('abc@okta.com', '@')", 'okta.com'],
    ["String.substringBefore('abc@okta.com', '@')", 'abc'],
    ["String.toUpperCase('aä')", 'AÄ'],
    ["String.toLowerCase('AÄ')", 'aä'],
    ['Arrays.add({10, 20}, 30)', [10, 20, 30]],
    ['Arrays.remove({10, 20}, 20)', [10]],
    ['Arrays.clear({10, 20})', []],
    ['Arrays.get({0, 1, 2}, 1)', 1],
    ['Arrays.flatten(10, {20, 30}, 40)', [10, 20, 30, 40]],
    ['Arrays.contains({10, 20}, 10)', true],
    ['Arrays.size({10, 20})', 2],
    ['Arrays.isEmpty({10})', false],
    ["Arrays.toCsvString({'a', ' b'})", 'a, b'],
    ["Convert.toInt('1234')", 1234],
    ['Convert.toInt(123.6)', 124],
    ["Convert.toNum('3.5')", 3.5],
    ["'a' + 'b' + 1", 'ab1'],
    ['(1 > 0) ? true : false', true],
    ["{'x', 'y'}[1]", 'y'],
    ['app.clientId', service.id],
  ];
  const names = await Promise.all(values.map(async ([expression], index) => (await addClaim(`v${index}`, expression)).name));
  const claims = await claimsFor('read');
  values.forEach(([expression, expected], index) => assert.deepEqual(claims[names[index]], expected, expression));
});

test('an expression sees the granted scopes and the profile of the app', async () => {
  await addClaim('scope', "String.replace(Arrays.toCsvString(access.scope), ',', ' ')");
  await addClaim('tenant', 'app.profile.tenant');
  const claims = await claimsFor('read write');
  assert.equal(claims.scope, 'read write');
  assert.equal(claims.tenant, 'acme');
});

test('a null value leaves the claim out', async () => {
  await addClaim('nothing', 'null');
  await addClaim('absent', 'app.profile.missing');
  const claims = await claimsFor('read');
  assert.equal('nothing' in claims, false);
  assert.equal('absent' in claims, false);
});

test('a claim with scopes stands only in tokens that have one of them', async () => {
  await addClaim('writer', "'yes'", { conditions: { scopes: ['write'] } });
  await addClaim('either', "'yes'", { conditions: { scopes: ['write', 'read'] } });
  const reading = await claimsFor('read');
  assert.deepEqual([reading.writer, reading.either], [undefined, 'yes']);
  assert.equal((await claimsFor('read write')).writer, 'yes');
});

test('a disabled claim and a claim of the ID token stand in no access token', async () => {
  await addClaim('off', "'x'", { status: 'INACTIVE' });
  await addClaim('identity', "'x'", { claimType: 'IDENTITY' });
  const claims = await claimsFor('read');
  assert.equal('off' in claims, false);
  assert.equal('identity' in claims, false);
});

test('a deleted or disabled claim leaves the next token', async () => {
  const claim = await addClaim('brief', "'x'");
  assert.equal((await claimsFor('read')).brief, 'x');
  await api.ok('PUT', `${place.path}/claims/${claim.id}`, claimBody('brief', "'x'", { status: 'INACTIVE' }));
  assert.equal('brief' in await claimsFor('read'), false);
  await api.ok('PUT', `${place.path}/claims/${claim.id}`, claimBody('brief', "'y'"));
  assert.equal((await claimsFor('read')).brief, 'y');
  await api.ok('DELETE', `${place.path}/claims/${claim.id}`);
  assert.equal('brief' in await claimsFor('read'), false);
});

test('a claim may be named by a URI', async () => {
  await addClaim('http://example.com/is_root', 'true');
  assert.equal((await claimsFor('read'))['http://example.com/is_root'], true);
});

test('a claim that needs a user fails the whole request, and says which', async () => {
  const made = await makeAuthorizationServer(api);
  await addClaim('who', 'user.firstName', {}, made.path);
  refusedByOauth(await grant(server.origin, made.id, service, 'read'), 400, 'server_error',
    "The 'who' user claim could not be evaluated.");
});

test('the sub claim that cannot be evaluated is a failing system claim', async () => {
  const made = await makeAuthorizationServer(api);
  const sub = (await api.ok('GET', `${made.path}/claims`)).find((claim) => claim.name === 'sub');
  await api.ok('PUT', `${made.path}/claims/${sub.id}`, claimBody('sub', 'user.login'));
  refusedByOauth(await grant(server.origin, made.id, service, 'read'), 400, 'server_error',
    "The 'sub' system claim could not be evaluated.");
});

test('a claim cannot have the name of one that the server sets itself', async () => {
  const before = (await api.ok('GET', `${place.path}/claims`)).length;
  const reserved = ['ver', 'jti', 'iss', 'aud', 'iat', 'exp', 'cid', 'uid', 'scp', 'auth_time', 'acr', 'amr', 'cnf', 'act', 'nbf', 'sub'];
  for (const name of reserved) {
    refused(await api.post(`${place.path}/claims`, claimBody(name, "'x'")), 400, 'E0000001', /name/);
  }
  for (const name of ['ver', 'sub', 'iss', 'aud', 'iat', 'exp', 'jti', 'amr', 'idp', 'nonce', 'auth_time', 'at_hash', 'c_hash', 'acr', 'sid']) {
    refused(await api.post(`${place.path}/claims`, claimBody(name, "'x'", { claimType: 'IDENTITY' })), 400, 'E0000001', /name/);
  }
  assert.equal((await api.ok('GET', `${place.path}/claims`)).length, before);
});

test('an expression that cannot be read is refused where it is written, with its place', async () => {
  for (const [value, about] of [['1 +', /value/], ['String.nope(1)', /nope/], ["'open", /value/], ['', /value/], ['x'.repeat(4097), /4096/]]) {
    refused(await api.post(`${place.path}/claims`, claimBody('bad', value)), 400, 'E0000001', about);
  }
});
