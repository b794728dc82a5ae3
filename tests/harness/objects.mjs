// Bodies that many tests send, and the shortest way to a service that gets tokens.
import assert from 'node:assert/strict';
import { askToken, basic } from './api.mjs';

const servers = '/api/v1/authorizationServers';
let counter = 0;

/** A name that no other test of this process uses. */
export const unique = (word) => `${word} ${process.pid}-${++counter}`;

export const serverBody = (more = {}) => ({
  name: unique('server'), description: 'made by a test', audiences: ['api://tests'], ...more,
});

export const policyBody = (more = {}) => ({
  type: 'OAUTH_AUTHORIZATION_POLICY', status: 'ACTIVE', name: unique('policy'), description: 'made by a test', priority: 1,
  conditions: { clients: { include: ['ALL_CLIENTS'] } }, ...more,
});

/** A rule for services; `conditions` replaces single conditions, `token` single lifetimes. */
export const ruleBody = ({ conditions = {}, token = {}, ...more } = {}) => ({
  type: 'RESOURCE_ACCESS', status: 'ACTIVE', name: unique('rule'), priority: 1,
  conditions: {
    people: { users: { include: [], exclude: [] }, groups: { include: ['EVERYONE'], exclude: [] } },
    grantTypes: { include: ['client_credentials'] }, scopes: { include: ['*'] }, ...conditions,
  },
  actions: {
    token: {
      accessTokenLifetimeMinutes: 60, refreshTokenLifetimeMinutes: 0, refreshTokenWindowMinutes: 10080, ...token,
    },
  },
  ...more,
});

export const scopeBody = (name, more = {}) => ({ name, ...more });

export const claimBody = (name, value, more = {}) => ({
  name, status: 'ACTIVE', claimType: 'RESOURCE', valueType: 'EXPRESSION', value, alwaysIncludeInToken: true,
  conditions: { scopes: [] }, ...more,
});

export const appBody = ({ credentials = {}, client = {}, settings = {}, ...more } = {}) => ({
  name: 'oidc_client', label: unique('app'), signOnMode: 'OPENID_CONNECT',
  credentials: { oauthClient: { token_endpoint_auth_method: 'client_secret_basic', ...credentials } },
  settings: {
    oauthClient: {
      application_type: 'service', grant_types: ['client_credentials'], response_types: ['token'], ...client,
    },
    ...settings,
  },
  ...more,
});

/** Creates a service app; answers with its id, secret and whole JSON. */
export async function makeService(api, more = {}) {
  const app = await api.ok('POST', '/api/v1/apps', appBody(more), 200);
  return { id: app.id, secret: app.credentials.oauthClient.client_secret, app };
}

/** Creates an authorization server with scopes and, unless `rule` is null, one policy with one rule. */
export async function makeAuthorizationServer(api, { scopes = ['read'], rule = {}, policy = {}, ...more } = {}) {
  const server = await api.ok('POST', servers, serverBody(more), 201);
  const path = `${servers}/${server.id}`;
  for (const scope of scopes) {
    await api.ok('POST', `${path}/scopes`, typeof scope === 'string' ? scopeBody(scope) : scope, 201);
  }
  if (rule === null) return { id: server.id, path, server };
  const madePolicy = await api.ok('POST', `${path}/policies`, policyBody(policy), 201);
  const policyPath = `${path}/policies/${madePolicy.id}`;
  const madeRule = await api.ok('POST', `${policyPath}/rules`, ruleBody(rule), 201);
  return {
    id: server.id, path, server, policy: madePolicy, policyPath, rule: madeRule,
    rulePath: `${policyPath}/rules/${madeRule.id}`,
  };
}

/** Asks for a token as a service does. */
export function grant(origin, server, service, scope, more = {}) {
  const form = { grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }), ...more };
  return askToken(origin, server, form, { authorization: basic(service.id, service.secret) });
}

/** The access token that a service gets. */
export async function accessToken(origin, server, service, scope = 'read') {
  const reply = await grant(origin, server, service, scope);
  assert.equal(reply.status, 200, reply.text);
  return reply.json.access_token;
}
