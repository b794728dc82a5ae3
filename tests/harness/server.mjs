// A whole server for a test file: a process on a fresh home, an administrator's client, and restarts.
import { client } from './api.mjs';
import { end, newHome, serve } from './process.mjs';

export const admin = {
  TOKENMINT_ADMIN_LOGIN: 'root@example.test',
  TOKENMINT_ADMIN_PASSWORD: 'correct horse battery staple',
  TOKENMINT_API_TOKEN: '00black-box-tests-and-nothing-else-use-it1',
};

/** Starts a server with a known administrator. Its `api` is that administrator's client. */
export async function startServer({ home, ...options } = {}) {
  const place = home ?? await newHome();
  const server = { home: place };
  server.start = async (more = {}) => {
    const env = { ...admin, ...options.env, ...more.env };
    const said = await serve(place, { ...options, ...more, env });
    server.said = said;
    server.origin = said.origin;
    server.api = client(said.origin, env.TOKENMINT_API_TOKEN);
    return server;
  };
  server.stop = (signal) => end(server.said, signal);
  server.restart = async (more) => {
    await server.stop();
    return server.start(more);
  };
  return server.start();
}
