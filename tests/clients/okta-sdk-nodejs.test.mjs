// Okta's Node SDK, unmodified but for its own switch for plain http: builds a server and reads everything back.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { appBody, claimBody, policyBody, ruleBody, scopeBody, serverBody, unique } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';
import { inParallel, until } from '../harness/wait.mjs';

const okta = createRequire(import.meta.url)('@okta/okta-sdk-nodejs');

let server, sdk, servers, authServerId;
before(async () => {
  server = await startServer();
  sdk = new okta.Client({
    orgUrl: server.origin, token: server.api.token, testing: { disableHttpsCheck: true }, cacheMiddleware: null,
  });
  servers = sdk.authorizationServerApi;
  const made = await servers.createAuthorizationServer({ authorizationServer: serverBody({ name: 'orders' }) });
  authServerId = made.id;
});
after(() => server?.stop());

const gather = async (collection) => {
  const items = [];
  await collection.each((item) => { items.push(item); });
  return items;
};
const status = async (promise) => promise.then(() => 'no error', (error) => [error.status, error.errorCode]);

test('the SDK creates a server and reads back what Okta would say', async () => {
  const read = await servers.getAuthorizationServer({ authServerId });
  assert.equal(read.name, 'orders');
  assert.equal(read.issuer, `${server.origin}/oauth2/${authServerId}`);
  assert.deepEqual(read.audiences, ['api://tests']);
  assert.equal(read.status, 'ACTIVE');
  assert.equal(read.credentials.signing.rotationMode, 'AUTO');
  assert.ok(read.created instanceof Date && !Number.isNaN(read.created.valueOf()));
});

test('the SDK builds scopes, claims, a policy and rules, and reads each of them back', async () => {
  const scope = await servers.createOAuth2Scope({ authServerId, oAuth2Scope: scopeBody('orders.read', { consent: 'FLEXIBLE' }) });
  const claim = await servers.createOAuth2Claim({ authServerId, oAuth2Claim: claimBody('tier', "'gold'", { conditions: { scopes: ['orders.read'] } }) });
  const policy = await servers.createAuthorizationServerPolicy({ authServerId, policy: policyBody({ name: 'services' }) });
  const body = ruleBody({ name: 'one hour', conditions: { scopes: { include: ['orders.read'] } } });
  const rule = await servers.createAuthorizationServerPolicyRule({ authServerId, policyId: policy.id, policyRule: body });

  const readScope = await servers.getOAuth2Scope({ authServerId, scopeId: scope.id });
  assert.deepEqual([readScope.name, readScope.consent, readScope.system], ['orders.read', 'FLEXIBLE', false]);
  const readClaim = await servers.getOAuth2Claim({ authServerId, claimId: claim.id });
  assert.deepEqual([readClaim.name, readClaim.value, readClaim.conditions.scopes], ['tier', "'gold'", ['orders.read']]);
  const readPolicy = await servers.getAuthorizationServerPolicy({ authServerId, policyId: policy.id });
  assert.deepEqual([readPolicy.name, readPolicy.priority, readPolicy.conditions.clients.include], ['services', 1, ['ALL_CLIENTS']]);
  const readRule = await servers.getAuthorizationServerPolicyRule({ authServerId, policyId: policy.id, ruleId: rule.id });
  assert.equal(readRule.actions.token.accessTokenLifetimeMinutes, 60);
  assert.deepEqual(readRule.conditions.scopes.include, ['orders.read']);
  assert.deepEqual(readRule.conditions.grantTypes.include, ['client_credentials']);

  assert.deepEqual((await gather(await servers.listAuthorizationServerPolicies({ authServerId }))).map((each) => each.id), [policy.id]);
  const rules = await gather(await servers.listAuthorizationServerPolicyRules({ authServerId, policyId: policy.id }));
  assert.deepEqual(rules.map((each) => each.id), [rule.id]);
  assert.ok((await gather(await servers.listOAuth2Claims({ authServerId }))).some((each) => each.id === claim.id));
  const scopes = await gather(await servers.listOAuth2Scopes({ authServerId, limit: 3 }));
  assert.deepEqual(scopes.map((each) => each.name).sort(), ['address', 'device_sso', 'email', 'offline_access', 'openid', 'orders.read', 'phone', 'profile']);
});

test('the SDK walks every page of a list of servers, each server once, in whichever page size', async () => {
  await inParallel([...Array(22).keys()], 4, (index) => servers.createAuthorizationServer({
    authorizationServer: serverBody({ name: `paged ${index}` }),
  }));
  const whole = (await gather(await servers.listAuthorizationServers())).map((each) => each.id);
  assert.ok(whole.length >= 24);
  assert.equal(new Set(whole).size, whole.length);
  for (const limit of [1, 5, 24, 200]) {
    const paged = (await gather(await servers.listAuthorizationServers({ limit }))).map((each) => each.id);
    assert.deepEqual(paged, whole, `limit ${limit}`);
  }
  const found = await gather(await servers.listAuthorizationServers({ q: 'paged', limit: 4 }));
  assert.equal(found.length, 22);
});

