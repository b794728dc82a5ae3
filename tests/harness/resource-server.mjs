// What tests of resource servers share: an issuer with a service and a place for its tokens, and one token of an hour ago.
import { client } from './api.mjs';
import { clockAsItIs, clockShifted } from './clock.mjs';
import { grant, makeAuthorizationServer, makeService } from './objects.mjs';
import { without } from './peer.mjs';
import { startServer } from './server.mjs';
import { freePort } from './wait.mjs';

/**
 * Starts an issuer whose service took a token of five minutes an hour ago: that one is `expired` by everybody's clock.
 * Without the program that shifts clocks there is none. `at` says the same of another of its authorization servers as the answer says of its `place`.
 */
export async function startIssuer({ baseUrl = (port) => `http://localhost:${port}` } = {}) {
  const port = await freePort();
  const server = await startServer({
    listen: `127.0.0.1:${port}`, args: ['--base-url', baseUrl(port)], env: without ? {} : clockShifted('-1h'),
  });
  const origin = `http://127.0.0.1:${port}`;
  const api = client(origin, server.api.token);
  const service = await makeService(api);
  const place = await makeAuthorizationServer(api, { rule: { token: { accessTokenLifetimeMinutes: 5 } } });
  const at = (place) => ({
    issuer: `${baseUrl(port)}/oauth2/${place.id}`,
    endpoint: (name) => `${origin}/oauth2/${place.id}/v1/${name}`,
    jwks: async () => (await api.get(`/oauth2/${place.id}/v1/keys`)).json,
    rotate: () => api.ok('POST', `${place.path}/credentials/lifecycle/keyRotate`, { use: 'sig' }, 200),
    take: async () => {
      const reply = await grant(origin, place.id, service, 'read');
      if (reply.status !== 200) throw new Error(`no token: ${reply.status} ${reply.text}`);
      return reply.json.access_token;
    },
  });
  const expired = without ? null : await at(place).take();
  if (expired) await server.restart({ env: clockAsItIs });
  return { server, origin, api, service, place, expired, at, ...at(place) };
}
