// Lists: searching, paging, page sizes, and pages that stay right while things come and go.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { refused } from '../harness/expect.mjs';
import { appBody, makeAuthorizationServer, makeService, scopeBody, serverBody } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';
import { inParallel } from '../harness/wait.mjs';

const servers = '/api/v1/authorizationServers';
let server, api;
before(async () => {
  server = await startServer();
  api = server.api;
});
after(() => server?.stop());

const names = (list) => list.map((each) => each.name);

test('servers are found by a part of their name or audience, whatever the case', async () => {
  await api.ok('POST', servers, serverBody({ name: 'Zebra Crossing', audiences: ['api://stripes'] }), 201);
  for (const q of ['zebra', 'CROSS', 'a c', 'stripes', 'API://STRI']) {
    assert.deepEqual(names(await api.ok('GET', `${servers}?q=${encodeURIComponent(q)}`)), ['Zebra Crossing'], q);
  }
  for (const q of ['zebras', '%', '_ebra', '*']) assert.deepEqual(await api.ok('GET', `${servers}?q=${encodeURIComponent(q)}`), [], q);
});

test('groups and apps are found by the beginning of a name, and by nothing that only looks like a pattern', async () => {
  await api.ok('POST', '/api/v1/groups', { profile: { name: 'Zebra keepers' } }, 200);
  await api.ok('POST', '/api/v1/apps', appBody({ label: 'Zebra app' }), 200);
  const groups = async (q) => (await api.ok('GET', `/api/v1/groups?q=${encodeURIComponent(q)}`)).map((group) => group.profile.name);
  const apps = async (q) => (await api.ok('GET', `/api/v1/apps?q=${encodeURIComponent(q)}`)).map((app) => app.label);
  assert.deepEqual([await groups('zebra'), await groups('keepers'), await groups('%ebra')], [['Zebra keepers'], [], []]);
  assert.deepEqual([await apps('zebra'), await apps('_ebra')], [['Zebra app'], []]);
});

test('apps are filtered by status, id and name', async () => {
  const asleep = await api.ok('POST', '/api/v1/apps?activate=false', appBody(), 200);
  const filtered = async (filter) => api.ok('GET', `/api/v1/apps?filter=${encodeURIComponent(filter)}`);
  assert.deepEqual((await filtered('status eq "INACTIVE"')).map((app) => app.id), [asleep.id]);
  assert.deepEqual((await filtered(`id eq "${asleep.id}"`)).map((app) => app.id), [asleep.id]);
  assert.ok((await filtered('name eq "oidc_client"')).some((app) => app.id === asleep.id));
  assert.deepEqual(await filtered('name eq "bookmark"'), []);
  for (const filter of ['', 'status', 'status eq', 'status eq INACTIVE', 'STATUS eq "ACTIVE"', 'status like "A"', '('.repeat(3000)]) {
    if (filter) refused(await api.get(`/api/v1/apps?filter=${encodeURIComponent(filter)}`), 400, 'E0000031', /^Invalid search criteria\./);
  }
});

test('a limit beyond the greatest is the greatest, and the last page has no next', async () => {
  const reply = await api.get(`${servers}?limit=5000`);
  assert.equal(reply.status, 200);
  assert.equal(reply.next, undefined);
  assert.equal(reply.self, `${server.origin}${servers}?limit=5000`);
});

test('apps without a limit of their own may be asked for with -1, as Okta documents it', async () => {
  assert.equal((await api.get('/api/v1/apps?limit=-1')).status, 200);
});

test('two hundred is the page of servers scopes when nothing is said', async () => {
  const place = await makeAuthorizationServer(api, { rule: null, scopes: [] });
  await inParallel([...Array(200).keys()], 8, (index) => api.ok('POST', `${place.path}/scopes`, scopeBody(`s${index}`), 201));
  const first = await api.get(`${place.path}/scopes`);
  assert.equal(first.json.length, 200);
  assert.ok(first.next);
  const second = await api.get(first.next);
  assert.equal(second.json.length, 7);
  assert.equal(second.next, undefined);
  assert.equal(new Set([...first.json, ...second.json].map((scope) => scope.id)).size, 207);
});

test('who pages while others create and delete sees everything that stayed, once', async () => {
  const place = await makeAuthorizationServer(api, { rule: null, scopes: [] });
  const stay = await inParallel([...Array(40).keys()], 4, (index) => api.ok('POST', `${place.path}/scopes`, scopeBody(`stay${index}`), 201));
  let isOver = false;
  const churn = (async () => {
    for (let round = 0; !isOver; round++) {
      const scope = await api.ok('POST', `${place.path}/scopes`, scopeBody(`come${round}`), 201);
      await api.ok('DELETE', `${place.path}/scopes/${scope.id}`);
    }
  })();
  for (let round = 0; round < 5; round++) {
    const seen = (await api.all(`${place.path}/scopes?limit=3`)).map((scope) => scope.id);
    assert.equal(new Set(seen).size, seen.length, 'nothing twice');
    assert.deepEqual(stay.filter((scope) => !seen.includes(scope.id)), []);
  }
  isOver = true;
  await churn;
});

test('a cursor goes on even when the thing it stands on was deleted', async () => {
  const place = await makeAuthorizationServer(api, { rule: null, scopes: ['a', 'b', 'c', 'd'] });
  const first = await api.get(`${place.path}/scopes?limit=8`);
  const last = first.json.at(-1);
  await api.ok('DELETE', `${place.path}/scopes/${last.id}`);
  const rest = await api.get(first.next);
  assert.equal(rest.status, 200, rest.text);
  const all = [...first.json, ...rest.json].map((scope) => scope.name);
  assert.deepEqual(all.slice(7), ['a', 'b', 'c', 'd']);
});

test('secrets of clients never stand in a list of apps', async () => {
  const service = await makeService(api);
  for (const path of ['/api/v1/apps?limit=200', `/api/v1/apps/${service.id}`]) assert.ok(!(await api.get(path)).text.includes(service.secret), path);
});