test('the SDK updates, deactivates, activates and deletes', async () => {
  const policy = await servers.createAuthorizationServerPolicy({ authServerId, policy: policyBody() });
  const policyId = policy.id;
  const rule = await servers.createAuthorizationServerPolicyRule({ authServerId, policyId, policyRule: ruleBody() });
  const place = { authServerId, policyId, ruleId: rule.id };

  const changed = await servers.replaceAuthorizationServerPolicyRule({ ...place, policyRule: ruleBody({ name: 'shorter', token: { accessTokenLifetimeMinutes: 5 } }) });
  assert.deepEqual([changed.name, changed.actions.token.accessTokenLifetimeMinutes], ['shorter', 5]);
  await servers.deactivateAuthorizationServerPolicyRule(place);
  assert.equal((await servers.getAuthorizationServerPolicyRule(place)).status, 'INACTIVE');
  await servers.activateAuthorizationServerPolicyRule(place);
  assert.equal((await servers.getAuthorizationServerPolicyRule(place)).status, 'ACTIVE');
  await servers.deleteAuthorizationServerPolicyRule(place);
  assert.deepEqual(await status(servers.getAuthorizationServerPolicyRule(place)), [404, 'E0000007']);

  const renamed = await servers.replaceAuthorizationServerPolicy({ authServerId, policyId, policy: policyBody({ name: 'renamed', priority: policy.priority }) });
  assert.equal(renamed.name, 'renamed');
  await servers.deactivateAuthorizationServerPolicy({ authServerId, policyId });
  assert.equal((await servers.getAuthorizationServerPolicy({ authServerId, policyId })).status, 'INACTIVE');
  await servers.activateAuthorizationServerPolicy({ authServerId, policyId });
  await servers.deleteAuthorizationServerPolicy({ authServerId, policyId });
  assert.deepEqual(await status(servers.getAuthorizationServerPolicy({ authServerId, policyId })), [404, 'E0000007']);

  const made = await servers.createAuthorizationServer({ authorizationServer: serverBody() });
  const gone = { authServerId: made.id };
  const body = serverBody({ name: 'other name', audiences: ['api://other'] });
  const replaced = await servers.replaceAuthorizationServer({ ...gone, authorizationServer: body });
  assert.deepEqual([replaced.name, replaced.audiences], ['other name', ['api://other']]);
  await servers.deactivateAuthorizationServer(gone);
  assert.equal((await servers.getAuthorizationServer(gone)).status, 'INACTIVE');
  await servers.activateAuthorizationServer(gone);
  await servers.deactivateAuthorizationServer(gone);
  await servers.deleteAuthorizationServer(gone);
  assert.deepEqual(await status(servers.getAuthorizationServer(gone)), [404, 'E0000007']);
});

test('the SDK updates and deletes scopes and claims', async () => {
  const scope = await servers.createOAuth2Scope({ authServerId, oAuth2Scope: scopeBody('temporary') });
  const scopeId = scope.id;
  const body = scopeBody('temporary', { displayName: 'Shown', description: 'd', consent: 'REQUIRED', metadataPublish: 'ALL_CLIENTS', optional: true });
  const changed = await servers.replaceOAuth2Scope({ authServerId, scopeId, oAuth2Scope: body });
  assert.deepEqual([changed.displayName, changed.consent, changed.metadataPublish, changed.optional], ['Shown', 'REQUIRED', 'ALL_CLIENTS', true]);
  await servers.deleteOAuth2Scope({ authServerId, scopeId });
  assert.deepEqual(await status(servers.getOAuth2Scope({ authServerId, scopeId })), [404, 'E0000007']);

  const claim = await servers.createOAuth2Claim({ authServerId, oAuth2Claim: claimBody('temporary', '1 + 1') });
  const claimId = claim.id;
  const off = await servers.replaceOAuth2Claim({ authServerId, claimId, oAuth2Claim: claimBody('temporary', '2 + 2', { status: 'INACTIVE' }) });
  assert.deepEqual([off.value, off.status], ['2 + 2', 'INACTIVE']);
  await servers.deleteOAuth2Claim({ authServerId, claimId });
  assert.deepEqual(await status(servers.getOAuth2Claim({ authServerId, claimId })), [404, 'E0000007']);
});

test('the SDK rotates keys and reads one of them', async () => {
  const kids = (keys) => Object.fromEntries(keys.map((key) => [key.status, key.kid]));
  const before = kids(await gather(await servers.listAuthorizationServerKeys({ authServerId })));
  const rotated = await gather(await servers.rotateAuthorizationServerKeys({ authServerId, use: { use: 'sig' } }));
  const after = kids(rotated);
  assert.deepEqual([after.ACTIVE, after.EXPIRED], [before.NEXT, before.ACTIVE]);
  const key = await servers.getAuthorizationServerKey({ authServerId, keyId: after.ACTIVE });
  assert.deepEqual([key.kid, key.status, key.kty, key.alg], [after.ACTIVE, 'ACTIVE', 'RSA', 'RS256']);
});

