// A wire that can be cut: a TCP proxy on the loopback.
import { connect, createServer } from 'node:net';

/** Starts a wire to a port. `cut` ends its connections and takes no new ones, `silence` lets none say anything; `heal` undoes both. */
export async function startWire(port) {
  const pairs = new Set();
  let state = 'whole';
  const server = createServer((near) => {
    if (state === 'cut') return near.resetAndDestroy();
    const far = connect(port, '127.0.0.1');
    const pair = [near, far];
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      pair.forEach((socket) => socket.destroy());
    };
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on('data', (bytes) => {
        if (state !== 'silent') to.write(bytes);
        else pair.lost = true;
      }).on('error', end).on('close', end);
    }
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const endAll = () => { for (const pair of pairs) pair.forEach((socket) => socket.resetAndDestroy()); };
  return {
    port: server.address().port,
    cut: () => { state = 'cut'; endAll(); },
    silence: () => { state = 'silent'; },
    // What was swallowed is gone, so a connection that lost something is of no use any more.
    heal: () => {
      state = 'whole';
      for (const pair of pairs) if (pair.lost) pair.forEach((socket) => socket.resetAndDestroy());
    },
    stop: () => new Promise((resolve) => { server.close(resolve); endAll(); }),
  };
}
