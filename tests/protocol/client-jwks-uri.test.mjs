// Clients that publish their keys: the server fetches them, from where it may, and waits for nobody too long.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { askToken, client } from '../harness/api.mjs';
import { assertionType, claimsOf, newKey, token } from '../harness/assertion.mjs';
import { refusedByOauth } from '../harness/expect.mjs';
import { decode } from '../harness/jwt.mjs';
import { grant, makeAuthorizationServer, makeService } from '../harness/objects.mjs';
import { launch } from '../harness/process.mjs';
import { startServer } from '../harness/server.mjs';

const unreachable = 'Error retrieving the client JWKSet from jwks_uri.';

/** A site that answers as `answer` says, and counts. */
async function site(answer) {
  const made = { calls: 0, seen: [], answer };
  const http = createServer((request, response) => {
    made.calls++;
    made.seen.push(request);
    made.answer(response, request);
  });
  await new Promise((resolve) => { http.listen(0, '127.0.0.1', resolve); });
  made.uri = `http://127.0.0.1:${http.address().port}/keys?of=tests`;
  made.stop = () => { http.closeAllConnections(); http.close(); };
  sites.push(made);
  return made;
}
const sites = [];
const json = (value, headers = {}) => (response) => {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
};

let server, place;
before(async () => {
  server = await startServer({ env: { TOKENMINT_OUTBOUND_ALLOW: '10.255.0.0/16, 127.0.0.1' } });
  place = await makeAuthorizationServer(server.api, { scopes: ['read'] });
});
after(() => {
  sites.forEach((each) => each.stop());
  return server?.stop();
});

const publisher = (jwks_uri, at = server) => makeService(at.api, {
  credentials: { token_endpoint_auth_method: 'private_key_jwt' }, client: { jwks_uri },
});

function ask(service, key, { at = server, where = place, header = {} } = {}) {
  const claims = claimsOf(service.id, `${at.origin}/oauth2/${where.id}/v1/token`);
  const client_assertion = token({ alg: key.alg, kid: key.kid, ...header }, claims, key.privateKey);
  const form = { grant_type: 'client_credentials', scope: 'read', client_assertion_type: assertionType, client_assertion };
  return askToken(at.origin, where.id, form);
}

function granted(reply, id) {
  assert.equal(reply.status, 200, reply.text);
  assert.equal(decode(reply.json.access_token).claims.sub, id);
}
const refusedWith = (reply, text) => refusedByOauth(reply, 401, 'invalid_client', text);

test('keys are fetched once, kept, and fetched again for a new one', async () => {
  const [one, two, stranger] = [newKey('ES256'), newKey('PS256'), newKey('ES256')];
  const published = { keys: [one.jwk] };
  const there = await site((response) => json(published)(response));
  const service = await publisher(there.uri);
  for (let i = 0; i < 3; i++) granted(await ask(service, one), service.id);
  assert.equal(there.calls, 1);
  const [request] = there.seen;
  assert.deepEqual([request.method, request.url, request.headers.host], ['GET', '/keys?of=tests', new URL(there.uri).host]);
  assert.ok(!('authorization' in request.headers) && !('cookie' in request.headers));
  granted(await ask(service, one, { header: { kid: undefined } }), service.id);
  published.keys.push(two.jwk);
  granted(await ask(service, two), service.id);
  assert.equal(there.calls, 2);
  for (let i = 0; i < 5; i++) refusedWith(await ask(service, stranger), 'The client_assertion JWT kid is invalid.');
  assert.equal(there.calls, 2, 'strangers make us ask at most once a minute');
  const forged = { ...one, privateKey: stranger.privateKey };
  refusedWith(await ask(service, forged), 'The client_assertion signature is invalid.');
});

test('many at once cause one fetch', async () => {
  const key = newKey('ES256');
  const there = await site((response) => setTimeout(() => json({ keys: [key.jwk] })(response), 300));
  const service = await publisher(there.uri);
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask(service, key)));
  for (const answer of answers) granted(answer, service.id);
  assert.equal(there.calls, 1);
});

test('keys that cannot be used are told apart', async () => {
  const key = newKey('ES256');
  const many = Array.from({ length: 51 }, (_, index) => ({ ...key.jwk, kid: `k${index}` }));
  const cases = [
    [json({ keys: [] }), 'The client JWKSet from jwks_uri must contain at least one key.'],
    [json({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }), 'The client JWKSet from jwks_uri must contain at least one key.'],
    [json({ keys: [key.jwk, key.jwk] }), 'All keys in the client JWKSet from jwks_uri must have a unique kid.'],
    [json({ keys: [key.privateKey.export({ format: 'jwk' })] }), 'The client JWKSet is invalid.'],
    [json({ keys: many }), 'The client JWKSet is invalid.'],
    [json([key.jwk]), 'The client JWKSet is invalid.'],
    [(response) => response.end('<html>'), 'The client JWKSet is invalid.'],
    [(response) => response.end(), 'The client JWKSet is invalid.'],
    [(response) => response.writeHead(404).end(), unreachable],
    [(response) => response.writeHead(204).end(), unreachable],
    [(response) => response.destroy(), unreachable],
    [(response) => response.socket.end('SSH-2.0-garbage\r\n\r\n'), unreachable],
    [(response) => response.writeHead(200, { 'content-length': 1000 }).write('{"keys":[') && response.destroy(), unreachable],
    [(response) => response.end(JSON.stringify({ keys: [key.jwk], more: 'x'.repeat(300 * 1024) })), unreachable],
    [(response) => response.writeHead(200, { 'x-more': 'x'.repeat(200 * 1024) }).end('{}'), unreachable],
  ];
  for (const [answer, text] of cases) {
    const there = await site(answer);
    refusedWith(await ask(await publisher(there.uri), key), text);
    assert.equal(there.calls, 1, text);
  }
});

