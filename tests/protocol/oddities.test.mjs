// Bytes that only a stranger sends: nothing of it is a fault of ours, nothing breaks the next request.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { askToken, basic } from '../harness/api.mjs';
import { refusedByOauth } from '../harness/expect.mjs';
import { appBody, grant, makeAuthorizationServer, makeService, serverBody } from '../harness/objects.mjs';
import { exchange, request } from '../harness/raw.mjs';
import { startServer } from '../harness/server.mjs';

const servers = '/api/v1/authorizationServers';
let server, api, place, service, authorization;
before(async () => {
  server = await startServer();
  api = server.api;
  authorization = `Authorization: SSWS ${api.token}`;
  place = await makeAuthorizationServer(api);
  service = await makeService(api);
});
after(async () => {
  assert.doesNotMatch(server?.said.stderr ?? '', /panicked/);
  await server?.stop();
});

test('odd path segments are a 404, and never a fault', async () => {
  const collections = [servers, `${place.path}/policies`, `${place.path}/scopes`, `${place.path}/claims`, `${place.path}/credentials/keys`,
    '/api/v1/apps', '/api/v1/groups', '/api/v1/users', '/api/v1/api-tokens'];
  for (const collection of collections) {
    for (const segment of ['%00', '%ff', '%2e%2e', '..', 'a%2Fb', '%20', 'x'.repeat(4000), '%F0%9F%8E%89', "'--", '%25']) {
      const reply = await exchange(server.origin, request([`GET ${collection}/${segment} HTTP/1.1`, 'Host: localhost', authorization]));
      assert.ok([400, 404].includes(reply.status), `${collection}/${segment.slice(0, 20)}: ${reply.status} ${reply.body}`);
      JSON.parse(reply.body);
    }
  }
});

test('odd query values are never a fault', async () => {
  for (const path of [servers, '/api/v1/apps', '/api/v1/groups', `${place.path}/scopes`, '/api/v1/api-tokens']) {
    for (const query of ['q=%00', 'q=%ff', 'q=%27', 'q=%25', 'after=%00', 'after=%27', 'after=%F0%9F%8E%89', 'limit=', 'limit=%00', 'filter=%00', '&&&', 'q', '=']) {
      const reply = await api.get(`${path}?${query}`);
      assert.ok([200, 400].includes(reply.status), `${path}?${query}: ${reply.status} ${reply.text.slice(0, 200)}`);
    }
  }
});

test('a text with a NUL is refused by its field; other scripts and emoji are kept', async () => {
  const bodies = [[servers, (text) => serverBody({ name: text }), 'name'], ['/api/v1/groups', (text) => ({ profile: { name: text, description: text } }), 'profile'],
    ['/api/v1/apps', (text) => appBody({ label: text }), 'label']];
  for (const [path, body, member] of bodies) {
    assert.equal((await api.post(path, body('a\u0000b'))).status, 400);
    const text = `Ünïcödé 🎉 名前 ${path.length}`;
    const made = await api.post(path, body(text));
    assert.ok(made.status < 300, made.text);
    const read = await api.ok('GET', `${path}/${made.json.id}`);
    assert.equal(member === 'profile' ? read.profile.name : read[member], text);
  }
  assert.equal((await api.post(servers, '{"name":"\\ud800","audiences":["a"],"description":"d"}', {})).status, 400);
});

test('a broken, too long or doubled head of a request is refused, and the port goes on', async () => {
  const heads = [
    ['\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', [400]], ['GET / HTTP/9.9\r\n\r\n', [400, 505]], ['NONSENSE\r\n\r\n', [400]],
    [request([`GET ${servers} HTTP/1.1`, 'Host: l', authorization, `X-Big: ${'x'.repeat(60_000)}`]), [431]],
    [request([`GET ${servers} HTTP/1.1`, 'Host: l', authorization, ...Array.from({ length: 150 }, (_, index) => `X-${index}: 1`)]), [431]],
    [`POST ${servers} HTTP/1.1\r\nHost: l\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}    `, [400]],
    [`POST ${servers} HTTP/1.1\r\nHost: l\r\nContent-Length: -5\r\n\r\n`, [400]],
    [request([`GET ${servers} HTTP/1.1`, 'Host: l', authorization, authorization]), [401]],
  ];
  for (const [bytes, statuses] of heads) {
    const reply = await exchange(server.origin, bytes);
    assert.ok(statuses.includes(reply.status), `${JSON.stringify(bytes.slice(0, 60))}: ${reply.status} ${reply.body}`);
  }
  assert.equal((await api.get(servers)).status, 200);
});

