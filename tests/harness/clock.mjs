// Another time for a program: Debian's libfaketime, loaded before it.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The environment in which a program believes that it is earlier or later, such as `-1h`. */
export function clockShifted(by) {
  const library = readdirSync('/usr/lib').map((folder) => join('/usr/lib', folder, 'faketime', 'libfaketime.so.1'))
    .find((path) => existsSync(path));
  if (!library) throw new Error('libfaketime is not installed: make test installs it, TOKENMINT_TEST_SKIP_PEERS=1 does without');
  return { LD_PRELOAD: library, FAKETIME: by, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
}

/** The environment in which it is as late as it is. */
export const clockAsItIs = { LD_PRELOAD: '', FAKETIME: '' };
