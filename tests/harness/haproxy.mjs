// HAProxy before an API. It reads public keys from files, at its start: an operator's job writes a file for each published key and
// reloads. The key that will sign next is published long before it signs, so the job may come any time in between.
import { createPublicKey } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { newFolder, programNamed, startPeer } from './peer.mjs';
import { freePort, until } from './wait.mjs';

/** Starts HAProxy with the keys of `jwks`, letting tokens of an issuer pass that are meant for an audience. */
export async function startHaproxy({ issuer, audience, jwks, api }) {
  const program = programNamed('haproxy');
  const folder = await newFolder();
  const port = await freePort();
  const write = (keys) => {
    const signed = keys.map((jwk) => {
      const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
      const file = folder.write(`${jwk.kid}.pem`, pem);
      const named = `{ var(txn.kid) -m str -- ${jwk.kid} } { var(txn.alg) -m str ${jwk.alg} }`;
      return `http-request set-var(txn.signed) var(txn.token),jwt_verify(${jwk.alg},"${file}") if ${named}`;
    });
    return folder.write('haproxy.cfg', `
global
  maxconn 500
  hard-stop-after 10s

defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s

frontend api
  bind 127.0.0.1:${port}
  http-request set-var(txn.token) http_auth_bearer
  http-request set-var(txn.kid) var(txn.token),jwt_header_query('$.kid')
  http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
  http-request set-var(txn.now) date()
  ${signed.join('\n  ')}
  http-request deny deny_status 401 unless { var(txn.signed) -m int 1 }
  http-request deny deny_status 401 unless { var(txn.token),jwt_payload_query('$.iss') -m str ${issuer} }
  http-request deny deny_status 401 unless { var(txn.token),jwt_payload_query('$.aud') -m str ${audience} }
  http-request deny deny_status 401 unless { var(txn.token),jwt_payload_query('$.exp','int'),sub(txn.now) -m int gt 0 }
  http-request set-header x-client %[var(txn.token),jwt_payload_query('$.cid')]
  default_backend api

backend api
  server api 127.0.0.1:${api.port}
`);
  };
  const kids = (keys) => keys.map((key) => key.kid).sort().join(' ');
  const first = (await jwks()).keys;
  const configuration = write(first);
  let known = kids(first);
  const control = join(folder.path, 'master.sock');
  const peer = await startPeer(program, ['-W', '-db', '-f', configuration, '-S', control], { folder, ports: [port] });

  /** What an operator's job does every now and then: writes the published keys, and reloads if they are others than before. */
  const followKeys = async () => {
    const { keys } = await jwks();
    if (kids(keys) === known) return false;
    write(keys);
    const [before] = await until(async () => {
      const now = workers(await say(control, 'show proc'));
      return now.length > 0 && now;
    }, 'HAProxy to say who works');
    let asked = 0;
    await until(async () => {
      if (Date.now() - asked > 2_000) { // a signal is lost while the last reload is still at work
        peer.child.kill('SIGUSR2');
        asked = Date.now();
      }
      const now = workers(await say(control, 'show proc').catch(() => '')); // the socket is made anew, too
      return now.length === 1 && now[0] !== before;
    }, `HAProxy to reload; it said: ${peer.said}`, 20_000);
    known = kids(keys);
    return true;
  };
  return Object.assign(peer, { port, followKeys });
}

/** The process ids of its workers, those that are about to leave included. */
const workers = (processes) => [...processes.matchAll(/^(\d+)\s+worker\b/gm)].map(([, pid]) => pid);

function say(control, command) {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(control, () => socket.end(`${command}\n`));
    socket.setTimeout(5_000, () => socket.destroy(new Error('HAProxy does not answer')));
    socket.setEncoding('utf8').on('data', (text) => { answer += text; }).on('error', reject).on('close', () => resolve(answer));
  });
}