test('the SDK creates, lists, deactivates and deletes apps', async () => {
  const label = unique('sdk app');
  const app = await sdk.applicationApi.createApplication({ application: appBody({ label }) });
  assert.match(app.credentials.oauthClient.client_secret, /^[A-Za-z0-9_-]{64}$/);
  const listed = await gather(await sdk.applicationApi.listApplications({ q: label }));
  assert.deepEqual(listed.map((each) => each.id), [app.id]);
  assert.equal(listed[0].constructor.name, 'OpenIdConnectApplication');
  const appId = app.id;
  await sdk.applicationApi.deactivateApplication({ appId });
  assert.equal((await sdk.applicationApi.getApplication({ appId })).status, 'INACTIVE');
  await sdk.applicationApi.activateApplication({ appId });
  assert.deepEqual(await status(sdk.applicationApi.deleteApplication({ appId })), [403, 'E0000056']);
  await sdk.applicationApi.deactivateApplication({ appId });
  await sdk.applicationApi.deleteApplication({ appId });
  assert.deepEqual(await status(sdk.applicationApi.getApplication({ appId })), [404, 'E0000007']);
});

test('the SDK creates, lists, renames and deletes groups', async () => {
  const name = unique('sdk group');
  const group = await sdk.groupApi.createGroup({ group: { profile: { name, description: 'd' } } });
  const found = await gather(await sdk.groupApi.listGroups({ q: name }));
  assert.deepEqual(found.map((each) => each.id), [group.id]);
  assert.ok((await gather(await sdk.groupApi.listGroups({ limit: 1 }))).length >= 2);
  const groupId = group.id;
  const renamed = await sdk.groupApi.replaceGroup({ groupId, group: { profile: { name: `${name} 2`, description: 'e' } } });
  assert.equal(renamed.profile.name, `${name} 2`);
  await sdk.groupApi.deleteGroup({ groupId });
  assert.deepEqual(await status(sdk.groupApi.getGroup({ groupId })), [404, 'E0000007']);
});

test('the SDK finds the administrator and the log of what it did', async () => {
  const me = await sdk.userApi.getUser({ userId: 'me' });
  assert.equal(me.status, 'ACTIVE');
  const times = { since: new Date(Date.now() - 3_600_000).toISOString(), until: new Date(Date.now() + 60_000).toISOString() };
  const events = await gather(await sdk.systemLogApi.listLogEvents({ ...times, limit: 20 }));
  assert.ok(events.some((event) => event.eventType === 'oauth2.as.created'));
  assert.ok(events.every((event) => event.actor.id === me.id || event.actor.type !== 'User'));
});

test('a subscription of the SDK hears each later change once and in order', async () => {
  const heard = [];
  const log = await sdk.systemLogApi.listLogEvents({ since: new Date(Date.now() - 3_600_000).toISOString(), limit: 7 });
  const subscription = log.subscribe({ interval: 50, next: (event) => { heard.push(event); }, error: (error) => { throw error; }, complete: () => {} });
  try {
    const names = ['one', 'two', 'three'].map((name) => `heard ${name}`);
    for (const name of names) await servers.createAuthorizationServer({ authorizationServer: serverBody({ name }) });
    const told = () => heard.flatMap((event) => event.target ?? []).map((target) => target.displayName).filter((name) => names.includes(name));
    await until(() => told().length >= 3, 'three events');
    assert.deepEqual(told(), names);
    assert.equal(new Set(heard.map((event) => event.uuid)).size, heard.length);
  } finally { subscription.unsubscribe(); }
});

test('the SDK renames a server whose tokens are not Okta\'s, lists its keys on curves, and harms nothing that it does not know', async () => {
  const tokenmint = { signingAlgorithm: 'ES256', accessTokenProfile: 'RFC9068' };
  const { id } = await server.api.ok('POST', '/api/v1/authorizationServers', serverBody({ tokenmint }), 201);
  const read = await servers.getAuthorizationServer({ authServerId: id });
  read.name = unique('renamed by the SDK');
  await servers.replaceAuthorizationServer({ authServerId: id, authorizationServer: read });
  const shown = await server.api.ok('GET', `/api/v1/authorizationServers/${id}`);
  assert.deepEqual([shown.name, shown.tokenmint], [read.name, tokenmint]);
  const keys = await gather(await sdk.authorizationServerApi.listAuthorizationServerKeys({ authServerId: id }));
  assert.deepEqual(keys.map((key) => [key.status, key.alg, key.kty]), [['ACTIVE', 'ES256', 'EC'], ['NEXT', 'ES256', 'EC']]);
});
