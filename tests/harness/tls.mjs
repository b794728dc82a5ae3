// A request over TLS to a server whose CA is at hand.
import { request } from 'node:https';

/** Posts a text; answers with the status and the JSON. A server that the CA does not vouch for is an error. */
export function postOverTls(url, body, { ca, headers }) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', ca, agent: false, headers }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (part) => { text += part; }).on('error', reject);
      reply.on('end', () => resolve({ status: reply.statusCode, text, json: JSON.parse(text) }));
    });
    asked.once('error', reject);
    asked.end(body);
  });
}
