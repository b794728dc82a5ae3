// Revocation: who may give a token back, and that it lasts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askOauth, basic } from '../harness/api.mjs';
import { refusedByOauth } from '../harness/expect.mjs';
import { decode } from '../harness/jwt.mjs';
import { accessToken, appBody, grant, makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';
import { freePort, inParallel } from '../harness/wait.mjs';

let server, api, service, reader, place;
before(async () => {
  server = await startServer();
  api = server.api;
  service = await makeService(api);
  reader = await makeService(api);
  place = await makeAuthorizationServer(api);
});
after(() => server?.stop());

const mint = (client = service, where = place) => accessToken(server.origin, where.id, client);
const as = (client) => ({ authorization: basic(client.id, client.secret) });
const revoke = (form, headers = as(service), where = place, origin = server.origin) => askOauth(origin, where.id, 'revoke', form, headers);
const done = (reply) => {
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.text, '');
};
const active = async (token, where = place, origin = server.origin) => {
  const reply = await askOauth(origin, where.id, 'introspect', { token }, as(reader));
  assert.equal(reply.status, 200, reply.text);
  return reply.json.active;
};
const events = async () => (await api.all('/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z&until=2100-01-01T00:00:00.000Z'))
  .filter((event) => event.eventType === 'app.oauth2.as.token.revoke');

test('a client gives its token back: it is over at once, others stay, and the log has it once', async () => {
  const [token, other] = [await mint(), await mint()];
  const { jti } = decode(token).claims;
  done(await revoke({ token, token_type_hint: 'access_token' }));
  assert.deepEqual([await active(token), await active(other)], [false, true]);
  done(await revoke({ token }));
  const told = (await events()).filter((event) => event.target.some((target) => target.id === jti));
  assert.equal(told.length, 1);
  assert.equal(told[0].actor.id, service.id);
  assert.deepEqual(told[0].target.map((target) => target.type), ['access_token', 'PublicClientApp', 'AuthorizationServer']);
  assert.equal(told[0].outcome.result, 'SUCCESS');
});

test('a token that is foreign, unknown, tampered with or of another server is a success that changes nothing', async () => {
  const token = await mint();
  const elsewhere = await makeAuthorizationServer(api);
  const [header, payload, signature] = token.split('.');
  const foreign = await mint(service, elsewhere);
  const before = (await events()).length;
  done(await revoke({ token }, as(reader)));
  done(await revoke({ token }, as(service), elsewhere));
  done(await revoke({ token: foreign }));
  for (const bad of ['x', `${header}.${payload}.`, `${header}.${payload}.${signature}x`, `${token} `]) done(await revoke({ token: bad }));
  assert.equal(await active(token), true);
  assert.equal(await active(foreign, elsewhere), true);
  assert.equal((await events()).length, before);
});

test('a public client names itself in the body, and has nothing of others to revoke', async () => {
  const page = await api.ok('POST', '/api/v1/apps', appBody({
    credentials: { token_endpoint_auth_method: 'none', pkce_required: true },
    client: {
      application_type: 'browser', grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: ['https://app.example/cb'],
    },
  }), 200);
  const token = await mint();
  done(await revoke({ token, client_id: page.id }, {}));
  assert.equal(await active(token), true);
  const query = `/oauth2/${place.id}/v1/revoke?client_id=${page.id}`;
  refusedByOauth(await api.post(query, `token=${token}`, { 'content-type': 'application/x-www-form-urlencoded', authorization: null }),
    400, 'invalid_request', 'Client credentials cannot be supplied via query parameters.');
});

test('a request without a token, with two, or of nobody is refused', async () => {
  const token = await mint();
  for (const form of ['', 'token=', 'token_type_hint=access_token']) {
    refusedByOauth(await revoke(form), 400, 'invalid_request', "The 'token' parameter is required.");
  }
  refusedByOauth(await revoke('token=a&token=b'), 400, 'invalid_request',
    'Duplicate parameter provided in request. Duplicated parameters: [token].');
  refusedByOauth(await revoke({ token }, {}), 401, 'invalid_client', 'No client credentials found.');
  refusedByOauth(await revoke({ token }, { authorization: basic(service.id, 'wrong') }), 401, 'invalid_client');
  refusedByOauth(await revoke({ token, client_id: service.id }, {}), 401, 'invalid_client');
  refusedByOauth(await revoke({ token }, as(service), { id: 'x' }), 400, 'invalid_request', 'The authorization server id is invalid.');
  assert.equal(await active(token), true);
});

test('the same token from many at once is one success after the other', async () => {
  const token = await mint();
  for (const reply of await inParallel(Array(20).fill(token), 20, (token) => revoke({ token }))) done(reply);
  assert.equal(await active(token), false);
});

test('a revocation outlives a kill and a restart', async () => {
  // The issuer carries the address, which a restart may change unless it is given.
  const node = await startServer({ listen: `127.0.0.1:${await freePort()}` });
  try {
    const own = await makeService(node.api), made = await makeAuthorizationServer(node.api);
    const ask = async (endpoint, token) => askOauth(node.origin, made.id, endpoint, { token }, as(own));
    const tokens = [];
    for (let at = 0; at < 3; at++) tokens.push((await grant(node.origin, made.id, own, 'read')).json.access_token);
    done(await ask('revoke', tokens[0]));
    await node.stop('SIGKILL');
    await node.start();
    const states = await Promise.all(tokens.map(async (token) => (await ask('introspect', token)).json.active));
    assert.deepEqual(states, [false, true, true]);
  } finally { await node.stop(); }
});
