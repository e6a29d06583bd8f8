/**
 * A server that knows some ordinary users by token: `user-1` with the token `token-of-user-1`, and
 * so on.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiClient } from './api-client.ts';
import type { ProcessServer, TestServer } from './server.ts';
import { spawnServer, startServer } from './server.ts';

interface Users {
  /** One client each, closed with the server. */
  as(user: string): ApiClient;
}

export interface ServerWithUsers extends TestServer, Users {}

const users = ['user-1', 'user-2', 'user-3', 'provider', 'consumer'];

async function withUsers<Server extends TestServer>(
  start: (options: { readonly flags: readonly string[] }) => Promise<Server>,
): Promise<Server & Users> {
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-users-'));
  const file = join(folder, 'tokens.csv');
  await writeFile(file, users.map((user) => `token-of-${user},${user},uid-of-${user},"team"\n`).join(''));
  const server = await start({ flags: ['--token-auth-file', file] });
  const clients = new Map<string, ApiClient>();
  return {
    ...server,
    as(user) {
      const client = clients.get(user) ?? server.client({ token: `token-of-${user}` });
      clients.set(user, client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients.values()) await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** In this process. */
export function startServerWithUsers(): Promise<ServerWithUsers> {
  return withUsers(startServer);
}

/** In a process of its own. */
export function spawnServerWithUsers(): Promise<ProcessServer & Users> {
  return withUsers(spawnServer);
}
