// The program as a process: start it, see what it says, end it. Ends only what it started.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary, store } from './paths.mjs';
import { createDatabase } from './postgres.mjs';
import { until } from './wait.mjs';

const running = new Set();
const folders = [];
process.on('exit', () => {
  running.forEach((child) => child.kill('SIGKILL'));
  folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
});

/** A folder that is removed when this process ends. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'tokenmint-'));
  folders.push(folder);
  return folder;
}

/** The text of a new master key. */
export function newMasterKey() {
  const key = randomBytes(32);
  return `tmk1:${createHash('sha256').update(key).digest('hex').slice(0, 8)}:${key.toString('base64url')}`;
}

/** Where a server keeps everything: a folder, and a database and its key where the run is on PostgreSQL. */
export async function newHome(kind = store) {
  const home = { data: join(temporaryFolder(), 'data'), env: {}, kind };
  if (kind === 'postgres') {
    home.env.TOKENMINT_DATABASE_URL = await createDatabase();
    home.env.TOKENMINT_MASTER_KEY = newMasterKey();
  }
  return home;
}

/** Starts the program, or `shell` around it with the program as `$0` and its words as `$@`; the answer fills as it speaks. */
export function launch(args, env = {}, shell = null) {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TOKENMINT_')));
  const [program, words] = shell ? ['/bin/sh', ['-c', shell, binary, ...args]] : [binary, args];
  const child = spawn(program, words, { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { child, stdout: '', stderr: '', code: undefined, signal: undefined };
  running.add(child);
  said.ended = new Promise((resolve) => {
    child.once('error', (error) => { said.stderr += String(error); });
    child.once('close', (code, signal) => {
      running.delete(child);
      Object.assign(said, { code, signal });
      resolve(said);
    });
  });
  child.stdout.setEncoding('utf8').on('data', (text) => { said.stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text) => { said.stderr += text; });
  return said;
}

/** Runs the program to its end. */
export async function runToEnd(args, env = {}, milliseconds = 60_000) {
  const said = launch(args, env);
  const timer = setTimeout(() => said.child.kill('SIGKILL'), milliseconds);
  await said.ended;
  clearTimeout(timer);
  return said;
}

/** Starts `serve` and waits until it says where it listens. */
export async function serve(home, { args = [], env = {}, shell, listen = '127.0.0.1:0' } = {}) {
  const words = ['serve', '--listen', listen, '--data', home.data, ...args];
  const said = launch(words, { ...home.env, ...env }, shell);
  const line = await until(() => {
    if (said.code !== undefined) throw new Error(`the server ended with ${said.code}: ${said.stderr}`);
    return said.stdout.match(/^Tokenmint listens on (\S+)$/m);
  }, `the server to listen; it said: ${said.stderr}`, 30_000, 10);
  said.origin = line[1];
  return said;
}

/** Ends a server by a signal and waits for its end. */
export async function end(said, signal = 'SIGTERM') {
  if (said.code === undefined && said.signal === undefined) said.child.kill(signal);
  return said.ended;
}
