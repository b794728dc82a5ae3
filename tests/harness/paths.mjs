// Where the things are that the suite starts. Every one of them may be set from outside.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { delimiter, join } from 'node:path';

const here = fileURLToPath(new URL('..', import.meta.url));

/** The program under test. */
export const binary = process.env.TOKENMINT_BINARY
  ?? fileURLToPath(new URL('../../target/debug/tokenmint', import.meta.url));

/** Which store the suite runs on: `embedded` or `postgres`. */
export const store = process.env.TOKENMINT_TEST_DATABASE === 'postgres' ? 'postgres' : 'embedded';

/** The folder of the suite. */
export const suite = here;

/** The folder with recorded replies of Okta, which TOKENMINT_RECORDED names; null where it is not at hand. Nothing needs it. */
export function recordedFolder() {
  const folder = process.env.TOKENMINT_RECORDED;
  return folder && existsSync(folder) ? folder : null;
}

/** One of PostgreSQL's programs: the one on PATH, or the newest that Debian installed. */
export function postgresProgram(name) {
  const debian = '/usr/lib/postgresql';
  const installed = existsSync(debian) ? readdirSync(debian).sort((a, b) => b - a) : [];
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter).filter(Boolean),
    ...installed.map((version) => join(debian, version, 'bin')),
  ];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (!found) throw new Error(`PostgreSQL is not installed: no ${name} on PATH or in ${debian}`);
  return found;
}
