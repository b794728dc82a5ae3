// Backups: written beside a server under load, restored elsewhere, and what a restore says that it undoes.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { askOauth, basic } from '../harness/api.mjs';
import { startWire } from '../harness/cut.mjs';
import { accessToken, grant, makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { store } from '../harness/paths.mjs';
import { query } from '../harness/postgres.mjs';
import { launch, newHome, runToEnd, temporaryFolder } from '../harness/process.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

const everyEvent = '/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z&until=2100-01-01T00:00:00.000Z';
let server, service, place;
const folder = temporaryFolder();
before(async () => {
  server = await startServer();
  service = await makeService(server.api);
  place = await makeAuthorizationServer(server.api);
});
after(() => server?.stop());

const run = (home, ...words) => runToEnd([...words, '--data', home.data], home.env);
const backup = (home, file) => run(home, 'backup', file);
const mint = (from) => accessToken(from.origin, place.id, service);
const isActive = async (from, token) => {
  const reply = await askOauth(from.origin, place.id, 'introspect', { token }, { authorization: basic(service.id, service.secret) });
  assert.equal(reply.status, 200, reply.text);
  return reply.json.active;
};
const revoke = (from, token) =>
  askOauth(from.origin, place.id, 'revoke', { token }, { authorization: basic(service.id, service.secret) });

/** An empty home with the master key of another. */
async function newHomeWithKeyOf(home) {
  const made = await newHome();
  if (store === 'postgres') made.env.TOKENMINT_MASTER_KEY = home.env.TOKENMINT_MASTER_KEY;
  else {
    mkdirSync(made.data, { mode: 0o700 });
    copyFileSync(join(home.data, 'master.key'), join(made.data, 'master.key'));
  }
  return made;
}

/** What a server shows of its configuration, without the addresses in it. */
async function portrait(from) {
  const lists = ['/api/v1/authorizationServers', '/api/v1/apps', '/api/v1/groups', '/api/v1/api-tokens',
    `${place.path}/scopes`, `${place.path}/claims`, `${place.path}/policies`, `${place.policyPath}/rules`, `${place.path}/credentials/keys`];
  const shown = {};
  for (const path of lists) shown[path] = await from.api.all(path);
  shown.jwks = (await from.api.ok('GET', `/oauth2/${place.id}/v1/keys`)).keys;
  return JSON.stringify(shown, (name, value) => (['_links', 'lastUpdated', 'expiresAt', 'issuer'].includes(name) ? undefined : value));
}

test('a backup under load is of one moment, and restored elsewhere it serves the same objects and keys', async () => {
  const early = await mint(server);
  const whole = await portrait(server);
  let minted = 0, over = false;
  const load = Promise.all(Array.from({ length: 8 }, async () => {
    while (!over) { await mint(server); minted += 1; }
  }));
  const file = join(folder, 'load.backup');
  let from, made, during;
  try {
    await until(() => minted > 20, 'load');
    from = minted;
    made = await backup(server.home, file);
    during = minted - from;
  } finally { over = true; }
  await load;
  assert.equal(made.code, 0, made.stderr);
  assert.ok(during > 0, 'tokens were granted meanwhile');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['load.backup'], 'nothing else is left');
  assert.match(made.stderr, /^event: \d+ rows$/m);
  assert.match(made.stdout, /key {6}[0-9a-f]{8}: the id of the master key/);

  const looked = await runToEnd(['backup', '--verify', file]);
  assert.equal(looked.code, 0, looked.stderr);
  assert.match(looked.stdout, /is whole\n  made     20\S+Z, .* ago, by release/);

  const home = await newHomeWithKeyOf(server.home);
  const refused = await run(home, 'restore', file);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Everything that was revoked, deactivated or deleted after 20\S+Z stands again\./);
  assert.match(refused.stderr, /say --accept if that is meant\n$/);
  const restored = await run(home, 'restore', file, '--accept');
  assert.equal(restored.code, 0, restored.stderr);
  const other = await startServer({ home });
  try {
    assert.equal(await portrait(other), whole);
    assert.ok(await isActive(other, early), 'a token of before stands');
    assert.ok(await isActive(other, await mint(other)));
    const events = await other.api.all(everyEvent);
    const grants = events.filter((event) => event.eventType === 'app.oauth2.as.token.grant.access_token');
    assert.ok(grants.length > from && grants.length <= minted + 2, `${grants.length} of ${minted}`);
    const again = await backup(home, join(folder, 'again.backup'));
    assert.equal(again.code, 0, again.stderr);
  } finally { await other.stop(); }
});

