// What every reply carries, and the odd requests that real clients send.
import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { after, before, test } from 'node:test';
import { askToken, basic, client } from '../harness/api.mjs';
import { refused } from '../harness/expect.mjs';
import { appBody, claimBody, makeAuthorizationServer, makeService, policyBody, ruleBody, scopeBody, serverBody } from '../harness/objects.mjs';
import { exchange, request } from '../harness/raw.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

const servers = '/api/v1/authorizationServers';
let server, api, place, authorization;
before(async () => {
  server = await startServer();
  api = server.api;
  authorization = `SSWS ${api.token}`;
  place = await makeAuthorizationServer(api);
});
after(() => server?.stop());

test('every reply has an id of its own, a date and true counts, refusals too', async () => {
  const ids = new Set();
  const paths = [servers, `${servers}/nothing`, '/nothing', '/.well-known/okta-organization', '/api/v1/users/me', '/api/v1/org'];
  const replies = [];
  for (const path of [...paths, ...paths]) replies.push(await api.get(path));
  replies.push(await api.send('PATCH', servers), await client(server.origin).get(servers), await api.post(servers, '{'), await askToken(server.origin, place.id, 'x=y'));
  for (const reply of replies) {
    const { headers } = reply;
    assert.match(headers['x-okta-request-id'], /^[A-Za-z0-9_-]{10,}$/);
    ids.add(headers['x-okta-request-id']);
    assert.match(headers.date, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
    for (const name of ['x-rate-limit-limit', 'x-rate-limit-remaining', 'x-rate-limit-reset']) assert.match(headers[name] ?? '', /^\d+$/, name);
    const wait = Number(headers['x-rate-limit-reset']) - Date.parse(headers.date) / 1000;
    assert.ok(wait >= 0 && wait <= 61, `the window ends within a minute, not in ${wait} s`);
  }
  assert.equal(ids.size, replies.length);
});

test('the remaining count goes down by one for each request of a bucket, and another bucket has its own', async () => {
  const counted = async () => {
    const replies = [];
    for (let round = 0; round < 4; round++) replies.push((await api.get('/api/v1/groups')).headers);
    const one = new Set(replies.map((headers) => headers['x-rate-limit-reset'])).size === 1;
    return one && replies; // the minute may end between two requests: then once more
  };
  const replies = await until(counted, 'one window');
  const remaining = replies.map((headers) => Number(headers['x-rate-limit-remaining']));
  assert.deepEqual(remaining.map((count) => remaining[0] - count), [0, 1, 2, 3]);
  const limits = await Promise.all(['/api/v1/apps', '/api/v1/logs', '/api/v1/users/me'].map(async (path) => (await api.get(path)).headers['x-rate-limit-limit']));
  assert.deepEqual(limits, ['100', '50', '1000']);
});

test('self and next are two header lines with absolute URLs that keep the query', async () => {
  const reply = await exchange(server.origin, request([`GET ${servers}/${place.id}/scopes?limit=2 HTTP/1.1`, 'Host: localhost', `Authorization: ${authorization}`]));
  const links = reply.all('link');
  assert.equal(links.length, 2, JSON.stringify(links));
  assert.equal(links[0], `<${server.origin}${servers}/${place.id}/scopes?limit=2>; rel="self"`);
  assert.match(links[1], new RegExp(`^<${server.origin}${servers}/${place.id}/scopes\\?.*>; rel="next"$`));
  assert.match(links[1], /[?&]limit=2\b/);
  assert.match(links[1], /[?&]after=[^&>]+/);
  const last = await exchange(server.origin, request([`GET ${servers}/${place.id}/scopes HTTP/1.1`, 'Host: localhost', `Authorization: ${authorization}`]));
  assert.equal(last.all('link').length, 1);
});

test('an absolute request line, with or without a port, is served by its path', async () => {
  for (const target of ['http://localhost/api/v1/users/me', `${server.origin}/api/v1/users/me`, 'http://anything.example:1/api/v1/users/me']) {
    const reply = await exchange(server.origin, request([`GET ${target} HTTP/1.1`, 'Host: localhost', `Authorization: ${authorization}`, 'Proxy-Authorization: Basic eDp5', 'Proxy-Connection: keep-alive']));
    assert.equal(reply.status, 200, reply.body);
    assert.equal(JSON.parse(reply.body)._links.self.href.startsWith(`${server.origin}/`), true);
  }
});

test('CONNECT and other tunnels are not served', async () => {
  const reply = await exchange(server.origin, request(['CONNECT example.com:443 HTTP/1.1', 'Host: example.com:443']));
  assert.ok(reply.status >= 400 && reply.status < 600, `status ${reply.status}`);
});

test('a doubled slash at the beginning of a path is one', async () => {
  const reply = await exchange(server.origin, request(['GET //api/v1/users/me HTTP/1.1', 'Host: localhost', `Authorization: ${authorization}`]));
  assert.equal(reply.status, 200, reply.body);
});

test('the host header, forwarded or not, never shows in a link, an issuer or a redirect', async () => {
  const paths = [servers, `${servers}/${place.id}/scopes?limit=1`, '/api/v1/groups', '/api/v1/users/me', '/.well-known/okta-organization',
    `/oauth2/${place.id}/.well-known/openid-configuration`, `/oauth2/${place.id}/.well-known/oauth-authorization-server`];
  for (const path of paths) {
    const reply = await exchange(server.origin, request([
      `GET ${path} HTTP/1.1`, 'Host: evil.example', `Authorization: ${authorization}`, 'X-Forwarded-Host: evil2.example',
      'Forwarded: host=evil3.example;proto=https', 'X-Forwarded-Proto: https',
    ]));
    assert.equal(reply.status, 200, `${path}: ${reply.body}`);
    assert.doesNotMatch(reply.body + JSON.stringify(reply.headers), /evil/, path);
  }
});

test('HTTP/2 with prior knowledge works on the same port', async () => {
  const session = connect(server.origin);
  try {
    const get = (path, headers = {}) => new Promise((resolve, reject) => {
      const stream = session.request({ ':path': path, ...headers });
      let body = '', status, seen;
      stream.on('response', (answer) => { status = answer[':status']; seen = answer; });
      stream.setEncoding('utf8').on('data', (text) => { body += text; }).on('end', () => resolve({ status, headers: seen, body })).on('error', reject);
    });
    const replies = await Promise.all(Array.from({ length: 20 }, () => get('/api/v1/users/me', { authorization })));
    assert.ok(replies.every((reply) => reply.status === 200 && JSON.parse(reply.body).status === 'ACTIVE'));
    assert.equal(new Set(replies.map((reply) => reply.headers['x-okta-request-id'])).size, 20);
    assert.equal((await get('/nothing')).status, 404);
  } finally { session.close(); }
});

test('a change with a stale tag is 412 and changes nothing; with the fresh tag among others or a star it is made', async () => {
  const { rulePath, policyPath, path } = await makeAuthorizationServer(api);
  const scope = (await api.ok('GET', `${path}/scopes?q=read`))[0];
  const claim = await api.ok('POST', `${path}/claims`, claimBody('tagged', '1'), 201);
  const service = await makeService(api);
  const things = [
    [`${path}/claims/${claim.id}`, claimBody('tagged', '2')], [`/api/v1/apps/${service.id}`, appBody({ label: 'tagged' })],
    [path, serverBody()], [policyPath, policyBody()], [rulePath, ruleBody()],
    [`${path}/scopes/${scope.id}`, scopeBody('read', { consent: 'FLEXIBLE', metadataPublish: 'NO_CLIENTS' })],
  ];
  for (const [thing, body] of things) {
    const { etag } = (await api.get(thing)).headers;
    assert.match(etag ?? '', /^"[^"]+"$/, thing);
    const first = await api.put(thing, body, { 'if-match': etag });
    assert.equal(first.status, 200, first.text);
    assert.notEqual(first.headers.etag, etag);
    const before = (await api.get(thing)).text;
    refused(await api.put(thing, { ...body, description: 'stale' }, { 'if-match': etag }), 412, 'E0000231');
    refused(await api.delete(thing, { 'if-match': etag }), 412, 'E0000231');
    const fresh = (await api.get(thing)).headers.etag;
    refused(await api.delete(thing, { 'if-match': `W/${fresh}` }), 412, 'E0000231');
    assert.equal((await api.get(thing)).text, before);
    assert.equal((await api.put(thing, body, { 'if-match': `${etag}, ${fresh}` })).status, 200);
    assert.equal((await api.put(thing, body, { 'if-match': '*' })).status, 200);
  }
  assert.equal((await api.delete(rulePath, { 'if-match': (await api.get(rulePath)).headers.etag })).status, 204);
});

test('of sixteen who change one thing with the same tag, one succeeds', async () => {
  const { path } = await makeAuthorizationServer(api);
  const { etag } = (await api.get(path)).headers;
  const replies = await Promise.all(Array.from({ length: 16 }, (_, index) => api.put(path, serverBody({ name: `writer ${index}` }), { 'if-match': etag })));
  assert.deepEqual(replies.map((reply) => reply.status).sort(), [200, ...Array(15).fill(412)]);
  const winner = replies.find((reply) => reply.status === 200);
  assert.equal((await api.ok('GET', path)).name, winner.json.name);
});

test('the health of the process and of its store are asked without a token', async () => {
  for (const path of ['/health/live', '/health/ready']) assert.equal((await client(server.origin).get(path)).status, 200);
});

test('a base URL that was given is in every link, whatever the port', async () => {
  const named = await startServer({ args: ['--base-url', 'https://id.example.test'] });
  try {
    assert.equal(named.said.origin, 'https://id.example.test');
    const [, port] = await until(() => named.said.stderr.match(/address=127\.0\.0\.1:(\d+)/), 'the address in the log');
    const local = client(`http://127.0.0.1:${port}`, api.token);
    const made = await local.ok('GET', `${servers}/default`);
    assert.equal(made.issuer, 'https://id.example.test/oauth2/default');
    assert.ok(!JSON.stringify(made).includes(port));
    const service = await makeService(local);
    await local.ok('POST', `${servers}/default/scopes`, { name: 'read' }, 201);
    const reply = await askToken(local.origin, 'default', 'grant_type=client_credentials&scope=read', { authorization: basic(service.id, service.secret) });
    assert.equal(JSON.parse(Buffer.from(reply.json.access_token.split('.')[1], 'base64url')).iss, made.issuer);
  } finally { await named.stop(); }
});
