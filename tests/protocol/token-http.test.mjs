// The token endpoint as a piece of HTTP: methods, media types, sizes, oddities of the form.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askToken, basic, client } from '../harness/api.mjs';
import { refused, refusedByOauth } from '../harness/expect.mjs';
import { makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { exchange, request } from '../harness/raw.mjs';
import { startServer } from '../harness/server.mjs';

const form = 'grant_type=client_credentials&scope=read';

let server, service, place, authorization, path;
before(async () => {
  server = await startServer();
  service = await makeService(server.api);
  authorization = basic(service.id, service.secret);
  place = await makeAuthorizationServer(server.api);
  path = `/oauth2/${place.id}/v1/token`;
});
after(() => server?.stop());

test('GET is not a method of the token endpoint, whatever credentials come with it', async () => {
  const bare = client(server.origin);
  refused(await bare.get(path, { authorization }), 405, 'E0000022', 'The endpoint does not support the provided HTTP method');
  refused(await bare.get(`${path}?${form}&client_id=${service.id}&client_secret=${service.secret}`), 405, 'E0000022');
  refused(await bare.put(path, form, { 'content-type': 'application/x-www-form-urlencoded', authorization }), 405, 'E0000022');
});

test('a body of another media type is refused', async () => {
  const send = (type, body) => client(server.origin).post(path, body, { 'content-type': type, authorization });
  for (const [type, body] of [['application/json', '{"grant_type":"client_credentials","scope":"read"}'], ['text/plain', form], ['multipart/form-data; boundary=x', form]]) {
    const reply = await send(type, body);
    assert.ok(reply.status >= 400 && reply.status < 500, `${type}: ${reply.status}`);
    assert.ok(reply.json.error || reply.json.errorCode, reply.text);
    assert.equal('access_token' in reply.json, false);
  }
  assert.equal((await send('application/x-www-form-urlencoded; charset=UTF-8', form)).status, 200);
  assert.equal((await send('Application/X-WWW-Form-Urlencoded', form)).status, 200);
});

test('a body that is too big is 413, and the server goes on', async () => {
  const reply = await askToken(server.origin, place.id, `${form}&padding=${'x'.repeat(2_000_000)}`, { authorization }).catch((error) => error);
  // The server may close before a client has sent everything: then the client sees a broken pipe, and raw bytes tell.
  if (reply.status !== undefined) assert.equal(reply.status, 413, reply.text);
  const head = request([`POST ${path} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 50000000']);
  assert.equal((await exchange(server.origin, head)).status, 413);
  assert.equal((await askToken(server.origin, place.id, form, { authorization })).status, 200);
});

test('a scope parameter beyond 4096 characters is refused and not looked up', async () => {
  const long = await askToken(server.origin, place.id, `grant_type=client_credentials&scope=${'a'.repeat(4097)}`, { authorization });
  assert.equal(long.status, 400, long.text);
  assert.match(long.json.error, /^invalid_(scope|request)$/);
});

test('a form that is not UTF-8 or has a broken escape yields no token and no fault', async () => {
  for (const body of ['grant_type=client_credentials&scope=%FF', 'grant_type=%zz&scope=read', '%', '&&&==&', '\u0000']) {
    const reply = await askToken(server.origin, place.id, body, { authorization });
    assert.ok(reply.status === 400 || reply.status === 401, `${JSON.stringify(body)}: ${reply.status} ${reply.text}`);
    assert.ok(reply.json.error, reply.text);
  }
});

test('spaces and plus signs between scopes part them, and a scope asked twice is granted once', async () => {
  for (const scope of ['read+read', 'read%20read', '%20read%20', 'read++read']) {
    const reply = await askToken(server.origin, place.id, `grant_type=client_credentials&scope=${scope}`, { authorization });
    assert.equal(reply.status, 200, `${scope}: ${reply.text}`);
    assert.equal(reply.json.scope, 'read');
  }
});

test('an empty scope counts as no scope', async () => {
  const reply = await askToken(server.origin, place.id, 'grant_type=client_credentials&scope=', { authorization });
  refusedByOauth(reply, 400, 'invalid_scope', /does not have any configured default scopes/);
});

test('parameters that nobody knows are ignored', async () => {
  assert.equal((await askToken(server.origin, place.id, `${form}&nonce=1&foo=bar`, { authorization })).status, 200);
});

test('the session cookie and other cookies mean nothing to the token endpoint', async () => {
  assert.equal((await askToken(server.origin, place.id, form, { authorization, cookie: 'sid=102abc; idx=1' })).status, 200);
});

test('refusals are not stored either', async () => {
  const reply = await askToken(server.origin, place.id, form, {});
  assert.equal(reply.status, 401);
  assert.match(reply.headers['cache-control'], /no-store/);
});
