// `npm test`: starts what the whole run shares, runs every test file, ends what it started.
// Words after `--` choose files by a part of their path: `npm test -- token`.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { binary, store, suite } from './paths.mjs';
import { startCluster } from './postgres.mjs';

const words = process.argv.slice(2);
const files = ['cluster', 'clients', 'protocol']
  .flatMap((folder) => readdirSync(join(suite, folder)).sort().map((name) => join(folder, name)))
  .filter((file) => file.endsWith('.test.mjs'))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));

const cluster = store === 'postgres' ? await startCluster() : null;
const env = { ...process.env, TOKENMINT_BINARY: binary };
if (cluster) env.TOKENMINT_TEST_CLUSTER = cluster.url;
const concurrency = process.env.TOKENMINT_TEST_CONCURRENCY ?? '2';
const tests = spawn(process.execPath, ['--test', '--test-reporter=spec', `--test-concurrency=${concurrency}`, '--test-timeout=120000', ...files], {
  cwd: suite, env, stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => tests.kill(signal));
const code = await new Promise((resolve) => { tests.once('close', (status) => resolve(status ?? 1)); });
await cluster?.stop();
process.exitCode = code;
