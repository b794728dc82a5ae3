// A Python program of the suite, in the virtual environment that `make test` fills: answers a line of JSON with a line of JSON.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { suite } from './paths.mjs';

const python = join(suite, '.venv', 'bin', 'python');

/** Starts a program; `ask` sends a value and answers with what the program says of it. Answers come in the order of questions. */
export function startPython(script, env = {}) {
  if (!existsSync(python)) throw new Error(`no ${python}: make test makes it, TOKENMINT_TEST_SKIP_PEERS=1 does without`);
  const child = spawn(python, [join(suite, script)], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const waiting = [];
  let complaints = '', over;
  child.stderr.setEncoding('utf8').on('data', (text) => { complaints = (complaints + text).slice(-4_000); });
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  child.stdin.on('error', () => { /* told by its end */ });
  const ended = new Promise((resolve) => {
    child.once('error', (error) => { complaints += error; });
    child.once('close', (code) => {
      over = new Error(`${script} ended with ${code}: ${complaints}`);
      for (const { reject } of waiting.splice(0)) reject(over);
      resolve();
    });
  });
  const ask = (value) => new Promise((resolve, reject) => {
    if (over) reject(over);
    else {
      waiting.push({ resolve, reject });
      child.stdin.write(`${JSON.stringify(value)}\n`);
    }
  });
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { ask, stop };
}
