// The order of policies and rules: unique, from 1 without gaps, whoever moves what at the same time.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { claimBody, makeAuthorizationServer, policyBody, ruleBody, scopeBody } from '../harness/objects.mjs';
import { startServer } from '../harness/server.mjs';
import { inParallel } from '../harness/wait.mjs';

let server, api;
before(async () => {
  server = await startServer();
  api = server.api;
});
after(() => server?.stop());

const names = (list) => list.map((each) => each.name);
const inOrder = (list) => {
  assert.deepEqual(list.map((each) => each.priority), list.map((_, index) => index + 1), 'priorities are 1, 2, 3 … in the order of the list');
  return names(list);
};

/** Policies and rules move by the same law: a list, and how to make and change its items. */
async function ordered(kind) {
  const place = await makeAuthorizationServer(api, { rule: null });
  const policies = `${place.path}/policies`;
  let path = policies;
  if (kind === 'rules') path = `${policies}/${(await api.ok('POST', policies, policyBody(), 201)).id}/rules`;
  const body = kind === 'rules' ? ruleBody : policyBody;
  return {
    path,
    create: (name, priority) => api.ok('POST', path, body({ name, priority }), 201),
    move: (item, priority) => api.ok('PUT', `${path}/${item.id}`, body({ name: item.name, priority })),
    remove: (item) => api.ok('DELETE', `${path}/${item.id}`),
    list: async () => inOrder(await api.ok('GET', path)),
  };
}

for (const kind of ['policies', 'rules']) {
  test(`${kind} created at the top, in the middle, at the end and beyond it find their places`, async () => {
    const { create, list } = await ordered(kind);
    assert.equal((await create('a', 1)).priority, 1);
    assert.equal((await create('b', 1)).priority, 1);
    assert.deepEqual(await list(), ['b', 'a']);
    assert.equal((await create('c', 2)).priority, 2);
    assert.deepEqual(await list(), ['b', 'c', 'a']);
    assert.equal((await create('d', 4)).priority, 4);
    assert.deepEqual(await list(), ['b', 'c', 'a', 'd']);
    assert.equal((await create('e', 99)).priority, 5);
    assert.deepEqual(await list(), ['b', 'c', 'a', 'd', 'e']);
  });

  test(`${kind} move up and down, and the others make room`, async () => {
    const { create, move, list } = await ordered(kind);
    const [a, b, c, d] = [await create('a', 1), await create('b', 2), await create('c', 3), await create('d', 4)];
    assert.equal((await move(d, 1)).priority, 1);
    assert.deepEqual(await list(), ['d', 'a', 'b', 'c']);
    await move(d, 3);
    assert.deepEqual(await list(), ['a', 'b', 'd', 'c']);
    assert.equal((await move(a, 50)).priority, 4);
    assert.deepEqual(await list(), ['b', 'd', 'c', 'a']);
    await move(c, 3);
    await move(b, 1);
    assert.deepEqual(await list(), ['b', 'd', 'c', 'a']);
  });

  test(`${kind} close up when one is deleted`, async () => {
    const { create, remove, list } = await ordered(kind);
    const [a, b, c] = [await create('a', 1), await create('b', 2), await create('c', 3)];
    await remove(b);
    assert.deepEqual(await list(), ['a', 'c']);
    await remove(a);
    assert.deepEqual(await list(), ['c']);
    await remove(c);
    assert.deepEqual(await list(), []);
  });

  test(`sixteen writers who create, move and delete ${kind} at once leave a whole order`, async () => {
    const { create, move, remove, list, path } = await ordered(kind);
    const kept = [];
    await inParallel([...Array(16).keys()], 16, async (writer) => {
      const mine = [];
      for (let round = 0; round < 3; round++) mine.push(await create(`w${writer} r${round}`, 1 + ((writer * 7 + round) % 5)));
      for (const item of mine) await move(item, 1 + ((writer * 3) % 11));
      await remove(mine[1]);
      kept.push(mine[0].name, mine[2].name);
    });
    assert.deepEqual((await list()).sort(), kept.sort());
    for (const item of await api.ok('GET', path)) assert.equal(JSON.stringify(await api.ok('GET', `${path}/${item.id}`)), JSON.stringify(item));
  });
}

test('a single rule that is put at priority 2 comes back with 1', async () => {
  const { create, move } = await ordered('rules');
  const rule = await create('only', 1);
  assert.equal((await move(rule, 2)).priority, 1);
});

