// A foreign program that listens: started in a folder of its own, without root's rights, in the foreground; ended by this process.
import { spawn } from 'node:child_process';
import { chownSync, existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { unprivileged } from './account.mjs';
import { store } from './paths.mjs';
import { temporaryFolder } from './process.mjs';
import { until } from './wait.mjs';

/** Why tests with foreign programs do not run here; false where they do. */
export const without = process.env.TOKENMINT_TEST_SKIP_PEERS === '1' ? 'SKIPPED, because TOKENMINT_TEST_SKIP_PEERS=1'
  : store === 'postgres' && 'who verifies a token does not see the store: they run on the embedded one';

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGTERM')));

/** The path of a program, where administrators have theirs, too. */
export function programNamed(...names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), '/usr/sbin', '/usr/local/sbin'];
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
  if (!found) throw new Error(`${names.join(' or ')} is not installed: make test installs it, TOKENMINT_TEST_SKIP_PEERS=1 does without`);
  return found;
}

/** A folder for a foreign program; `write` puts a file there that it may read. */
export async function newFolder() {
  const account = await unprivileged('nobody');
  const path = temporaryFolder();
  const own = (place) => { if (account) chownSync(place, account.uid, account.gid); };
  own(path);
  const write = (name, text) => {
    const file = join(path, name);
    writeFileSync(file, text, { mode: 0o600 });
    own(file);
    return file;
  };
  return { path, account, write };
}

/** Starts a program and waits until it takes connections on every port. */
export async function startPeer(program, words, { folder, ports, env }) {
  const child = spawn(program, words, {
    ...folder.account, cwd: folder.path, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  const peer = { child, said: '' };
  running.add(child);
  const ended = new Promise((resolve) => {
    child.once('error', (error) => { peer.said += error; resolve(); });
    child.once('close', () => { running.delete(child); resolve(); });
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => { peer.said = (peer.said + text).slice(-20_000); });
  }
  peer.stop = async (signal = 'SIGTERM') => {
    if (running.has(child)) child.kill(signal);
    await ended;
  };
  for (const port of ports) {
    await until(() => {
      if (!running.has(child)) throw new Error(`${program} ended with ${child.exitCode}: ${peer.said}`);
      return takesConnections(port);
    }, `${program} to listen; it said: ${peer.said}`, 20_000);
  }
  return peer;
}

function takesConnections(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}
