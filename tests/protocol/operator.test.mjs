// What an operator does on the machine of a running server: tokens for the management API, completions.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client } from '../harness/api.mjs';
import { refused } from '../harness/expect.mjs';
import { store } from '../harness/paths.mjs';
import { newMasterKey, runToEnd } from '../harness/process.mjs';
import { startServer } from '../harness/server.mjs';

let server;
before(async () => { server = await startServer(); });
after(() => server?.stop());

const apiToken = (...words) => runToEnd(['api-token', ...words, '--data', server.home.data]);

test('a token is made on the command line, used, listed, revoked, and then nobody', async () => {
  const made = await apiToken('create', '--name', 'deploy');
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^00[\w-]{40}\n$/, 'the value and nothing else');
  assert.match(made.stderr, /API token `deploy` of root@example\.test/);
  const token = made.stdout.trim();
  const id = made.stderr.match(/00T\w{17}/)[0];
  const user = client(server.origin, token);
  assert.equal((await user.ok('GET', '/api/v1/users/me')).profile.login, 'root@example.test');
  const shown = await server.api.ok('GET', `/api/v1/api-tokens/${id}`);
  assert.deepEqual([shown.name, shown.clientName, shown.tokenWindow], ['deploy', 'Okta API', 'P30D']);

  const listed = JSON.parse((await apiToken('list', '--json')).stdout);
  assert.deepEqual(listed.map((one) => one.name).sort(), ['First API token', 'deploy']);
  const ours = listed.find((one) => one.id === id);
  assert.deepEqual([ours.login, ours.expiresAt, ours.lastUsed], ['root@example.test', shown.expiresAt, null]);
  const table = (await apiToken('list')).stdout;
  assert.ok(table.includes(`${id}  deploy`) && !table.includes(token), table);

  const revoked = await apiToken('revoke', id);
  assert.equal(revoked.code, 0, revoked.stderr);
  refused(await user.get('/api/v1/users/me'), 401, 'E0000011');
  const again = await apiToken('revoke', id);
  assert.deepEqual([again.code, again.stdout], [1, '']);
  assert.match(again.stderr, /error: there is no API token/);

  const events = (await server.api.ok('GET', '/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z'))
    .filter((event) => event.target?.some((target) => target.id === id));
  assert.deepEqual(events.map((event) => event.eventType), ['system.api_token.create', 'system.api_token.revoke']);
  assert.ok(events.every((event) => event.actor.type === 'System' || event.actor.id === 'system'), JSON.stringify(events[0].actor));
});

test('a user who is not there, and a server that is not there, are told', async () => {
  const nobody = await apiToken('create', '--name', 'x', '--user', 'nobody@example.test');
  assert.deepEqual([nobody.code, nobody.stdout], [1, '']);
  assert.match(nobody.stderr, /error: there is no user `nobody@example\.test`/);
  const nowhere = await runToEnd(['api-token', 'list', '--data', '/nowhere']);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /error: no Tokenmint runs on the data directory/);
});

// The doctor tries the port that serve would take; another program may have the default one.
test('the doctor finds a running server well, and a wrong master key wrong', async () => {
  const doctor = (env = {}) => runToEnd(['doctor', '--listen', '127.0.0.1:0', '--data', server.home.data], { ...server.home.env, ...env });
  const well = await doctor();
  assert.equal(well.code, 0, well.stdout);
  assert.match(well.stdout, /^ok +server: its store reads and writes$/m);
  assert.match(well.stdout, /^(ok|warning) +disk: \d+ MiB are free/m);
  if (store === 'postgres') assert.match(well.stdout, /^ok +clock: agrees with the database's$/m);
  assert.match(well.stdout, /^ok +server: the master key opens \d+ signing keys$/m);
  await server.stop();
  try {
    assert.match((await doctor()).stdout, /^ok +master key: opens the root key of the org 00o\w+$/m);
    const wrong = await doctor({ TOKENMINT_MASTER_KEY: newMasterKey() });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stdout, /^error +master key: .*does not open this store/m);
  } finally { await server.start(); }
});
