// A small client: a request, and its reply with status, headers and JSON.

/** A client of one origin that sends one token. */
export function client(origin, token) {
  const send = async (method, path, body, headers = {}) => {
    const sent = { accept: 'application/json', ...headers };
    if (token && !('authorization' in sent)) sent.authorization = `SSWS ${token}`;
    for (const name of Object.keys(sent)) if (sent[name] === null) delete sent[name];
    let payload;
    if (body !== undefined && body !== null) {
      payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
      if (!('content-type' in headers)) sent['content-type'] = 'application/json';
    }
    const url = path.startsWith('http') ? path : origin + path;
    const reply = await fetch(url, { method, headers: sent, body: payload, redirect: 'manual' });
    return read(reply);
  };
  return {
    origin,
    token,
    send,
    get: (path, headers) => send('GET', path, null, headers),
    post: (path, body, headers) => send('POST', path, body, headers),
    put: (path, body, headers) => send('PUT', path, body, headers),
    delete: (path, headers) => send('DELETE', path, null, headers),
    /** Sends, and fails unless the status is the one expected; answers with the JSON. */
    async ok(method, path, body, status) {
      const reply = await send(method, path, body);
      const expected = status ?? { GET: 200, PUT: 200, DELETE: 204 }[method];
      if (expected ? reply.status !== expected : reply.status >= 300) {
        throw new Error(`${method} ${path}: ${reply.status}, not ${expected ?? '2xx'}: ${reply.text}`);
      }
      return reply.json;
    },
    /** Every item of a list, page by page. */
    async all(path) {
      const items = [];
      for (let next = path; next;) {
        const page = await this.get(next);
        if (page.status !== 200) throw new Error(`GET ${next}: ${page.status}: ${page.text}`);
        items.push(...page.json);
        next = page.next;
      }
      return items;
    },
  };
}

async function read(reply) {
  const text = await reply.text();
  const headers = Object.fromEntries(reply.headers);
  const links = [...(headers.link ?? '').matchAll(/<([^>]*)>; rel="([^"]*)"/g)];
  let json;
  try { json = text ? JSON.parse(text) : undefined; } catch { json = undefined; }
  return {
    status: reply.status, headers, text, json,
    self: links.find((link) => link[2] === 'self')?.[1],
    next: links.find((link) => link[2] === 'next')?.[1],
  };
}

/** `Authorization: Basic` of a client. */
export function basic(id, secret) {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

/** Asks the token endpoint of a server; `form` may be pairs, so that a name can stand twice. */
export function askToken(origin, server, form, headers) {
  return askOauth(origin, server, 'token', form, headers);
}

/** Sends a form to an OAuth endpoint of a server. */
export async function askOauth(origin, server, endpoint, form, headers = {}) {
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
  return client(origin).send('POST', `/oauth2/${server}/v1/${endpoint}`, body, {
    'content-type': 'application/x-www-form-urlencoded', ...headers,
  });
}
