// The life of an API token: what it may be renamed to, how it ends, and that it never comes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client } from '../harness/api.mjs';
import { refused } from '../harness/expect.mjs';
import { startServer } from '../harness/server.mjs';

test('a token that revokes itself is refused from the next request on, and after a restart with the same environment', async () => {
  const server = await startServer();
  try {
    const reply = await server.api.delete('/api/v1/api-tokens/current');
    assert.deepEqual([reply.status, reply.text], [204, '']);
    refused(await server.api.get('/api/v1/users/me'), 401, 'E0000011', 'Invalid token provided');
    await server.restart();
    refused(await server.api.get('/api/v1/users/me'), 401, 'E0000011', 'Invalid token provided');
  } finally { await server.stop(); }
});

test('a token is revoked by its id, too', async () => {
  const server = await startServer();
  try {
    const [token] = await server.api.ok('GET', '/api/v1/api-tokens');
    assert.equal((await server.api.delete(`/api/v1/api-tokens/${token.id}`)).status, 204);
    refused(await server.api.get('/api/v1/api-tokens'), 401, 'E0000011');
  } finally { await server.stop(); }
});

test('sixteen uses of a token at once are all let in, and its use moves its end', async () => {
  const server = await startServer();
  try {
    const replies = await Promise.all(Array.from({ length: 16 }, () => server.api.get('/api/v1/users/me')));
    assert.ok(replies.every((reply) => reply.status === 200));
    const [token] = await server.api.ok('GET', '/api/v1/api-tokens');
    const days = (Date.parse(token.expiresAt) - Date.now()) / 86_400_000;
    assert.ok(days > 29.9 && days <= 30.01, `${days} days`);
  } finally { await server.stop(); }
});

test('the environment of a second start neither renames the administrator nor makes another token', async () => {
  const server = await startServer();
  try {
    await server.restart({ env: { TOKENMINT_ADMIN_LOGIN: 'other@example.test', TOKENMINT_API_TOKEN: '00another-token-that-nobody-ever-made-okay' } });
    refused(await server.api.get('/api/v1/users/me'), 401, 'E0000011');
    await server.restart();
    assert.equal((await server.api.ok('GET', '/api/v1/users/me')).profile.login, 'root@example.test');
    assert.equal((await server.api.ok('GET', '/api/v1/api-tokens')).length, 1);
  } finally { await server.stop(); }
});

test('a token is renamed, and a body that names nobody or nothing is refused', async () => {
  const server = await startServer();
  try {
    const [token] = await server.api.ok('GET', '/api/v1/api-tokens');
    const path = `/api/v1/api-tokens/${token.id}`;
    assert.equal((await server.api.ok('PUT', path, { ...token, name: 'other' })).name, 'other');
    for (const [body, about] of [[{ ...token, name: '' }, /name/], [{ ...token, network: { connection: 'SOMEWHERE' } }, /network|connection/]]) {
      refused(await server.api.put(path, body), 400, 'E0000001', about);
    }
    assert.equal((await server.api.ok('GET', path)).name, 'other');
    assert.equal((await client(server.origin).get(path)).status, 401);
  } finally { await server.stop(); }
});