test('the default rule of the default policy stays last, whatever is created beside it or asked of it', async () => {
  const policies = '/api/v1/authorizationServers/default/policies';
  const [policy] = await api.ok('GET', policies);
  const rules = `${policies}/${policy.id}/rules`;
  const [last] = await api.ok('GET', rules);
  const beyond = await api.ok('POST', rules, ruleBody({ name: 'beyond', priority: 99 }), 201);
  assert.equal(beyond.priority, 1);
  await api.ok('POST', rules, ruleBody({ name: 'second', priority: 2 }), 201);
  assert.deepEqual(inOrder(await api.ok('GET', rules)), ['beyond', 'second', 'Default Policy Rule']);
  await api.ok('PUT', `${rules}/${last.id}`, { ...last, priority: 1 });
  assert.deepEqual(inOrder(await api.ok('GET', rules)), ['beyond', 'second', 'Default Policy Rule']);
  await api.ok('PUT', `${rules}/${beyond.id}`, ruleBody({ name: 'beyond', priority: 3 }));
  assert.deepEqual(inOrder(await api.ok('GET', rules)), ['second', 'beyond', 'Default Policy Rule']);
});

test('a lifecycle keeps the place of a policy', async () => {
  const { create, list, path } = await ordered('policies');
  const [, b] = [await create('a', 1), await create('b', 2), await create('c', 3)];
  await api.ok('POST', `${path}/${b.id}/lifecycle/deactivate`, null, 204);
  assert.deepEqual(await list(), ['a', 'b', 'c']);
});

test('a body without a priority leaves a policy where it is, or puts a new one at the end', async () => {
  const { create, list, path } = await ordered('policies');
  const [a] = [await create('a', 1), await create('b', 2)];
  const made = await api.ok('POST', path, { ...policyBody({ name: 'c' }), priority: undefined }, 201);
  assert.equal(made.priority, 3);
  await api.ok('PUT', `${path}/${a.id}`, { ...policyBody({ name: 'a' }), priority: undefined });
  assert.deepEqual(await list(), ['a', 'b', 'c']);
});

test('sixteen writers of everything about one server at once lose nothing', async () => {
  const place = await makeAuthorizationServer(api);
  const made = await inParallel([...Array(16).keys()], 16, async (writer) => {
    const scope = await api.ok('POST', `${place.path}/scopes`, scopeBody(`scope-${writer}`, { description: `of ${writer}` }), 201);
    const claim = await api.ok('POST', `${place.path}/claims`, claimBody(`claim_${writer}`, `${writer}`, { conditions: { scopes: [scope.name] } }), 201);
    const policy = await api.ok('POST', `${place.path}/policies`, policyBody({ name: `policy ${writer}`, priority: 1 + (writer % 4) }), 201);
    const rule = await api.ok('POST', `${place.path}/policies/${policy.id}/rules`, ruleBody({ name: `rule ${writer}`, conditions: { scopes: { include: [scope.name] } } }), 201);
    await api.ok('PUT', `${place.path}/policies/${policy.id}`, policyBody({ name: `policy ${writer}`, description: `moved by ${writer}`, priority: 17 - writer }));
    await api.ok('PUT', `${place.path}/scopes/${scope.id}`, scopeBody(scope.name, { description: `changed by ${writer}`, consent: 'FLEXIBLE', metadataPublish: 'NO_CLIENTS' }));
    return { scope, claim, policy, rule };
  });
  assert.equal(inOrder(await api.ok('GET', `${place.path}/policies`)).length, 17);
  await inParallel(made, 4, async ({ scope, claim, policy, rule }, writer) => {
    assert.equal((await api.ok('GET', `${place.path}/scopes/${scope.id}`)).description, `changed by ${writer}`);
    assert.deepEqual(await api.ok('GET', `${place.path}/claims/${claim.id}`), claim);
    assert.equal((await api.ok('GET', `${place.path}/policies/${policy.id}`)).description, `moved by ${writer}`);
    assert.deepEqual(await api.ok('GET', `${place.path}/policies/${policy.id}/rules/${rule.id}`), rule);
  });
  assert.equal((await api.all(`${place.path}/scopes?limit=5`)).length, 7 + 1 + 16);
});

test('of sixteen who create the same scope at once, one succeeds and the others hear that it is there', async () => {
  const place = await makeAuthorizationServer(api, { scopes: [] });
  const replies = await Promise.all(Array.from({ length: 16 }, () => api.post(`${place.path}/scopes`, scopeBody('same'))));
  assert.deepEqual(replies.map((reply) => reply.status).sort(), [201, ...Array(15).fill(400)]);
  assert.equal((await api.ok('GET', `${place.path}/scopes?q=same`)).length, 1);
});
