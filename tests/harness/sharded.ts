/**
 * Three shards behind a front-proxy, with clients of all sorts: people by token or certificate, and
 * system:masters straight at each shard.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '@kcp-ts/kcp-ts';
import { missingProgram, readTestAuthority } from '@kcp-ts/testing';
import { afterAll, beforeAll } from 'vitest';
import type { ApiClient } from './api-client.ts';
import { createApiClient } from './api-client.ts';
import { startTestCluster } from './cluster.ts';
import type { MadeWorkspace } from './objects.ts';
import { makeWorkspace } from './objects.ts';

/** Why tests with several shards cannot run here; undefined where they can. */
export const missing = missingProgram('etcd') ?? missingProgram('natsServer');

if (missing !== undefined) console.warn(`skipped: ${missing}`);

export const shardNames = ['root', 'shard-1', 'shard-2'] as const;
export type ShardName = (typeof shardNames)[number];

const users = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'] as const;
export type User = (typeof users)[number];

export interface Sharded extends AsyncDisposable {
  readonly cluster: Cluster;
  /** The administrator, through the front-proxy. */
  readonly admin: ApiClient;
  /** system:masters, through the front-proxy. */
  readonly masters: ApiClient;
  /** system:masters, straight at a shard. */
  shard(name: ShardName): ApiClient;
  /** Somebody ordinary, by token. */
  as(user: User): ApiClient;
  /** Somebody by a certificate, at the front-proxy or straight at a part. */
  withCertificate(subject: string, url?: string): Promise<ApiClient>;
  /** Through the front-proxy or straight at a part; closed with the installation. */
  client(
    credentials: { readonly token?: string; readonly cert?: string; readonly key?: string },
    url?: string,
  ): ApiClient;
  /** A universal workspace below root, or another parent, on that shard. */
  workspace(name: string, shard: ShardName, parent?: string): Promise<MadeWorkspace>;
}

export const universal = { type: { path: 'root', name: 'universal' } };

/** The spec of a universal workspace on that shard. */
export const onShard = (name: string) => ({ ...universal, location: { selector: { matchLabels: { name } } } });

export function portUrl(cluster: Cluster, part: string): string {
  return `https://127.0.0.1:${cluster.part(part).part.port}`;
}

async function startSharded(): Promise<Sharded> {
  const tokens = users.map((user) => `token-of-${user},${user},uid-of-${user},"team"`);
  const cluster = await startTestCluster({ tokens });
  const { ca } = cluster;
  const clients: ApiClient[] = [];
  const client: Sharded['client'] = (credentials, url = cluster.url) => {
    const made = createApiClient({ url, ca, ...credentials });
    clients.push(made);
    return made;
  };
  const token = cluster.tokens['shard-admin'];
  const shards = new Map(shardNames.map((name) => [name, client({ token }, portUrl(cluster, name))]));
  const people = new Map(users.map((user) => [user, client({ token: `token-of-${user}` })]));
  const found = <K, V>(map: ReadonlyMap<K, V>, key: K): V => {
    const value = map.get(key);
    if (value === undefined) throw new Error(`there is no ${String(key)}`);
    return value;
  };
  const admin = client({ token: cluster.tokens['kcp-admin'] });
  return {
    cluster,
    admin,
    masters: client({ token }),
    shard: (name) => found(shards, name),
    as: (user) => found(people, user),
    async withCertificate(subject, url) {
      const [ca, key] = await Promise.all(
        ['client-ca.crt', 'client-ca.key'].map((name) => readFile(join(cluster.folder, name), 'utf8')),
      );
      const authority = await readTestAuthority(ca ?? '', key ?? '');
      const { certificate, privateKey } = await authority.issue(subject);
      return client({ cert: certificate, key: privateKey }, url);
    },
    client,
    workspace: (name, shard, parent = 'root') => makeWorkspace(admin, parent, name, onShard(shard)),
    async [Symbol.asyncDispose]() {
      for (const made of clients) await made[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/**
 * Starts one for all tests of a file, where it can run, and hands it over before the first of them.
 */
export function shareInstallation(handOver: (sharded: Sharded) => void): void {
  let sharded: Sharded | undefined;
  beforeAll(async () => {
    if (missing !== undefined) return;
    sharded = await startSharded();
    handOver(sharded);
  }, 120_000);
  afterAll(() => sharded?.[Symbol.asyncDispose]());
}
