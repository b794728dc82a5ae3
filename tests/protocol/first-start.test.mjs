// What a first start makes, what it prints, and that the second start finds it all again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client } from '../harness/api.mjs';
import { id, keyId, sameJson, time } from '../harness/expect.mjs';
import { store } from '../harness/paths.mjs';
import { end, newHome, serve } from '../harness/process.mjs';
import { admin, startServer } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

const scopes = [
  ['openid', 'openid', 'Signals that a request is an OpenID request.'],
  ['profile', 'View your profile information.',
    'The exact data varies based on what profile information you have provided, such as: name, time zone, picture, or birthday.'],
  ['email', 'View your email address.', 'This allows the app to view your email address.'],
  ['address', 'View your address.', 'This allows the app to view your address, such as: street address, city, state, and zip code.'],
  ['phone', 'View your phone number.', 'This allows the app to view your phone number.'],
  ['offline_access', 'Keep you signed in to the app.', 'This keeps you signed in to the app, even when you are not using it.'],
  ['device_sso', 'Request device secret.',
    'This allows you to single sign on between native client applications on your device.'],
];
const profileClaims = [
  'given_name', 'middle_name', 'family_name', 'nickname', 'profile', 'picture', 'website', 'gender', 'birthdate',
  'zoneinfo', 'locale', 'updated_at',
];

let server;
before(async () => { server = await startServer(); });
after(() => server?.stop());

test('the first start makes an org that says its engine without being asked who asks', async () => {
  const reply = await client(server.origin).get('/.well-known/okta-organization');
  assert.equal(reply.status, 200);
  sameJson(reply.json, {
    id: id('00o'), cell: (cell) => typeof cell === 'string',
    _links: { organization: { href: server.origin } }, pipeline: 'v1', settings: reply.json.settings,
  });
  for (const value of Object.values(reply.json.settings)) assert.equal(typeof value, 'boolean');
  const org = await server.api.ok('GET', '/api/v1/org');
  assert.equal(org.id, reply.json.id);
  assert.equal(org.status, 'ACTIVE');
});

test('the first administrator has the login of the environment and is who the first API token acts for', async () => {
  const me = await server.api.ok('GET', '/api/v1/users/me');
  assert.match(me.id, /^00u/);
  assert.equal(me.status, 'ACTIVE');
  assert.equal(me.profile.login, admin.TOKENMINT_ADMIN_LOGIN);
  const tokens = await server.api.ok('GET', '/api/v1/api-tokens');
  assert.equal(tokens.length, 1);
  assert.match(tokens[0].id, /^00T/);
  assert.equal(tokens[0].userId, me.id);
});

test('the group Everyone is built in, and its name finds it', async () => {
  const groups = await server.api.ok('GET', '/api/v1/groups?q=Everyone');
  assert.equal(groups.length, 1);
  assert.equal(groups[0].type, 'BUILT_IN');
  assert.deepEqual(groups[0].profile, { name: 'Everyone', description: 'All users in your organization' });
});

test('the server named default is found by its alias and by its id, and says it is the default one', async () => {
  const byAlias = await server.api.ok('GET', '/api/v1/authorizationServers/default');
  assert.equal(byAlias.name, 'default');
  assert.equal(byAlias.description, 'Default Authorization Server for your Applications');
  assert.deepEqual(byAlias.audiences, ['api://default']);
  assert.equal(byAlias.issuer, `${server.origin}/oauth2/default`);
  assert.equal(byAlias.status, 'ACTIVE');
  assert.equal(byAlias.default, true);
  const byId = await server.api.ok('GET', `/api/v1/authorizationServers/${byAlias.id}`);
  assert.deepEqual(byId, byAlias);
  assert.equal((await server.api.ok('GET', '/api/v1/authorizationServers')).length, 1);
});

test('the default server has one policy for every client with one rule for services, users and browsers', async () => {
  const policies = await server.api.ok('GET', '/api/v1/authorizationServers/default/policies');
  assert.equal(policies.length, 1);
  const [policy] = policies;
  assert.deepEqual([policy.name, policy.priority, policy.status, policy.system], ['Default Policy', 1, 'ACTIVE', false]);
  assert.deepEqual(policy.conditions, { clients: { include: ['ALL_CLIENTS'] } });
  const rules = await server.api.ok('GET', `/api/v1/authorizationServers/default/policies/${policy.id}/rules`);
  assert.equal(rules.length, 1);
  const [rule] = rules;
  assert.deepEqual([rule.name, rule.priority, rule.status, rule.system], ['Default Policy Rule', 1, 'ACTIVE', false]);
  assert.deepEqual([...rule.conditions.grantTypes.include].sort(), ['authorization_code', 'client_credentials', 'implicit', 'password']);
  assert.deepEqual(rule.conditions.people.groups.include, ['EVERYONE']);
  assert.deepEqual(rule.conditions.scopes.include, ['*']);
  assert.deepEqual(rule.actions.token, {
    accessTokenLifetimeMinutes: 60, refreshTokenLifetimeMinutes: 0, refreshTokenWindowMinutes: 10080,
  });
});

test('every server has the seven system scopes in their order with their texts', async () => {
  const found = await server.api.all('/api/v1/authorizationServers/default/scopes');
  assert.equal(found.length, scopes.length);
  scopes.forEach(([name, displayName, description], index) => {
    const href = `${server.origin}/api/v1/authorizationServers/default/scopes/${found[index].id}`;
    sameJson(found[index], {
      id: id('scp'), name, displayName, description, system: true, metadataPublish: 'ALL_CLIENTS', consent: 'IMPLICIT',
      optional: false, apiResourceId: null, default: false,
      _links: { self: { href, hints: { allow: ['GET', 'PUT', 'DELETE'] } } },
    });
  });
});

