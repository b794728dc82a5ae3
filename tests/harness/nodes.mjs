// Several nodes on one database, and what one of them is heard to say after another acknowledged something.
import { client } from './api.mjs';
import { createDatabase } from './postgres.mjs';
import { newHome, newMasterKey } from './process.mjs';
import { startServer } from './server.mjs';
import { freePort, sleep } from './wait.mjs';

/** Starts nodes that share a database, a master key and the address in their issuers. `through` may change a node's database URL. */
export async function startNodes(count, { cluster, through = (url) => url } = {}) {
  const database = await createDatabase(cluster);
  const TOKENMINT_MASTER_KEY = newMasterKey();
  const nodes = [];
  let baseUrl;
  for (let number = 0; number < count; number++) {
    const port = await freePort();
    baseUrl ??= `http://localhost:${port}`;
    const home = await newHome('embedded');
    home.env = { TOKENMINT_DATABASE_URL: through(database, number), TOKENMINT_MASTER_KEY };
    const node = await startServer({ home, listen: `127.0.0.1:${port}`, args: ['--base-url', baseUrl] });
    node.origin = `http://127.0.0.1:${port}`;
    node.api = client(node.origin, node.api.token);
    nodes.push(node);
  }
  return Object.assign(nodes, { stop: () => Promise.all(nodes.map((node) => node.stop())) });
}

/**
 * Asks again and again from now on, when something has just been acknowledged, until the answer is true. `seen` is after how many
 * milliseconds the request was sent that saw it; `blind` is when the last one was sent that did not. An answer of null (the node
 * says that it is not sure) is neither.
 */
export async function delayUntil(ask, what, milliseconds = 20_000) {
  const acknowledged = performance.now();
  let blind = 0;
  for (;;) {
    const sent = performance.now() - acknowledged;
    const answer = await ask();
    if (answer) return { seen: Math.round(sent), blind: Math.round(blind) };
    if (answer === false) blind = sent;
    if (sent > milliseconds) throw new Error(`waited ${milliseconds} ms for ${what}`);
    await sleep(5);
  }
}
