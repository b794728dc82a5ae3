// What tests say about replies: exact JSON with its key order, Okta's error object, OAuth's error.
import assert from 'node:assert/strict';

/** Matchers that may stand in an expected value. */
export const time = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time with milliseconds');
export const keyId = matching(/^[A-Za-z0-9_-]{43}$/, 'a key id');
export const id = (prefix) => matching(new RegExp(`^${prefix}[0-9A-Za-z]{${20 - prefix.length}}$`), `an id ${prefix}…`);

export function matching(pattern, says = String(pattern)) {
  return Object.assign((value) => typeof value === 'string' && pattern.test(value), { says });
}

/** Fails unless `actual` is `expected` with every key in the same order. Functions in `expected` judge their place. */
export function sameJson(actual, expected, path = '$') {
  const fail = (why) => assert.fail(`${path}: ${why}`);
  if (typeof expected === 'function') {
    if (!expected(actual)) fail(`${JSON.stringify(actual)} is not ${expected.says}`);
  } else if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) fail(`${JSON.stringify(actual)} is not an array`);
    if (actual.length !== expected.length) {
      fail(`${actual.length} items, not ${expected.length}: ${JSON.stringify(actual)}`);
    }
    expected.forEach((item, index) => sameJson(actual[index], item, `${path}[${index}]`));
  } else if (expected && typeof expected === 'object') {
    if (!actual || typeof actual !== 'object' || Array.isArray(actual)) fail(`${JSON.stringify(actual)} is not an object`);
    assert.deepEqual(Object.keys(actual), Object.keys(expected), `${path}: keys`);
    for (const key of Object.keys(expected)) sameJson(actual[key], expected[key], `${path}.${key}`);
  } else if (actual !== expected) {
    fail(`${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
  }
}

/** Fails unless the reply is Okta's error object with this status and code. `about` must match summary and causes. */
export function refused(reply, status, code, about) {
  const seen = `${reply.status} ${reply.text}`;
  assert.equal(reply.status, status, seen);
  assert.deepEqual(Object.keys(reply.json ?? {}), ['errorCode', 'errorSummary', 'errorLink', 'errorId', 'errorCauses'], seen);
  assert.equal(reply.json.errorCode, code, seen);
  assert.equal(reply.json.errorLink, code, seen);
  assert.match(reply.json.errorId, /^oae[A-Za-z0-9_-]{8,}$/, seen);
  assert.match(reply.headers['content-type'], /^application\/json/, seen);
  const said = [reply.json.errorSummary, ...reply.json.errorCauses.map((cause) => cause.errorSummary)].join('\n');
  if (about instanceof RegExp) assert.match(said, about);
  else if (about !== undefined) assert.equal(reply.json.errorSummary, about, seen);
  if (code === 'E0000001') assert.ok(reply.json.errorCauses.length > 0, `no cause says what to change: ${seen}`);
}

/** Fails unless the reply is OAuth's error. */
export function refusedByOauth(reply, status, error, description) {
  const seen = `${reply.status} ${reply.text}`;
  assert.equal(reply.status, status, seen);
  assert.deepEqual(Object.keys(reply.json ?? {}), ['error', 'error_description'], seen);
  assert.equal(reply.json.error, error, seen);
  if (description instanceof RegExp) assert.match(reply.json.error_description, description);
  else if (description !== undefined) assert.equal(reply.json.error_description, description);
}
