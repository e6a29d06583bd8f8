/**
 * A kcp-ts of a test's own, on loopback with a free port and a temporary folder: in this process
 * for speed, or as a program that can be killed.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Cluster } from '@kcp-ts/kcp-ts';
import { readConfig, startShard } from '@kcp-ts/shard';
import { load } from 'js-yaml';
import type { ApiClient } from './api-client.ts';
import { createApiClient } from './api-client.ts';
import { anyShardClient, startTestCluster, tokensOfFlags } from './cluster.ts';
import { installation } from './config.ts';
import { longestTurn, measuredTurns } from './turns.ts';

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  readonly kubeconfigPath: string;
  /** PEM of the CA that the server is trusted by. */
  readonly ca: string;
  readonly admin: ApiClient;
  /** system:masters. */
  readonly shardAdmin: ApiClient;
  /** The bearer token of `admin`. */
  readonly adminToken: string;
  /** Somebody else, by a bearer token or a client certificate. */
  client(credentials: { readonly token?: string; readonly cert?: string; readonly key?: string }): ApiClient;
}

export interface ProcessServer extends TestServer {
  readonly pid: number;
  /**
   * Milliseconds: the longest turn of its event loop since the last call, or of any where several
   * processes serve. Undefined where that is not measured.
   */
  readonly longestTurn: (() => Promise<number>) | undefined;
  /** What it has written to both outputs; '' where several processes serve. */
  output(): string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

interface Kubeconfig {
  readonly clusters: readonly {
    readonly name: string;
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users: readonly { readonly name: string; readonly user: { readonly token: string } }[];
}

async function clientsOf(
  folder: string,
  kubeconfigPath: string,
): Promise<Omit<TestServer, typeof Symbol.asyncDispose>> {
  const config = load(await readFile(kubeconfigPath, 'utf8')) as Kubeconfig;
  const base = config.clusters.find(({ name }) => name === 'base')?.cluster;
  if (base === undefined) throw new Error('the kubeconfig has no cluster base');
  const ca = Buffer.from(base['certificate-authority-data'], 'base64').toString('utf8');
  const token = (user: string) => config.users.find(({ name }) => name === user)?.user.token ?? '';
  const client: TestServer['client'] = (credentials) => createApiClient({ url: base.server, ca, ...credentials });
  // A shard of several is asked itself for what a front-proxy does not show.
  const shard = config.clusters.find(({ name }) => name === 'shard-base')?.cluster.server ?? base.server;
  return {
    url: base.server,
    folder,
    kubeconfigPath,
    ca,
    admin: client({ token: token('kcp-admin') }),
    adminToken: token('kcp-admin'),
    shardAdmin: createApiClient({ url: shard, ca, token: token('shard-admin') }),
    client,
  };
}

function flags(folder: string, more: readonly string[]): string[] {
  return ['--root-directory', folder, '--secure-port', '0', '--bind-address', '127.0.0.1', '-v', '0', ...more];
}

async function longestTurnOf({ folder, parts }: Cluster): Promise<number> {
  const serving = parts.filter(({ part }) => part.kind !== 'etcd' && part.kind !== 'nats');
  return Math.max(...(await Promise.all(serving.map(({ pid }) => longestTurn(folder, pid ?? 0)))));
}

/**
 * The same installation as several processes on several shards. `measured`: they say how long their
 * turns are.
 */
async function startSharded(more: readonly string[], measured: boolean): Promise<ProcessServer> {
  const { tokens, others } = await tokensOfFlags(more);
  const cluster = await startTestCluster({
    tokens,
    shardFlags: others,
    ...(measured ? { environment: measuredTurns } : {}),
  });
  const { shardAdmin: _one, ...server } = await clientsOf(cluster.folder, cluster.kubeconfigPath);
  const shardAdmin = anyShardClient(cluster);
  return {
    ...server,
    shardAdmin,
    pid: cluster.part('front-proxy-1').pid ?? 0,
    longestTurn: measured ? () => longestTurnOf(cluster) : undefined,
    output: () => '',
    kill: async () => cluster[Symbol.asyncDispose](),
    async [Symbol.asyncDispose]() {
      await server.admin[Symbol.asyncDispose]();
      await shardAdmin[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/**
 * In this process. `folder`: one that an earlier server of the test left; it is then the test's to
 * remove.
 */
export async function startServer(
  options: { readonly folder?: string; readonly flags?: readonly string[] } = {},
): Promise<TestServer> {
  if (installation === 'cluster' && options.folder === undefined) return startSharded(options.flags ?? [], false);
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'kcp-ts-')));
  const result = readConfig(flags(folder, options.flags ?? []), {});
  if (result.kind !== 'config') throw new Error('the test server has wrong flags');
  const shard = await startShard(result.config);
  const server = await clientsOf(folder, shard.kubeconfigPath);
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server.admin[Symbol.asyncDispose]();
      await server.shardAdmin[Symbol.asyncDispose]();
      await shard[Symbol.asyncDispose]();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

const repository = resolve(import.meta.dirname, '../..');

/** As `bin/launch` starts it. */
const launchFlags = ['--disable-proto=delete', '--disable-sigusr1', '--max-semi-space-size=8'];

/** As `kcp-ts start` in a process of its own. The folder is kept when it was given. */
export async function spawnServer(
  options: { readonly folder?: string; readonly flags?: readonly string[] } = {},
): Promise<ProcessServer> {
  if (installation === 'cluster' && options.folder === undefined) return startSharded(options.flags ?? [], true);
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'kcp-ts-')));
  const child = spawn(
    process.execPath,
    [...launchFlags, ...[join(repository, 'tools/kcp-ts/main.ts'), 'start', ...flags(folder, options.flags ?? [])]],
    { stdio: ['ignore', 'pipe', 'pipe'], env: measuredTurns(folder) },
  );
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  let output = '';
  await new Promise<void>((ready, failed) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('ready to serve')) ready();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => failed(new Error(`the server ended before it was ready: ${output}`)));
  });
  const server = await clientsOf(folder, join(folder, 'admin.kubeconfig'));
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await gone;
  };
  return {
    ...server,
    pid: child.pid ?? 0,
    longestTurn: () => longestTurn(folder, child.pid ?? 0),
    output: () => output,
    kill: () => end('SIGKILL'),
    async [Symbol.asyncDispose]() {
      await server.admin[Symbol.asyncDispose]();
      await server.shardAdmin[Symbol.asyncDispose]();
      await end('SIGKILL');
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