test('a body in chunks counts as one body', async () => {
  const body = JSON.stringify(serverBody({ name: 'in chunks' }));
  const chunks = [body.slice(0, 10), body.slice(10)].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
  const head = request([`POST ${servers} HTTP/1.1`, 'Host: l', authorization, 'Content-Type: application/json', 'Transfer-Encoding: chunked']);
  const reply = await exchange(server.origin, `${head}${chunks}0\r\n\r\n`);
  assert.equal(reply.status, 201, reply.body);
  assert.equal(JSON.parse(reply.body).name, 'in chunks');
});

test('two requests on one connection get two replies in order, and a client that hangs up harms nobody', async () => {
  const { port } = new URL(server.origin);
  const lines = (path) => request([`GET ${path} HTTP/1.1`, 'Host: l', authorization]);
  const replies = await new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(lines('/api/v1/users/me') + lines('/nothing')));
    socket.setEncoding('utf8').on('data', (part) => {
      text += part;
      if (text.includes('E0000008')) { socket.destroy(); resolve(text); }
    }).on('error', reject);
  });
  assert.deepEqual(replies.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 404']);
  await Promise.all(Array.from({ length: 20 }, () => new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1', () => { socket.write(lines(servers)); socket.destroy(); resolve(); });
    socket.on('error', resolve);
  })));
  assert.equal((await api.get(servers)).status, 200);
});

test('HEAD answers as GET does, without a body', async () => {
  const reply = await exchange(server.origin, `HEAD ${servers} HTTP/1.1\r\nHost: l\r\n${authorization}\r\nConnection: close\r\n\r\n`);
  assert.equal(reply.status, 200);
  assert.equal(reply.body, '');
});

test('a browser of a page that is no redirect URI of the client gets no token', async () => {
  const origin = 'https://elsewhere.example';
  const reply = await askToken(server.origin, place.id, 'grant_type=client_credentials&scope=read', { authorization: basic(service.id, service.secret), origin });
  assert.equal(reply.status, 400, reply.text);
  assert.match(reply.json.error_description, /^Browser requests to the token endpoint /);
  const preflight = await api.send('OPTIONS', `/oauth2/${place.id}/v1/token`, null, { origin, 'access-control-request-method': 'POST', authorization: null });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers['access-control-allow-origin'], origin);
  assert.equal(preflight.headers['access-control-max-age'], '3600');
  assert.match(preflight.headers.vary, /Origin/i);
});

test('a secret with signs that a form must escape works escaped', async () => {
  const secret = 'p%c+e:q&u=a l/ü-and-more';
  const app = await api.post('/api/v1/apps', appBody({ credentials: { client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' } }));
  if (app.status === 400) return; // a server may refuse such secrets
  const { id } = app.json;
  const escaped = encodeURIComponent(secret);
  const reply = await askToken(server.origin, place.id, 'grant_type=client_credentials&scope=read', { authorization: basic(id, escaped) });
  assert.equal(reply.status, 200, reply.text);
});

test('a client id that is the name of a method or a server is only a client id', async () => {
  const odd = await api.ok('POST', '/api/v1/apps', appBody({ credentials: { client_id: 'default', client_secret: 'fourteen-signs' } }), 200);
  const made = { id: 'default', secret: odd.credentials.oauthClient.client_secret };
  assert.equal((await grant(server.origin, place.id, made, 'read')).status, 200);
  refusedByOauth(await grant(server.origin, place.id, { ...made, secret: service.secret }, 'read'), 401, 'invalid_client');
});
