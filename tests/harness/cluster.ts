/**
 * A sharded installation of a test's own: real etcd, NATS and services, as `kcp-ts cluster` starts
 * them.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster, ClusterOptions } from '@kcp-ts/kcp-ts';
import { startCluster } from '@kcp-ts/kcp-ts';
import { programs } from '@kcp-ts/testing';
import type { ApiClient } from './api-client.ts';
import { createApiClient } from './api-client.ts';

export interface TestClusterOptions {
  readonly shards?: number;
  readonly standbys?: boolean;
  readonly frontProxies?: number;
  readonly cacheServers?: number;
  readonly virtualWorkspaces?: number;
  /** Lines of a token file. */
  readonly tokens?: readonly string[];
  /** More flags for shards. */
  readonly shardFlags?: readonly string[];
  /** More flags for other kinds of parts. */
  readonly flags?: ClusterOptions['flags'];
  /**
   * The environment of the programs, where it is not that of the test; called with the folder of
   * the installation.
   */
  environment?(folder: string): NodeJS.ProcessEnv;
  /** How the parts reach each other, where that is not straight. */
  readonly wire?: ClusterOptions['wire'];
}

/** Stopped, with its folder removed, at its end. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-cluster-'));
  const cluster = await startCluster({
    folder,
    shards: options.shards ?? 3,
    standbys: options.standbys ?? false,
    frontProxies: options.frontProxies ?? 1,
    cacheServers: options.cacheServers ?? 1,
    virtualWorkspaces: options.virtualWorkspaces ?? 1,
    securePort: 0,
    programs: { etcd: programs.etcd, natsServer: programs.natsServer },
    tokens: options.tokens ?? [],
    environment: options.environment?.(folder),
    ...(options.wire === undefined ? {} : { wire: options.wire }),
    flags: { ...options.flags, ...(options.shardFlags === undefined ? {} : { shard: options.shardFlags }) },
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  return {
    ...cluster,
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Also behind the prefix of a virtual workspace. */
const clusterPattern = /^(?:\/services\/[^*?]*)?\/clusters\/([^/?*]+)\//;

/**
 * system:masters, straight at the shard that has the cluster of a request; at the first shard for
 * everything else.
 */
export function anyShardClient(cluster: Cluster): ApiClient {
  const { ca } = cluster;
  const token = cluster.tokens['shard-admin'];
  const clients = cluster.parts
    .filter(({ part }) => part.kind === 'shard')
    .map(({ part }) => createApiClient({ url: `https://127.0.0.1:${part.port}`, ca, token }));
  const [first] = clients;
  if (first === undefined) throw new Error('the installation has no shards');
  async function clientFor(path: string): Promise<ApiClient> {
    const name = clusterPattern.exec(path)?.[1];
    if (name === undefined) return first as ApiClient;
    const url = `/clusters/${name}/apis/core.kcp.io/v1alpha1/logicalclusters/cluster`;
    const answers = await Promise.all(clients.map((client) => client.get(url)));
    return clients[answers.findIndex(({ status }) => status === 200)] ?? (first as ApiClient);
  }
  return {
    request: async (method, path, ...more) => (await clientFor(path)).request(method, path, ...more),
    get: async (path, ...more) => (await clientFor(path)).get(path, ...more),
    post: async (path, ...more) => (await clientFor(path)).post(path, ...more),
    put: async (path, ...more) => (await clientFor(path)).put(path, ...more),
    patch: async (path, ...more) => (await clientFor(path)).patch(path, ...more),
    delete: async (path) => (await clientFor(path)).delete(path),
    until: async (path, wanted) => (await clientFor(path)).until(path, wanted),
    async *watch(path, signal) {
      yield* (await clientFor(path)).watch(path, signal);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    },
  };
}

/** The lines of the token file that a server's flags name, and the flags without it. */
export async function tokensOfFlags(
  flags: readonly string[],
): Promise<{ readonly tokens: readonly string[]; readonly others: readonly string[] }> {
  const at = flags.indexOf('--token-auth-file');
  const file = at < 0 ? undefined : flags[at + 1];
  if (file === undefined) return { tokens: [], others: flags };
  const text = await readFile(file, 'utf8');
  return {
    tokens: text.split('\n').filter((line) => line !== ''),
    others: [...flags.slice(0, at), ...flags.slice(at + 2)],
  };
}
