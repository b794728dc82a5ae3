// Apache before an API: one port for each way of verifying a token.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { newFolder, programNamed, startPeer } from './peer.mjs';
import { freePort } from './wait.mjs';

const modules = '/usr/lib/apache2/modules';
const loaded = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'proxy', 'proxy_http', 'oauth2'];

/** Starts Apache; `ways` says what stands in each gate, by name. The answer's `ports` have the same names. */
export async function startApache(ways, api) {
  const program = programNamed('apache2', 'httpd');
  if (!existsSync(join(modules, 'mod_oauth2.so'))) throw new Error(`mod_oauth2 is not installed in ${modules}`);
  const folder = await newFolder();
  const ports = Object.fromEntries(await Promise.all(Object.keys(ways).map(async (name) => [name, await freePort()])));
  const gate = ([name, lines]) => `
Listen 127.0.0.1:${ports[name]}
<VirtualHost 127.0.0.1:${ports[name]}>
  <Location "/">
    AuthType oauth2
    ${lines.join('\n    ')}
    ProxyPass "http://127.0.0.1:${api.port}/"
  </Location>
</VirtualHost>`;
  const configuration = folder.write('apache.conf', `
ServerName localhost
ServerRoot "${folder.path}"
DefaultRuntimeDir "${folder.path}"
PidFile "${folder.path}/apache.pid"
ErrorLog "${folder.path}/error.log"
LogLevel warn
Mutex pthread
StartServers 1
ServerLimit 2
ThreadsPerChild 32
MaxRequestWorkers 64
${loaded.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join('\n')}
${Object.entries(ways).map(gate).join('\n')}
`);
  const peer = await startPeer(program, ['-f', configuration, '-D', 'FOREGROUND'], { folder, ports: Object.values(ports) });
  return Object.assign(peer, { ports, log: join(folder.path, 'error.log') });
}

/** A gate that verifies tokens with the keys that the issuer publishes, and asks for them again at a key that it does not know. */
export const keysGate = ({ issuer, endpoint }, audience, options = '') => [
  `OAuth2TokenVerify jwks_uri ${endpoint('keys')} verify.exp=required${options}`,
  '<RequireAll>',
  `  Require oauth2_claim iss:${issuer}`,
  `  Require oauth2_claim aud:${audience}`,
  '</RequireAll>',
];

/** As `keysGate`, but it keeps keys for so many seconds only and verifies each time, so that a revoked key does not last. */
export const forgetfulGate = (issuer, audience, seconds) => [
  'OAuth2Cache shm name=forgetful',
  ...keysGate(issuer, audience, `&expiry=0&cache=forgetful&jwks_uri.expiry=${seconds}&jwks_uri.cache=forgetful`),
];

/** A gate that asks about each token, as a client of its own. Another gate's cache would say what was true there and then. */
export const askingGate = ({ issuer, endpoint }, { id, secret }) => [
  'OAuth2Cache shm name=asking',
  `OAuth2TokenVerify introspect ${endpoint('introspect')} `
    + `introspect.auth=client_secret_basic&client_id=${id}&client_secret=${secret}&cache=asking&expiry=0`,
  `Require oauth2_claim iss:${issuer}`,
];
