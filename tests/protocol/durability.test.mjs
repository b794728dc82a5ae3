// What survives: a kill under load, a new master key, a full disk, an orderly end.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { basic, client } from '../harness/api.mjs';
import { decode, verified } from '../harness/jwt.mjs';
import { grant, makeAuthorizationServer, makeService, serverBody } from '../harness/objects.mjs';
import { store } from '../harness/paths.mjs';
import { newHome, newMasterKey, runToEnd } from '../harness/process.mjs';
import { startServer } from '../harness/server.mjs';
import { inParallel, sleep, until } from '../harness/wait.mjs';

const everyEvent = '/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z&until=2100-01-01T00:00:00.000Z';
const tokensInLog = async (api) => (await api.all(everyEvent))
  .filter((event) => event.eventType === 'app.oauth2.as.token.grant.access_token')
  .map((event) => event.target.find((target) => target.type === 'access_token').id);

test('after a kill in the middle of the load every token that was answered has its event, once', async () => {
  const server = await startServer();
  const service = await makeService(server.api);
  const place = await makeAuthorizationServer(server.api);
  const answered = [];
  let killed = false;
  const mint = async () => {
    while (!killed) {
      const reply = await grant(server.origin, place.id, service, 'read').catch(() => null);
      if (reply?.status === 200) answered.push(decode(reply.json.access_token).claims.jti);
      else if (!killed && reply) assert.fail(reply.text);
    }
  };
  const load = Promise.all(Array.from({ length: 16 }, mint));
  await until(() => answered.length > 150, 'tokens');
  killed = true;
  await server.stop('SIGKILL');
  await load.catch(() => {});
  await server.start();
  try {
    const logged = await tokensInLog(server.api);
    const known = new Set(logged);
    assert.equal(known.size, logged.length, 'no event twice');
    assert.deepEqual(answered.filter((jti) => !known.has(jti)), [], 'answered, but not in the log');
    assert.equal((await grant(server.origin, place.id, service, 'read')).status, 200);
  } finally { await server.stop(); }
});

test('after a kill in the middle of changes every change that was answered is there', async () => {
  const server = await startServer();
  const place = await makeAuthorizationServer(server.api);
  const answered = [];
  let killed = false;
  const load = inParallel([...Array(8).keys()], 8, async (writer) => {
    for (let round = 0; !killed; round++) {
      const reply = await server.api.post(`${place.path}/scopes`, { name: `w${writer}-${round}` }).catch(() => null);
      if (reply?.status === 201) answered.push(reply.json);
    }
  });
  await until(() => answered.length > 60, 'changes');
  killed = true;
  await server.stop('SIGKILL');
  await load;
  await server.start();
  try {
    const scopes = new Map((await server.api.all(`${place.path}/scopes?limit=200`)).map((scope) => [scope.id, scope]));
    for (const scope of answered) assert.equal(scopes.get(scope.id)?.name, scope.name);
    const created = (await server.api.all(everyEvent)).filter((event) => event.eventType === 'oauth2.scope.created').map((event) => event.target[0].id);
    for (const scope of answered) assert.equal(created.filter((id) => id === scope.id).length, 1, scope.name);
  } finally { await server.stop(); }
});