test('a restore says what has ended since, moves the old database aside, and ends tokens if asked', async () => {
  const home = await newHomeWithKeyOf(server.home);
  const file = join(folder, 'ended.backup');
  assert.equal((await backup(server.home, file)).code, 0);
  assert.equal((await run(home, 'restore', file, '--accept')).code, 0);
  const other = await startServer({ home });
  const [kept, given] = [await mint(other), await mint(other)];
  const second = join(folder, 'second.backup');
  assert.equal((await backup(home, second)).code, 0);
  await revoke(other, given);
  assert.equal(await isActive(other, given), false);
  const gone = await makeService(other.api);
  const app = (await other.api.all('/api/v1/apps')).find((one) => one.id === service.id);
  await other.api.ok('POST', `/api/v1/apps/${app.id}/lifecycle/deactivate`, null, 200);
  const beside = await run(home, 'restore', second, '--replace', '--accept');
  assert.equal(beside.code, 1, 'a server runs');
  assert.match(beside.stderr, /held by process|a node or another restore/);
  await other.stop();

  const there = await run(home, 'restore', second);
  assert.match(there.stderr, /there is a database already: with --replace it is moved aside/);
  const asked = await run(home, 'restore', second, '--replace');
  assert.equal(asked.code, 1);
  assert.match(asked.stderr, /^ {2}access tokens that were revoked: 1$/m);
  assert.ok(asked.stderr.includes(`  apps that were deactivated or deleted: 1 (${app.label})`), asked.stderr);
  assert.match(asked.stderr, /nothing was changed: the restore undoes what is said above; say --accept/);
  const untouched = await startServer({ home });
  assert.ok((await untouched.api.all('/api/v1/apps')).some((one) => one.id === gone.id), 'nothing was changed');
  await untouched.stop();

  const restored = await run(home, 'restore', second, '--replace', '--accept', '--end-tokens');
  assert.equal(restored.code, 0, restored.stderr);
  const aside = restored.stdout.match(/is kept in (.*)$/m)[1];
  if (store === 'postgres') {
    const schema = aside.match(/the schema (before_restore_\w+) of/)[1];
    assert.equal((await query(home.env.TOKENMINT_DATABASE_URL, `select count(*) from ${schema}.revocation`)).trim(), '1');
  } else assert.ok(existsSync(join(aside, 'tokenmint.db')));
  await other.start();
  try {
    const apps = await other.api.all('/api/v1/apps');
    assert.ok(!apps.some((one) => one.id === gone.id));
    assert.equal(apps.find((one) => one.id === app.id).status, 'ACTIVE');
    assert.deepEqual([await isActive(other, kept), await isActive(other, given)], [false, false]);
    assert.ok(await isActive(other, await mint(other)), 'new ones stand');
    const told = (await other.api.all(everyEvent)).filter((event) => event.eventType === 'system.org.backup.restore');
    assert.equal(told.length, 2);
    assert.equal(told[1].outcome.reason, 'every token of before was ended');
  } finally { await other.stop(); }
});

test('a restore that is killed leaves the old database or the new one, whole', async () => {
  const home = await newHomeWithKeyOf(server.home);
  const file = join(folder, 'killed.backup');
  assert.equal((await backup(server.home, file)).code, 0);
  assert.equal((await run(home, 'restore', file, '--accept')).code, 0);
  const first = await startServer({ home });
  const late = await makeService(first.api);
  await first.stop();
  const words = ['restore', file, '--replace', '--accept', '--data', home.data];
  // What it had said when it is killed; `faults run 7` kills it at places that it does not speak of.
  const moments = [/reading the backup/, / revision \d+/, /writing, then reading back/, /reading back\n[^]*^event: \d+ rows$/m];
  for (const moment of moments) {
    const said = launch(words, home.env);
    said.child.stderr.on('data', () => { if (moment.test(said.stderr)) said.child.kill('SIGKILL'); });
    await said.ended;
    assert.match(said.stderr, moment);
    const next = await startServer({ home }).catch(async (error) => {
      assert.match(error.message, /a restore into `.*` was cut off/);
      await until(async () => (await runToEnd(words, home.env)).code === 0, 'the same command again');
      return startServer({ home });
    });
    try {
      const there = (await next.api.all('/api/v1/apps')).map((app) => app.id);
      assert.ok(there.includes(service.id), 'old and new have it');
      assert.ok(await isActive(next, await mint(next)));
    } finally { await next.stop(); }
  }
  const done = await runToEnd(words, home.env);
  assert.equal(done.code, 0, done.stderr);
  const last = await startServer({ home });
  try {
    assert.ok(!(await last.api.all('/api/v1/apps')).some((app) => app.id === late.id));
  } finally { await last.stop(); }
});

test('a node that was out of sight during a restore mints nothing by what was undone, and ends', { skip: store !== 'postgres' }, async () => {
  const home = await newHome();
  const far = new URL(home.env.TOKENMINT_DATABASE_URL);
  const wire = await startWire(Number(far.port));
  const near = home.env.TOKENMINT_DATABASE_URL.replace(`:${far.port}/`, `:${wire.port}/`);
  const node = await startServer({ home: { ...home, env: { ...home.env, TOKENMINT_DATABASE_URL: near } } });
  try {
    const where = await makeAuthorizationServer(node.api);
    const kept = await makeService(node.api);
    const file = join(folder, 'alive.backup');
    assert.equal((await backup(home, file)).code, 0);
    const undone = await makeService(node.api);
    const ask = (by) => grant(node.origin, where.id, by, 'read').then((reply) => reply.status, () => 'gone');
    assert.deepEqual([await ask(kept), await ask(undone)], [200, 200]);
    wire.cut();
    // For a second it may rely on what it knows.
    await until(async () => (await fetch(`${node.origin}/health/ready`)).status === 503, 'the node to know that it is cut off');
    const words = ['restore', file, '--replace', '--accept'];
    await until(async () => (await run(home, ...words)).code === 0, 'the connections to be gone');
    wire.heal();
    const answers = new Set();
    while (node.said.code === undefined && node.said.signal === undefined) {
      for (const by of [kept, undone]) answers.add(await ask(by));
    }
    assert.ok(!answers.has(200), `nothing is minted: ${[...answers]}`);
    assert.equal(node.said.code, 1, node.said.stderr);
    assert.match(node.said.stderr, /the database was restored while this node served from it: start it anew/);
    await node.start();
    await until(async () => (await ask(kept)) === 200, 'it serves what was restored');
    assert.equal(await ask(undone), 401);
  } finally {
    await node.stop();
    await wire.stop();
  }
});

