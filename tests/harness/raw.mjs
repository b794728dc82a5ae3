// Requests byte by byte, and replies with every header line as it came.
import { connect } from 'node:net';

/** Sends bytes to an origin; answers when the server closes or a whole reply has come. */
export function exchange(origin, bytes, { milliseconds = 10_000 } = {}) {
  const { port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes));
    const chunks = [];
    const finish = () => { socket.destroy(); resolve(parse(Buffer.concat(chunks).toString('latin1'))); };
    socket.setTimeout(milliseconds, () => { socket.destroy(); reject(new Error('no whole reply in time')); });
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (isWhole(Buffer.concat(chunks).toString('latin1'))) finish();
    });
    socket.on('end', finish);
    socket.on('error', reject);
  });
}

/** A request's text from its lines; `body` adds its own length. */
export function request(lines, body = '') {
  const length = body ? [`Content-Length: ${Buffer.byteLength(body)}`] : [];
  return `${[...lines, ...length].join('\r\n')}\r\n\r\n${body}`;
}

function isWhole(text) {
  const reply = parse(text);
  return reply.status && reply.length !== undefined && reply.body.length >= reply.length;
}

function parse(text) {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = (end < 0 ? text : text.slice(0, end)).split('\r\n');
  const headers = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
  const all = (name) => headers.filter(([key]) => key === name).map(([, value]) => value);
  const status = Number(first.split(' ')[1]);
  const length = end < 0 ? undefined : Number(all('content-length')[0] ?? (status === 204 ? 0 : NaN));
  return { status, headers, all, length, body: end < 0 ? '' : text.slice(end + 4) };
}
