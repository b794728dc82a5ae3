// `issuerMode` with several origins: which one the issuer, the metadata and the tokens of a server carry.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { basic, client } from '../harness/api.mjs';
import { decode } from '../harness/jwt.mjs';
import { makeAuthorizationServer, makeService, serverBody } from '../harness/objects.mjs';
import { exchange, request } from '../harness/raw.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/wait.mjs';

const servers = '/api/v1/authorizationServers';
const [org, custom, third] = ['https://org.example.test', 'https://login.example.test', 'https://third.example.test'];
let server, api, local, service;
before(async () => {
  server = await startServer({ args: ['--base-url', org, '--base-url', custom, '--base-url', third] });
  const [, port] = await until(() => server.said.stderr.match(/address=127\.0\.0\.1:(\d+)/), 'the address in the log');
  local = `http://127.0.0.1:${port}`;
  api = client(local, server.api.token);
  service = await makeService(api);
});
after(() => server?.stop());

/** Sends to the server as if it were reached by one of its origins. */
async function at(origin, line, body, ...headers) {
  const host = `Host: ${new URL(origin).host}`;
  const reply = await exchange(local, request([`${line} HTTP/1.1`, host, 'Connection: close', ...headers], body));
  assert.equal(reply.status, 200, reply.body);
  return JSON.parse(reply.body);
}

const post = (origin, id, endpoint, form) => at(origin, `POST /oauth2/${id}/v1/${endpoint}`, form,
  'Content-Type: application/x-www-form-urlencoded', `Authorization: ${basic(service.id, service.secret)}`);
const token = async (origin, id) =>
  (await post(origin, id, 'token', 'grant_type=client_credentials&scope=read')).access_token;

for (const [mode, carried] of [
  ['ORG_URL', () => org], ['CUSTOM_URL', () => custom], ['DYNAMIC', (sentTo) => sentTo],
]) {
  test(`${mode}: the server, its metadata and its tokens name one issuer`, async () => {
    const { id } = await makeAuthorizationServer(api, { issuerMode: mode });
    for (const sentTo of [org, custom, third]) {
      const issuer = `${carried(sentTo)}/oauth2/${id}`;
      const shown = await at(sentTo, `GET ${servers}/${id}`, '', `Authorization: SSWS ${api.token}`);
      assert.deepEqual([shown.issuer, shown.issuerMode], [issuer, mode]);
      for (const name of ['openid-configuration', 'oauth-authorization-server']) {
        const metadata = await at(sentTo, `GET /oauth2/${id}/.well-known/${name}`);
        assert.equal(metadata.issuer, issuer);
        assert.equal(metadata.jwks_uri, `${issuer}/v1/keys`);
      }
      assert.equal(decode(await token(sentTo, id)).claims.iss, issuer);
    }
  });
}

test('a new server takes the custom origin, the default one keeps the org\'s, and a mode may be changed', async () => {
  const made = await api.ok('POST', servers, serverBody(), 201);
  assert.deepEqual([made.issuerMode, made.issuer], ['CUSTOM_URL', `${custom}/oauth2/${made.id}`]);
  assert.equal((await api.ok('GET', `${servers}/default`)).issuer, `${org}/oauth2/default`);
  const changed = await api.ok('PUT', `${servers}/${made.id}`, serverBody({ issuerMode: 'ORG_URL' }));
  assert.equal(changed.issuer, `${org}/oauth2/${made.id}`);
  const kept = await api.ok('PUT', `${servers}/${made.id}`, serverBody());
  assert.equal(kept.issuerMode, 'ORG_URL');
});

test('a token stands wherever it is shown, also when the mode has changed meanwhile', async () => {
  const place = await makeAuthorizationServer(api, { issuerMode: 'DYNAMIC' });
  const minted = await token(third, place.id);
  assert.equal((await post(org, place.id, 'introspect', `token=${minted}`)).active, true);
  await api.ok('PUT', place.path, serverBody({ issuerMode: 'ORG_URL' }));
  assert.equal((await post(custom, place.id, 'introspect', `token=${minted}`)).active, true);
});
