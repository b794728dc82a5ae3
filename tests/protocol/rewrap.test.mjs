// The master key is replaced while the server works: nothing may end up under a key that is in no file.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { appBody, grant, makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { store } from '../harness/paths.mjs';
import { runToEnd } from '../harness/process.mjs';
import { startServer } from '../harness/server.mjs';

const embedded = { skip: store === 'postgres' && 'the operator keeps the key there' };
const rewrap = (server) => runToEnd(['key', 'rewrap', '--data', server.home.data]);

test('keys and secrets that change after two rewraps are still there after a restart', embedded, async () => {
  const server = await startServer();
  const service = await makeService(server.api);
  const place = await makeAuthorizationServer(server.api);
  const secrets = `/api/v1/apps/${service.id}/credentials/secrets`;
  await server.restart(); // so that no private key is parsed yet
  for (let turn = 0; turn < 2; turn++) assert.equal((await rewrap(server)).code, 0);
  assert.equal((await grant(server.origin, place.id, service, 'read')).status, 200, 'minting goes on');
  const rotated = await server.api.post(`${place.path}/credentials/lifecycle/keyRotate`, { use: 'sig' });
  assert.equal(rotated.status, 200, rotated.text);
  const added = await server.api.ok('POST', secrets, {});
  await server.api.ok('POST', `${secrets}/${added.id}/lifecycle/deactivate`);
  await server.restart();
  try {
    assert.equal((await grant(server.origin, place.id, service, 'read')).status, 200);
    const shown = (await server.api.ok('GET', secrets)).map((secret) => secret.client_secret);
    assert.deepEqual(shown.sort(), [service.secret, added.client_secret].sort());
  } finally { await server.stop(); }
});

test('secrets that are made while the key is replaced can be read after a restart', embedded, async () => {
  const server = await startServer();
  let making = true;
  const made = [];
  const load = Promise.all(Array.from({ length: 8 }, async () => {
    while (making) made.push(await server.api.ok('POST', '/api/v1/apps', appBody()));
  }));
  for (let turn = 0; turn < 4; turn++) {
    const said = await rewrap(server);
    assert.equal(said.code, 0, said.stderr);
  }
  making = false;
  await load;
  await server.restart();
  try {
    for (const app of made) {
      const [secret] = await server.api.ok('GET', `/api/v1/apps/${app.id}/credentials/secrets`);
      assert.equal(secret.client_secret, app.credentials.oauthClient.client_secret);
    }
    assert.equal(readFileSync(join(server.home.data, 'master.key'), 'utf8').trim().split('\n').length, 1);
  } finally { await server.stop(); }
});

test('of two rewraps at once one is told to wait, and the file has the key that the secrets are under', embedded, async () => {
  const server = await startServer();
  const service = await makeService(server.api);
  const place = await makeAuthorizationServer(server.api);
  for (let turn = 0; turn < 5; turn++) {
    const said = await Promise.all([rewrap(server), rewrap(server), rewrap(server)]);
    assert.ok(said.some((one) => one.code === 0), JSON.stringify(said));
    for (const one of said.filter((one) => one.code !== 0)) assert.match(one.stderr, /another rewrap is under way/);
  }
  await server.restart();
  try {
    assert.equal((await grant(server.origin, place.id, service, 'read')).status, 200);
  } finally { await server.stop(); }
});
