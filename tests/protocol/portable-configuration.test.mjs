// A server's configuration as a file: exported, kept, applied to another Tokenmint, and what a race or a mistake leaves behind.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { askOauth, basic } from '../harness/api.mjs';
import { accessToken, grant, makeService } from '../harness/objects.mjs';
import { runToEnd, temporaryFolder } from '../harness/process.mjs';
import { admin, startServer } from '../harness/server.mjs';

const servers = '/api/v1/authorizationServers';
const byName = `${servers}/configuration`;
const folder = temporaryFolder();
let staging, production;
before(async () => {
  [staging, production] = await Promise.all([startServer(), startServer()]);
  for (const site of [staging, production]) {
    site.portal = await makeService(site.api, { label: 'Portal' });
    site.stranger = await makeService(site.api, { label: 'Stranger' });
    await site.api.ok('POST', '/api/v1/groups', { profile: { name: 'Staff' } }, 200);
  }
});
after(() => Promise.all([staging?.stop(), production?.stop()]));

const document = `
tokenmint: 1
server:
  name: Orders
  description: For orders
  audience: api://orders
  signingAlgorithm: ES256
scopes:
  - name: orders:read
    default: true
  - name: orders:write
claims:
  - name: tier
    claimType: RESOURCE
    value: '"gold"'
policies:
  - name: Portal
    description: The portal only
    clients: [Portal]
    rules:
      - name: Machines
        grantTypes: [client_credentials]
        scopes: [orders:read]
        accessTokenLifetimeMinutes: 10
      - name: Staff
        grantTypes: [authorization_code]
        people:
          groups: [Staff]
        scopes: ['*']
`;

const run = (site, ...words) =>
  runToEnd(words, { TOKENMINT_URL: site.origin, TOKENMINT_API_TOKEN: admin.TOKENMINT_API_TOKEN });
const write = (name, text) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
const apply = (site, file, ...words) => run(site, 'apply', file, '--yes', ...words);
const find = async (site, name) => (await site.api.ok('GET', `${servers}?q=${name}`)).find((one) => one.name === name);
const read = (site, id) => site.api.ok('GET', `${servers}/${id}/configuration`);

test('a file makes a server that gives out the tokens that it says', async () => {
  const done = await apply(staging, write('orders.yaml', document));
  assert.equal(done.code, 0, done.stderr);
  const made = await find(staging, 'Orders');
  assert.deepEqual([made.audiences, made.tokenmint.signingAlgorithm], [['api://orders'], 'ES256']);
  const token = await accessToken(staging.origin, made.id, staging.portal, 'orders:read');
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  assert.deepEqual([claims.tier, claims.scp, claims.exp - claims.iat], ['gold', ['orders:read'], 600]);
  assert.notEqual((await grant(staging.origin, made.id, staging.stranger, 'orders:read')).status, 200);
});

test('what is exported from one Tokenmint is the same on another, and exported again the same file', async () => {
  const kept = join(folder, 'kept.yaml');
  const out = await run(staging, 'export', 'Orders', '--output', kept);
  assert.equal(out.code, 0, out.stderr);
  const done = await apply(production, kept);
  assert.equal(done.code, 0, done.stderr);
  const there = await find(production, 'Orders');
  await accessToken(production.origin, there.id, production.portal, 'orders:read');
  const again = await run(production, 'export', there.id);
  const ids = (site) => (text) => text.replaceAll(site.portal.id, 'the portal');
  assert.equal(ids(production)(again.stdout), ids(staging)(readFileSync(kept, 'utf8')));
  const nothing = await run(production, 'apply', kept, '--dry-run', '--exit-code');
  assert.equal(nothing.code, 0, nothing.stdout);
});

test('a change of the file keeps ids, keys and tokens of what stays, and a restart changes nothing', async () => {
  const before = await find(staging, 'Orders');
  const policies = async () => staging.api.ok('GET', `${servers}/${before.id}/policies`);
  const rules = async (policy) => staging.api.ok('GET', `${servers}/${before.id}/policies/${policy.id}/rules`);
  const [policy] = await policies();
  const ids = (await rules(policy)).map((rule) => rule.id);
  const token = await accessToken(staging.origin, before.id, staging.portal, 'orders:read');
  const changed = document.replace('accessTokenLifetimeMinutes: 10', 'accessTokenLifetimeMinutes: 20');
  const done = await apply(staging, write('changed.yaml', changed));
  assert.match(done.stdout, /^~ rule Portal \/ Machines\n {4}accessTokenLifetimeMinutes: 10 -> 20\n/);
  assert.deepEqual((await rules((await policies())[0])).map((rule) => rule.id), ids);
  const after = await find(staging, 'Orders');
  assert.equal(after.credentials.signing.kid, before.credentials.signing.kid);
  const shown = await read(staging, before.id);
  await staging.restart();
  assert.deepEqual(await read(staging, before.id), shown);
  const { id, secret } = staging.portal;
  const judged = await askOauth(staging.origin, before.id, 'introspect', { token }, { authorization: basic(id, secret) });
  assert.equal(judged.json.active, true, 'its rule has changed and is the same rule');
});

