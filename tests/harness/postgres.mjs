// One PostgreSQL cluster per run, on a free loopback port, in a folder of its own. Every server gets a database in it.
import { execFile, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { randomBytes } from 'node:crypto';
import { unprivileged } from './account.mjs';
import { postgresProgram } from './paths.mjs';
import { freePort, until } from './wait.mjs';

const run = promisify(execFile);

/** Starts a cluster; the answer has its `url` (without a database), and ways to end it for a while and for good. */
export async function startCluster() {
  const folder = mkdtempSync(join(tmpdir(), 'tokenmint-pg-'));
  const account = await unprivileged('postgres', 'nobody'); // PostgreSQL refuses to run as root
  if (account) chownSync(folder, account.uid, account.gid);
  const options = { ...account, cwd: folder, env: { ...process.env, LC_ALL: 'C' } };
  const data = join(folder, 'data');
  await run(postgresProgram('initdb'), ['-D', data, '-U', 'tokenmint', '-A', 'trust', '-E', 'UTF8', '--no-sync'], options);
  const port = await freePort();
  const settings = [
    `port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off',
    'synchronous_commit=on', 'max_connections=400', 'shared_buffers=64MB',
  ];
  const url = `postgresql://tokenmint@127.0.0.1:${port}`;
  let server;
  const resume = async () => {
    const child = spawn(postgresProgram('postgres'), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
      ...options, stdio: ['ignore', 'ignore', 'pipe'],
    });
    server = child;
    let complaints = '', refusal;
    child.stderr.on('data', (bytes) => { complaints = (complaints + bytes).slice(-4000); });
    const answers = () => query(`${url}/postgres`, 'select 1').catch((error) => { refusal = error; return null; });
    await until(() => answers(), 'PostgreSQL to answer', 20_000).catch(async (error) => {
      await stop();
      throw new Error(`${error.message}; it said: ${complaints}; ${refusal?.message}`);
    });
  };
  const pause = async (signal = 'SIGQUIT') => {
    const ended = new Promise((resolve) => { server.once('exit', resolve); });
    if (server.exitCode === null && server.signalCode === null && server.kill(signal)) await ended;
  };
  const stop = async () => {
    await pause();
    rmSync(folder, { recursive: true, force: true });
  };
  await resume();
  return { url, pause, resume, stop };
}

/** Makes a database in the cluster of this run, and says its URL. */
export async function createDatabase(cluster = process.env.TOKENMINT_TEST_CLUSTER) {
  if (!cluster) throw new Error('no cluster: start the suite by `npm run test:postgres`');
  const name = `t${randomBytes(8).toString('hex')}`;
  await until(() => query(`${cluster}/postgres`, `create database ${name} template template0`).catch((error) => {
    if (/being accessed by other users/.test(error.stderr)) return null;
    throw error;
  }), 'a database', 20_000);
  return `${cluster}/${name}`;
}

/** The text that a statement answers with. */
export async function query(url, statement) {
  const { stdout } = await run(postgresProgram('psql'), [url, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', statement]);
  return stdout || ' ';
}