test('a redirect is not followed', async () => {
  const key = newKey('ES256');
  const target = await site(json({ keys: [key.jwk] }));
  for (const status of [301, 302, 303, 307, 308]) {
    const there = await site((response) => response.writeHead(status, { location: target.uri }).end());
    refusedWith(await ask(await publisher(there.uri), key), unreachable);
  }
  assert.equal(target.calls, 0);
});

test('a site that hangs is given up, and holds up nobody', async () => {
  const key = newKey('ES256');
  const drip = (response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(' '), 100);
    response.on('close', () => clearInterval(timer));
  };
  for (const answer of [() => {}, drip]) {
    const there = await site(answer);
    const service = await publisher(there.uri);
    const began = Date.now();
    const waiting = ask(service, key);
    const plain = await makeService(server.api);
    const good = await publisher((await site(json({ keys: [key.jwk] }))).uri);
    granted(await grant(server.origin, place.id, plain, 'read'), plain.id);
    granted(await ask(good, key), good.id);
    assert.ok(Date.now() - began < 3_000, 'others do not wait');
    refusedWith(await waiting, unreachable);
    const waited = Date.now() - began;
    assert.ok(waited > 4_000 && waited < 8_000, `${waited} ms`);
  }
});

test('a site that fails again and again is left alone for a while', async () => {
  const key = newKey('ES256');
  const there = await site((response) => response.writeHead(500).end());
  for (let i = 0; i < 6; i++) refusedWith(await ask(await publisher(there.uri), key), unreachable);
  assert.equal(there.calls, 3);
});

test('what is not allowed is not called, whatever it is named', async () => {
  const key = newKey('ES256');
  const there = await site(json({ keys: [key.jwk] }));
  const { port } = new URL(there.uri);
  const closed = await startServer();
  try {
    const where = await makeAuthorizationServer(closed.api, { scopes: ['read'] });
    const hosts = ['127.0.0.1', 'localhost', '127.1', '2130706433', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '0.0.0.0', '[::]'];
    for (const host of hosts) {
      const service = await publisher(`http://${host}:${port}/keys`, closed);
      refusedWith(await ask(service, key, { at: closed, where }), unreachable);
    }
    assert.equal(there.calls, 0);
  } finally {
    await closed.stop();
  }
  const elsewhere = await publisher(`http://[::1]:${port}/keys`);
  refusedWith(await ask(elsewhere, key), unreachable);
});

test('a proxy of the environment is not asked', async () => {
  const key = newKey('ES256');
  const proxy = await site((response) => response.end('{}'));
  const there = await site(json({ keys: [key.jwk] }));
  const url = proxy.uri.replace('/keys?of=tests', '');
  const env = { TOKENMINT_OUTBOUND_ALLOW: '127.0.0.0/8', HTTP_PROXY: url, http_proxy: url, ALL_PROXY: url, all_proxy: url };
  const own = await startServer({ env });
  try {
    const where = await makeAuthorizationServer(own.api, { scopes: ['read'] });
    const service = await publisher(there.uri, own);
    granted(await ask(service, key, { at: own, where }), service.id);
    assert.equal(proxy.calls, 0);
  } finally {
    await own.stop();
  }
});

test('over TLS a certificate must be good', async () => {
  const key = newKey('ES256');
  const other = await startServer({ args: ['--tls-self-signed'] });
  let trusting;
  try {
    const uri = `${other.origin}/oauth2/default/v1/keys`;
    assert.match(uri, /^https:/);
    refusedWith(await ask(await publisher(uri), key), unreachable);
    // Whoever trusts its authority reads the keys, none of which is this client's.
    const [, SSL_CERT_FILE] = other.said.stdout.match(/^Private CA: +(.+)$/m);
    trusting = await startServer({ env: { TOKENMINT_OUTBOUND_ALLOW: '127.0.0.1', SSL_CERT_FILE } });
    const where = await makeAuthorizationServer(trusting.api, { scopes: ['read'] });
    const service = await publisher(uri, trusting);
    refusedWith(await ask(service, key, { at: trusting, where }), 'The client_assertion JWT kid is invalid.');
  } finally {
    await other.stop();
    await trusting?.stop();
  }
});

test('a network that cannot be read ends the start', async () => {
  const said = launch(['serve', '--outbound-allow', '10.0.0.0/33']);
  await said.ended;
  assert.equal(said.code, 2, said.stderr);
  assert.match(said.stderr, /--outbound-allow: `10\.0\.0\.0\/33` is not a network/);
});

test('an address is http or https', async () => {
  for (const jwks_uri of ['ftp://127.0.0.1/keys', 'file:///etc/passwd', 'keys', 'javascript:1']) {
    const reply = await client(server.origin, server.api.token).post('/api/v1/apps', {
      name: 'oidc_client', label: 'x', signOnMode: 'OPENID_CONNECT',
      credentials: { oauthClient: { token_endpoint_auth_method: 'private_key_jwt' } },
      settings: { oauthClient: { application_type: 'service', grant_types: ['client_credentials'], response_types: ['token'], jwks_uri } },
    });
    assert.equal(reply.status, 400, reply.text);
  }
});