test('a file with mistakes changes nothing, and each mistake has its line', async () => {
  const before = await find(staging, 'Orders');
  const shown = await read(staging, before.id);
  const bad = document.replace('[Portal]', '[Portla]').replace("value: '\"gold\"'", 'value: user.').replace('[Staff]', '[Stuff]');
  const file = write('bad.yaml', bad);
  const refused = await apply(staging, file);
  assert.equal(refused.code, 1);
  assert.equal(refused.stdout, '');
  for (const said of [
    `${file}:15:5: claims[0].value: `,
    `${file}:19:15: policies[0].clients[0]: there is no client \`Portla\`; did you mean \`Portal\`?`,
    `${file}:28:20: policies[0].rules[1].people.groups[0]: there is no group \`Stuff\`; did you mean \`Staff\`?`,
    'error: nothing was changed: 3 problems in ',
  ]) assert.ok(refused.stderr.includes(said), `${said}\n${refused.stderr}`);
  assert.deepEqual(await read(staging, before.id), shown);
});

test('of many who planned on one revision exactly one applies, and what there is is exactly one document', async () => {
  const made = await find(staging, 'Orders');
  const target = `${servers}/${made.id}/configuration`;
  const base = await read(staging, made.id);
  const revision = (await staging.api.get(target)).headers.etag;
  const wanted = Array.from({ length: 8 }, (_, index) => ({
    ...base,
    scopes: [...base.scopes, { name: `of:${index}` }],
    policies: base.policies.map((policy) => ({ ...policy, description: `of ${index}` })),
  }));
  const replies = await Promise.all(wanted.map((body) => staging.api.put(target, body, { 'if-match': revision })));
  const done = replies.map((reply, index) => [reply.status, index]).filter(([status]) => status === 200);
  assert.equal(done.length, 1, replies.map((reply) => reply.text).join('\n'));
  for (const reply of replies) assert.ok(reply.status === 200 || (reply.status === 412 && reply.json.errorCode === 'E0000231'), reply.text);
  const after = await read(staging, made.id);
  assert.deepEqual(after.policies, wanted[done[0][1]].policies);
  assert.deepEqual(after.scopes.map((scope) => scope.name), ['of:' + done[0][1], 'orders:read', 'orders:write'].sort());
});

test('hostile documents are 400 with a place, and the server goes on', async () => {
  const deep = (depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
  for (const [body, status] of [
    [{ tokenmint: 1, scopes: Array.from({ length: 20_000 }, (_, index) => ({ name: `s${index}` })) }, 400],
    [{ tokenmint: 1, policies: deep(50) }, 400],
    [{ tokenmint: 1e99 }, 400],
    [{ tokenmint: 1, server: { name: 'x'.repeat(300), audience: 'a', description: 'd' } }, 400],
    [{ tokenmint: 1, claims: [{ name: 'c', claimType: 'RESOURCE', value: '('.repeat(2_000) }] }, 400],
    [{ tokenmint: 1, claims: [{ name: 'c', claimType: 'IDENTITY', valueType: 'GROUPS', group_filter_type: 'REGEX', value: '(a*)*(' }] }, 400],
    [{ tokenmint: 1, policies: [{ name: 'p', description: 'd', clients: [], rules: [] }] }, 400],
    [{ tokenmint: 1, scopes: [{ name: 'a\u0000b' }] }, 400],
  ]) {
    const reply = await staging.api.put(`${servers}/default/configuration`, body);
    assert.equal(reply.status, status, reply.text);
    assert.match(reply.json.errorCode, /^E00000(01|03)$/);
    assert.ok(reply.json.errorCauses.length >= 1);
  }
  assert.equal((await staging.api.post(byName, { tokenmint: 1 })).status, 400);
  assert.equal((await staging.api.get('/health/ready')).status, 200);
});
