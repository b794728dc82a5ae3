// Whom a foreign program runs as where the suite runs as root: an account that may do nothing.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** `uid` and `gid` of the first of these accounts that exists; null where the suite is not root and drops nothing. */
export async function unprivileged(...names) {
  if (process.getuid() !== 0) return null;
  for (const name of names) {
    try {
      const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)));
      return { uid, gid };
    } catch { /* the next one */ }
  }
  throw new Error(`an account that is not root is needed: none of ${names.join(', ')} exists`);
}