test('a file that is damaged, cut off or foreign is refused with the place, and nothing is made of it', async () => {
  const file = join(folder, 'good.backup');
  assert.equal((await backup(server.home, file)).code, 0);
  const again = await backup(server.home, file);
  assert.deepEqual([again.code, /is there already; choose another name/.test(again.stderr)], [1, true]);
  const bytes = readFileSync(file);
  const flipped = Buffer.from(bytes);
  flipped[bytes.indexOf('root@example.test')] ^= 1;
  const bad = {
    'flipped.backup': [flipped, /is damaged in the table account, at byte \d+: its checksum is wrong/],
    'cut.backup': [bytes.subarray(0, bytes.length - 100), /the file ends here/],
    'foreign.backup': [Buffer.from('SQLite format 3\0'), /it is not a backup of Tokenmint/],
    'newer.backup': [Buffer.concat([bytes.subarray(0, 19), Buffer.of(9), bytes.subarray(20)]), /it has format 9, and this release reads 1/],
  };
  const home = await newHome();
  for (const [name, [content, expected]] of Object.entries(bad)) {
    const path = join(folder, name);
    writeFileSync(path, content);
    for (const words of [['restore', path, '--accept'], ['backup', '--verify', path]]) {
      const said = await run(home, ...words);
      assert.equal(said.code, 1, name);
      assert.match(said.stderr, expected);
      assert.ok(!said.stderr.includes('panicked'));
    }
  }
  assert.ok(!existsSync(join(home.data, 'tokenmint.db')));
  const nowhere = await run(home, 'backup', join(folder, 'nothing.backup'));
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /there is no database yet/);
  assert.ok(!readdirSync(folder).some((name) => name.startsWith('nothing')), 'no half of a file');
});

test('a backup needs its own master key, and says which', async () => {
  const file = join(folder, 'key.backup');
  const made = await backup(server.home, file);
  const key = made.stdout.match(/key {6}([0-9a-f]{8}):/)[1];
  const home = await newHome();
  const other = (await runToEnd(['key', 'generate'])).stdout.trim();
  const said = await runToEnd(['restore', file, '--accept', '--data', home.data], { ...home.env, TOKENMINT_MASTER_KEY: other });
  assert.equal(said.code, 1);
  assert.ok(said.stderr.includes(`does not open this backup, which needs the key ${key}`), said.stderr);
  const without = await runToEnd(['restore', file, '--accept', '--data', home.data], { ...home.env, TOKENMINT_MASTER_KEY: '' });
  assert.equal(without.code, 0, without.stderr);
  assert.ok(without.stdout.includes(`put the key ${key} into master.key`), without.stdout);
});

test('a backup of the embedded database becomes one of PostgreSQL, and back', { skip: store !== 'postgres' }, async () => {
  const laptop = await startServer({ home: await newHome('embedded') });
  const token = (await grant(laptop.origin, 'default', await makeService(laptop.api), 'x')).status;
  assert.equal(token, 400, 'it is another org');
  const file = join(folder, 'laptop.backup');
  assert.equal((await backup(laptop.home, file)).code, 0);
  const jwks = await laptop.api.ok('GET', '/oauth2/default/v1/keys');
  await laptop.stop();
  const home = await newHome('postgres');
  home.env.TOKENMINT_MASTER_KEY = readFileSync(join(laptop.home.data, 'master.key'), 'utf8').trim();
  assert.equal((await run(home, 'restore', file, '--accept')).code, 0);
  const moved = await startServer({ home });
  assert.deepEqual((await moved.api.ok('GET', '/oauth2/default/v1/keys')).keys, jwks.keys);
  const back = join(folder, 'back.backup');
  assert.equal((await backup(home, back)).code, 0);
  await moved.stop();
  const embedded = await newHome('embedded');
  mkdirSync(embedded.data, { mode: 0o700 });
  copyFileSync(join(laptop.home.data, 'master.key'), join(embedded.data, 'master.key'));
  assert.equal((await run(embedded, 'restore', back, '--accept')).code, 0);
  const again = await startServer({ home: embedded });
  assert.deepEqual((await again.api.ok('GET', '/oauth2/default/v1/keys')).keys, jwks.keys);
  await again.stop();
});
