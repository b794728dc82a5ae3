// The worked examples of docs/guides/: their pages are followed on a running server and tested there, as they are tested
// without one; and a refusal that is explained afterwards.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { askToken, basic } from '../harness/api.mjs';
import { makeService } from '../harness/objects.mjs';
import { binary, suite } from '../harness/paths.mjs';
import { launch, runToEnd, temporaryFolder } from '../harness/process.mjs';
import { admin, startServer } from '../harness/server.mjs';

const guides = new URL('../docs/guides', `file://${suite}`).pathname;
let server;
before(async () => { server = await startServer(); });
after(() => server?.stop());

const tokenmint = (...words) =>
  runToEnd([...words, '--url', server.origin], { TOKENMINT_API_TOKEN: admin.TOKENMINT_API_TOKEN });

/** Types the commands of a page, block by block in one shell, as whoever reads it does. */
async function follow(page) {
  const commands = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block).join('');
  const script = commands
    .replace('$PWD/target/debug', dirname(binary))
    .replace('cd docs/guides', `cd '${guides}'`)
    .replace('http://localhost:8080', server.origin)
    .replace('TOKENMINT_API_TOKEN=00…', `TOKENMINT_API_TOKEN=${admin.TOKENMINT_API_TOKEN}`)
    .replace(/^tokenmint apply /m, '$&--yes ');
  return launch([], {}, script).ended;
}

const names = readdirSync(guides).filter((name) => name.endsWith('.md')).map((name) => name.slice(0, -3));

for (const name of names) {
  test(`the page ${name} works command by command on a fresh server, passes its tests, and is not applied twice`, async () => {
    const [file, tests] = [`${guides}/${name}.yaml`, `${guides}/${name}.tests.yaml`];
    const followed = await follow(readFileSync(`${guides}/${name}.md`, 'utf8'));
    assert.match(followed.stderr, /^applied to `/, `what the page says works: ${followed.stdout}${followed.stderr}`);
    assert.doesNotMatch(followed.stdout, /errorCode|FAILED|BROKEN/, followed.stdout);
    const again = await tokenmint('apply', file, '--dry-run', '--exit-code');
    assert.equal(again.code, 0, `the second time there is nothing to do: ${again.stdout}${again.stderr}`);
    const tested = await tokenmint('test', tests, '--coverage');
    assert.equal(tested.code, 0, tested.stdout + tested.stderr);
    assert.match(tested.stdout, / 100 %\n/);
    const json = JSON.parse((await tokenmint('test', tests, '--json')).stdout);
    assert.deepEqual([json.failed, json.broken], [0, 0]);
    assert.ok(json.passed >= 5);
  });
}

test('what is exported passes the same tests without a server', async () => {
  const folder = temporaryFolder();
  const file = `${folder}/exported.yaml`;
  const exported = await tokenmint('export', 'Partner API', '-o', file);
  assert.equal(exported.code, 0, exported.stderr);
  const tests = `${guides}/partner-portal.tests.yaml`;
  const tested = await runToEnd(['test', tests, '--configuration', file, '--junit', `${folder}/results.xml`]);
  assert.equal(tested.code, 0, tested.stdout + tested.stderr);
  assert.match(readFileSync(`${folder}/results.xml`, 'utf8'), /<testsuites name="tokenmint test" tests="7" failures="0" errors="0">/);
});

test('a preview over the network is the same command', async () => {
  const shown = await tokenmint('preview', 'Fulfilment', '--client', 'Courier', '--scope', 'stock.read', '--json');
  assert.equal(shown.code, 0, shown.stderr);
  const answer = JSON.parse(shown.stdout);
  assert.equal(answer.accessToken.claims.team, 'logistics');
  assert.ok(answer.accessToken.header.kid, 'the key that would sign');
  const refused = await tokenmint('preview', 'Fulfilment', '--client', 'Courier', '--scope', 'invoices.create');
  assert.equal(refused.code, 3, refused.stderr);
  assert.match(refused.stdout, /Refused: 401 access_denied \(no_matching_policy\)/);
  const nowhere = await tokenmint('preview', 'Nowhere', '--client', 'Courier');
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /there is no authorization server `Nowhere`/);
});

test('a refusal is explained by its request id, on the configuration of its time', async () => {
  const service = await makeService(server.api);
  const refused = await askToken(server.origin, 'default',
    { grant_type: 'client_credentials', scope: 'nothing' }, { authorization: basic(service.id, service.secret) });
  assert.equal(refused.status, 400);
  const id = refused.headers['x-okta-request-id'];
  await server.api.ok('POST', '/api/v1/authorizationServers/default/scopes', { name: 'nothing' }, 201);
  const why = await server.api.ok('GET', `/api/v1/logs/${id}/explain`);
  assert.deepEqual([why.explained, why.agrees, why.error.reason], [true, true, 'no_matching_scope']);
  await server.restart();
  const later = await server.api.ok('GET', `/api/v1/logs/${why.event.uuid}/explain`);
  assert.deepEqual(later.trace, why.trace);
});
