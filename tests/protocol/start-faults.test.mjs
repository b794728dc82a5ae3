// Starts that cannot succeed: each ends at once with exit code 1 (2 for a wrong command line) and a sentence that says why.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { store } from '../harness/paths.mjs';
import { newHome, newMasterKey, runToEnd, temporaryFolder } from '../harness/process.mjs';
import { startServer } from '../harness/server.mjs';
import { freePort } from '../harness/wait.mjs';

let server;
before(async () => { server = await startServer(); });
after(() => server?.stop());

const serveArgs = (data, ...more) => ['serve', '--listen', '127.0.0.1:0', '--data', data, ...more];

function failed(said, about, code = 1) {
  assert.equal(said.code, code, `exit ${said.code} ${said.signal}; said ${said.stdout}${said.stderr}`);
  assert.match(said.stderr, about);
  assert.doesNotMatch(said.stderr, /panicked|RUST_BACKTRACE|unwrap/);
  assert.equal(said.stdout, '', 'nothing is announced');
}

test('a second server on the same data ends with a clear error, and the first goes on', async () => {
  const said = await runToEnd(serveArgs(server.home.data), server.home.env);
  failed(said, /error: .*(another|already|in use|runs)/i);
  assert.equal((await server.api.get('/api/v1/users/me')).status, 200);
});

test('a wrong master key is told, and the data are left as they are', async () => {
  const other = await startServer();
  await other.stop();
  failed(await runToEnd(serveArgs(other.home.data), { ...other.home.env, TOKENMINT_MASTER_KEY: newMasterKey() }), /error: .*master key/i);
  failed(await runToEnd(serveArgs(other.home.data), { ...other.home.env, TOKENMINT_MASTER_KEY: 'tmk1:nonsense' }), /error: .*master key/i);
  await other.start();
  assert.equal((await other.api.get('/api/v1/users/me')).status, 200);
  await other.stop();
});

test('a master key that is not there is told, and none is made in its place', { skip: store === 'postgres' && 'the key is given' }, async () => {
  const other = await startServer();
  await other.stop();
  const path = join(other.home.data, 'master.key');
  renameSync(path, `${path}.away`);
  failed(await runToEnd(serveArgs(other.home.data)), /error: .*master\.key.*missing/);
  assert.equal(existsSync(path), false);
  writeFileSync(path, '');
  failed(await runToEnd(serveArgs(other.home.data)), /error: .*master\.key/);
  rmSync(path);
  renameSync(`${path}.away`, path);
  await other.start();
  assert.equal((await other.api.get('/api/v1/users/me')).status, 200);
  await other.stop();
});

test('PostgreSQL without a master key is refused before anything is written', async () => {
  const said = await runToEnd(serveArgs(join(temporaryFolder(), 'data')), { TOKENMINT_DATABASE_URL: server.home.env.TOKENMINT_DATABASE_URL ?? 'postgresql://x@127.0.0.1:1/x' });
  failed(said, /error: /);
});

test('a data directory that cannot be made or written is named', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, 'x');
  failed(await runToEnd(serveArgs(join(file, 'data')), (await newHome()).env), /error: .*data directory.*file/);
  failed(await runToEnd(serveArgs('/proc/nobody-can-write-here'), (await newHome()).env), /error: .*\/proc\/nobody-can-write-here/);
});

test('an embedded database that is no database is told and not replaced', async () => {
  const data = join(temporaryFolder(), 'data');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(join(data, 'tokenmint.db'), 'this is not a database, but it is somebody\'s file'.repeat(100));
  failed(await runToEnd(serveArgs(data)), /error: .*(database|tokenmint\.db)/);
  assert.match(readFileSync(join(data, 'tokenmint.db'), 'utf8'), /^this is not a database/);
});

test('a PostgreSQL that refuses connections is told within seconds', async () => {
  const url = `postgresql://tokenmint:hidden-word@127.0.0.1:${await freePort()}/x`;
  const began = Date.now();
  const said = await runToEnd(serveArgs(join(temporaryFolder(), 'data'), '--database-url', url), { TOKENMINT_MASTER_KEY: newMasterKey() });
  failed(said, /error: .*(database|PostgreSQL)/i);
  assert.ok(Date.now() - began < 15_000);
  assert.doesNotMatch(said.stderr, /hidden-word/);
});

test('a PostgreSQL that takes the connection and never answers is told, too', { timeout: 60_000 }, async () => {
  const sockets = [];
  const silent = createServer((socket) => { sockets.push(socket); socket.on('error', () => {}); });
  await new Promise((resolve) => { silent.listen(0, '127.0.0.1', resolve); });
  try {
    const url = `postgresql://tokenmint@127.0.0.1:${silent.address().port}/x`;
    const said = await runToEnd(serveArgs(join(temporaryFolder(), 'data'), '--database-url', url), { TOKENMINT_MASTER_KEY: newMasterKey() }, 40_000);
    failed(said, /error: .*(database|PostgreSQL)/i);
  } finally {
    sockets.forEach((socket) => socket.destroy());
    silent.close();
  }
});

test('a port that is taken is told', async () => {
  const port = new URL(server.origin).port;
  const home = await newHome();
  failed(await runToEnd(['serve', '--listen', `127.0.0.1:${port}`, '--data', home.data], home.env), new RegExp(`error: .*${port}`));
});

test('a wrong flag, setting or file is named with its place, with exit code 2', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'tokenmint.toml');
  writeFileSync(file, 'listen = "127.0.0.1:0"\nbase_url = [');
  const data = join(folder, 'data');
  const wrong = [
    [['--base-url', 'localhost'], /--base-url.*localhost/], [['--config', file], /tokenmint\.toml, line 2/],
    [['--database-url', 'mysql://x'], /--database-url/], [['--limit-streams', 'many'], /--limit-streams.*many/], [['--nonsense'], /--nonsense/],
  ];
  for (const [args, about] of wrong) failed(await runToEnd(serveArgs(data, ...args)), about, 2);
  failed(await runToEnd(['serve', '--listen', 'here', '--data', data]), /--listen.*here/, 2);
  assert.equal(existsSync(data), false, 'nothing was made');
});