test('every server has the nineteen claims of the system, and only sub has a value', async () => {
  const claims = await server.api.ok('GET', '/api/v1/authorizationServers/default/claims');
  const seen = new Map(claims.map((claim) => [claim.name, claim]));
  const expected = new Map([
    ['sub', ['RESOURCE', 'EXPRESSION', [], true]],
    ['name', ['IDENTITY', 'SYSTEM', ['profile'], true]],
    ['preferred_username', ['IDENTITY', 'SYSTEM', ['profile'], true]],
    ['email', ['IDENTITY', 'SYSTEM', ['email'], true]],
    ['email_verified', ['IDENTITY', 'SYSTEM', ['email'], false]],
    ...profileClaims.map((name) => [name, ['IDENTITY', 'SYSTEM', ['profile'], false]]),
    ['address', ['IDENTITY', 'SYSTEM', ['address'], false]],
    ['phone_number', ['IDENTITY', 'SYSTEM', ['phone'], false]],
  ]);
  assert.deepEqual([...seen.keys()].sort(), [...expected.keys()].sort());
  for (const [name, [claimType, valueType, scopesOfClaim, always]] of expected) {
    const claim = seen.get(name);
    assert.deepEqual(
      [claim.claimType, claim.valueType, claim.conditions.scopes, claim.alwaysIncludeInToken, claim.system, claim.status],
      [claimType, valueType, scopesOfClaim, always, true, 'ACTIVE'], name,
    );
    assert.equal('value' in claim, name === 'sub', name);
    assert.match(claim.id, /^ocl/);
  }
  assert.equal(seen.get('sub').value, '(appuser != null) ? appuser.userName : app.clientId');
});

test('the default server publishes one active key and the next one', async () => {
  const keys = await server.api.ok('GET', '/api/v1/authorizationServers/default/credentials/keys');
  assert.deepEqual(keys.map((key) => key.status).sort(), ['ACTIVE', 'NEXT']);
  const { credentials } = await server.api.ok('GET', '/api/v1/authorizationServers/default');
  sameJson(credentials.signing, { kid: keyId, rotationMode: 'AUTO', lastRotated: time, nextRotation: time });
  assert.equal(keys.find((key) => key.status === 'ACTIVE').kid, credentials.signing.kid);
  const days = (Date.parse(credentials.signing.nextRotation) - Date.parse(credentials.signing.lastRotated)) / 86_400_000;
  assert.equal(days, 90);
});

test('a start without credentials in the environment prints them once, and they work', async () => {
  const home = await newHome();
  const first = await serve(home);
  try {
    const token = await printed(first, /^First API token: (\S+)$/m);
    const password = await printed(first, /^First password: +(\S+)$/m);
    const login = await printed(first, /^First admin: +(\S+)$/m);
    assert.match(token, /^00[A-Za-z0-9_-]{40}$/);
    assert.ok(password.length >= 16, 'a password that cannot be guessed');
    const me = await client(first.origin, token).ok('GET', '/api/v1/users/me');
    assert.equal(me.profile.login, login);
    await end(first);
    const second = await serve(home);
    try {
      assert.equal((await client(second.origin, token).get('/api/v1/users/me')).status, 200);
      assert.equal(second.stdout.trim(), `Tokenmint listens on ${second.origin}`);
      assert.ok(!second.stderr.includes(token) && !first.stderr.includes(token), 'the log of the process holds no token');
      assert.ok(!first.stderr.includes(password), 'the log of the process holds no password');
    } finally { await end(second); }
  } finally { await end(first); }
});

test('a start with credentials in the environment prints none of them', async () => {
  const home = await newHome();
  const first = await serve(home, { env: admin });
  await client(first.origin, admin.TOKENMINT_API_TOKEN).ok('GET', '/api/v1/users/me');
  await end(first);
  for (const secret of [admin.TOKENMINT_API_TOKEN, admin.TOKENMINT_ADMIN_PASSWORD]) {
    assert.ok(!first.stdout.includes(secret) && !first.stderr.includes(secret));
  }
});

test('a restart keeps everything as it was', async () => {
  const everything = async () => {
    const base = '/api/v1/authorizationServers/default';
    const paths = ['/api/v1/org', '/api/v1/groups', '/api/v1/authorizationServers', `${base}/policies`, `${base}/scopes`,
      `${base}/claims`, `${base}/credentials/keys`];
    const replies = await Promise.all(paths.map((path) => server.api.ok('GET', path)));
    return JSON.stringify(replies).replaceAll(server.origin, '{origin}');
  };
  const before = await everything();
  await server.restart();
  assert.equal(await everything(), before);
});

async function printed(said, pattern) {
  return (await until(() => said.stdout.match(pattern), `${pattern} on stdout`))[1];
}

test('two first starts at once on one database make one org between them', { skip: store !== 'postgres' && 'PostgreSQL only' }, async () => {
  const home = await newHome();
  const two = await Promise.all([startServer({ home }), startServer({ home: { ...home, data: `${home.data}-2` } })]);
  try {
    const orgs = await Promise.all(two.map(({ api }) => api.ok('GET', '/api/v1/org')));
    assert.equal(orgs[0].id, orgs[1].id);
    assert.equal((await two[0].api.ok('GET', '/api/v1/authorizationServers')).length, 1);
  } finally { await Promise.all(two.map((one) => one.stop())); }
});
