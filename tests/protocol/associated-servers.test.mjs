// Trust between servers: which servers' tokens a server accepts as the subject of a token exchange.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serverBody } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';

const servers = '/api/v1/authorizationServers';
let server, api, one, others, path;
before(async () => {
  server = await startServer();
  api = server.api;
  one = await api.ok('POST', servers, serverBody(), 201);
  others = [];
  for (const name of ['Red', 'Green', 'Blue']) {
    others.push(await api.ok('POST', servers, serverBody({ name, audiences: [`api://${name}`] }), 201));
  }
  path = `${servers}/${one.id}/associatedServers`;
});
after(() => server?.stop());

const ids = (list) => list.map((item) => item.id);

test('trust is given, listed from both sides, and ended', async () => {
  const [red, green, blue] = others;
  assert.deepEqual(await api.ok('GET', path), []);
  const added = await api.ok('POST', path, { trusted: [green.id, red.id] });
  assert.deepEqual(ids(added), [green.id, red.id]);
  assert.deepEqual(added[1].audiences, ['api://Red'], 'whole servers come back');
  assert.deepEqual(ids(await api.ok('GET', `${path}?trusted=true`)), [red.id, green.id], 'in the order of their creation');
  const untrusted = ids(await api.ok('GET', `${path}?trusted=false`));
  assert.ok(untrusted.includes(blue.id) && !untrusted.includes(red.id) && !untrusted.includes(one.id));
  assert.deepEqual(ids(await api.ok('GET', `${path}?trusted=true&q=GREEN`)), [green.id]);
  assert.deepEqual(ids(await api.all(`${path}?trusted=true&limit=1`)), [red.id, green.id], 'page by page');
  assert.deepEqual(await api.ok('GET', `${servers}/${red.id}/associatedServers`), [], 'trust has a direction');
  await api.ok('POST', path, { trusted: [red.id] });
  await api.ok('DELETE', `${path}/${red.id}`);
  assert.deepEqual(ids(await api.ok('GET', path)), [green.id]);
  const log = await api.all('/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z&until=2100-01-01T00:00:00.000Z');
  const about = (type) => log.filter((event) => event.eventType === `app.oauth2.trusted_server.${type}`).map((event) => ids(event.target));
  assert.deepEqual(about('add'), [[one.id, green.id, red.id]], 'what was trusted already is no change');
  assert.deepEqual(about('delete'), [[one.id, red.id]]);
});

test('a server that is replaced keeps its trust, and one that is deleted is trusted no more', async () => {
  const gone = await api.ok('POST', servers, serverBody(), 201);
  await api.ok('POST', path, { trusted: [gone.id] });
  await api.ok('PUT', `${servers}/${one.id}`, serverBody({ name: 'renamed' }));
  assert.ok(ids(await api.ok('GET', path)).includes(gone.id));
  await api.ok('DELETE', `${servers}/${gone.id}`);
  assert.ok(!ids(await api.ok('GET', path)).includes(gone.id));
});

test('what cannot be trusted is refused, and nothing of the request is done', async () => {
  const blue = others[2];
  for (const [body, why] of [
    [{}, /trusted/], [{ trusted: blue.id }, /./], [{ trusted: [blue.id, 'ausmissing'] }, /no authorization server `ausmissing`/],
    [{ trusted: [blue.id, one.id] }, /no trust in itself/],
  ]) {
    const reply = await api.send('POST', path, body);
    assert.equal(reply.status, 400, reply.text);
    assert.match(reply.text, why);
  }
  assert.ok(!ids(await api.ok('GET', path)).includes(blue.id));
  assert.equal((await api.send('DELETE', `${path}/${blue.id}`)).status, 404);
  assert.equal((await api.send('GET', `${path}?trusted=perhaps`)).status, 400);
  assert.equal((await api.send('GET', `${servers}/ausmissing/associatedServers`)).status, 404);
});