test('a rewrap while serving moves every secret under a new key, and nobody notices', async () => {
  const server = await startServer();
  const service = await makeService(server.api);
  const place = await makeAuthorizationServer(server.api);
  const early = (await grant(server.origin, place.id, service, 'read')).json.access_token;
  if (store === 'postgres') {
    // The operator's own key: the new one before the old one at a start, then rewrap, then the new one alone.
    server.home.env.TOKENMINT_MASTER_KEY = `${newMasterKey()}\n${server.home.env.TOKENMINT_MASTER_KEY}`;
    await server.restart();
  }
  const keyFile = join(server.home.data, 'master.key');
  const before = store === 'postgres' ? null : readFileSync(keyFile, 'utf8');
  let minting = true;
  const statuses = new Set();
  const load = Promise.all(Array.from({ length: 4 }, async () => { while (minting) statuses.add((await grant(server.origin, place.id, service, 'read')).status); }));
  const said = await runToEnd(['key', 'rewrap', '--data', server.home.data]);
  minting = false;
  await load;
  assert.equal(said.code, 0, said.stderr);
  assert.deepEqual([...statuses], [200]);
  if (store === 'postgres') server.home.env.TOKENMINT_MASTER_KEY = server.home.env.TOKENMINT_MASTER_KEY.split('\n')[0];
  else {
    const now = readFileSync(keyFile, 'utf8');
    assert.notEqual(now, before);
    assert.equal(now.trim().split('\n').length, 1, 'the old key is gone');
  }
  await server.restart();
  try {
    const late = await grant(server.origin, place.id, service, 'read');
    assert.equal(late.status, 200, late.text);
    const jwks = (await server.api.get(`/oauth2/${place.id}/v1/keys`)).json;
    assert.equal(decode(late.json.access_token).header.kid, decode(early).header.kid);
    for (const token of [early, late.json.access_token]) verified(token, jwks);
    assert.equal((await server.api.ok('GET', `/api/v1/apps/${service.id}/credentials/secrets`))[0].client_secret, service.secret);
  } finally { await server.stop(); }
});

test('a command to a server that does not run says so', async () => {
  const home = await newHome();
  const said = await runToEnd(['key', 'rewrap', '--data', home.data]);
  assert.equal(said.code, 1);
  assert.match(said.stderr, /error: .*(run|serv|connect)/i);
});

test('an embedded store that cannot grow stops minting with 503, goes on reading, and has logged every token', { skip: store === 'postgres' && 'embedded only' }, async () => {
  const server = await startServer({ shell: 'trap "" XFSZ; ulimit -f 4096; exec "$0" "$@"' }); // 2 MiB a file
  const service = await makeService(server.api);
  const place = await makeAuthorizationServer(server.api);
  const answered = [];
  let refusal;
  for (let round = 0; round < 400 && !refusal; round++) {
    const replies = await Promise.all(Array.from({ length: 16 }, () => grant(server.origin, place.id, service, 'read')));
    for (const reply of replies) {
      if (reply.status === 200) answered.push(decode(reply.json.access_token).claims.jti);
      else refusal = reply;
    }
  }
  assert.ok(refusal, `the store never filled: ${answered.length} tokens`);
  assert.equal(refusal.status, 503, refusal.text);
  assert.match(refusal.headers['retry-after'] ?? '', /^\d+$/);
  assert.equal((await server.api.get(`/oauth2/${place.id}/v1/keys`)).status, 200);
  assert.equal((await server.api.get(place.path)).status, 200);
  const write = await server.api.post('/api/v1/authorizationServers', serverBody({ name: 'half' }));
  assert.ok(write.status >= 500, `${write.status} ${write.text}`);
  await server.stop('SIGKILL');
  await server.start({ shell: undefined });
  try {
    const known = new Set(await tokensInLog(server.api));
    assert.deepEqual(answered.filter((jti) => !known.has(jti)), []);
    assert.equal((await server.api.ok('GET', '/api/v1/authorizationServers?q=half')).length, 0);
    assert.equal((await grant(server.origin, place.id, service, 'read')).status, 200);
  } finally { await server.stop(); }
});

test('a request in flight ends well when the server is told to stop, and no new one begins', async () => {
  const server = await startServer();
  const service = await makeService(server.api);
  const place = await makeAuthorizationServer(server.api);
  const body = 'grant_type=client_credentials&scope=read';
  const { port } = new URL(server.origin);
  const socket = connect(Number(port), '127.0.0.1');
  let reply = '';
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.setEncoding('utf8').on('data', (text) => { reply += text; });
  socket.write(`POST /oauth2/${place.id}/v1/token HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${basic(service.id, service.secret)}\r\n`
    + `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`);
  await sleep(300);
  const ended = server.stop('SIGTERM');
  await sleep(300);
  await assert.rejects(client(server.origin).get('/health/live'), 'no new connection is taken');
  socket.write(body.slice(10));
  await closed;
  assert.match(reply, /^HTTP\/1\.1 200 /, reply);
  const { code } = await ended;
  assert.equal(code, 0);
});
