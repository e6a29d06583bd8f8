/** Starts a cache-server with its servers, and stops it: what the program and the tests call. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Authenticator } from '@kcp-ts/authn';
import {
  createAssertionVerifier,
  createAuthenticator,
  createServicePeers,
  openTokenFile,
  serviceAudience,
  withAssertions,
} from '@kcp-ts/authn';
import type { Clock, Random, UncaughtErrors } from '@kcp-ts/base';
import { createSystemClock, createSystemRandom, portOrFree } from '@kcp-ts/base';
import type { ServerTls } from '@kcp-ts/http';
import { createHttpServer } from '@kcp-ts/http';
import { createLogger, createMetricsPage } from '@kcp-ts/observability';
import type { ServiceLoad } from '@kcp-ts/program';
import { addressOf, advertisedHostOf, createServiceLoad, startInRootDirectory } from '@kcp-ts/program';
import { startRpcServer } from '@kcp-ts/rpc';
import { admitServices, clockService, openConnections, openDirectory } from '@kcp-ts/sharding';
import type { Store } from '@kcp-ts/storage';
import { openLmdbStore } from '@kcp-ts/storage';
import type { Logger } from 'pino';
import { cachedSurface } from './cached-kinds.ts';
import { composeCacheServer } from './compose.ts';
import { createCopies } from './copies.ts';
import type { CacheServerConfig } from './options.ts';
import { createOrderedWriter } from './ordered-writer.ts';
import { keptFeedService, keptShards, rawFeedHandler } from './raw-feeds.ts';

export interface RunningCacheServer extends AsyncDisposable {
  readonly port: number;
}

const drainMs = 5_000;
const feedConsumers = ['shard', 'front-proxy', 'cache-server', 'virtual-workspaces'];
/** What the copies take, at most; none of it is used before it is needed. */
const mapSizeBytes = 2 ** 36;
const historyMaxBytes = 64_000_000;

async function authenticatorOf(
  config: CacheServerConfig,
  clock: Clock,
  log: Logger,
  peerCa: string,
  name: string,
): Promise<Authenticator> {
  const path = config.tokenAuthFile;
  const onError = (error: unknown) => log.error({ err: error }, 'the token file cannot be read');
  const tokenFile = path === '' ? undefined : await openTokenFile({ path, clock, onError });
  const authenticator = createAuthenticator({ clock, anonymous: true, adminTokens: [], tokenFile });
  const verifier = createAssertionVerifier({ audience: serviceAudience('cache-server', name), clock });
  return withAssertions(authenticator, { isService: createServicePeers({ peerCa }), verifier });
}

function metricsOf(stores: Readonly<Record<string, Store>>, load: ServiceLoad): () => Promise<string> {
  return createMetricsPage([
    {
      kind: 'counter',
      name: 'kcp_cache_operations_total',
      help: 'Copies written or removed.',
      labels: ['store'],
      read: () => Object.entries(stores).map(([name, each]) => [{ store: name }, each.statistics().operations]),
    },
    ...load.series,
  ]);
}

async function servingOf(config: CacheServerConfig, peerCa: string): Promise<ServerTls> {
  const read = (path: string) => readFile(path, 'utf8');
  const clientCa = config.clientCaFile === '' ? '' : await read(config.clientCaFile);
  return {
    certificate: await read(config.tlsCertFile),
    privateKey: await read(config.tlsPrivateKeyFile),
    clientCa: `${clientCa}${peerCa}`,
  };
}

interface StartDependencies {
  readonly config: CacheServerConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly uncaught: Pick<UncaughtErrors, 'count'> | undefined;
}

/** Resolves when it listens; it is ready when it has brought in every shard that lives. Rejects, for a person, where the root directory cannot be used. */
export async function startCacheServer(
  config: CacheServerConfig,
  uncaught?: Pick<UncaughtErrors, 'count'>,
): Promise<RunningCacheServer> {
  const clock = createSystemClock();
  const random = createSystemRandom();
  const log = createLogger(config.verbosity);
  return startInRootDirectory(
    {
      path: config.rootDirectory,
      kind: 'cache-server',
      shard: '',
      clock,
      random,
      stores: ['copies', 'feeds'].map((folder) => ({ folder, copy: true })),
      onRemoved: (folder, fault) => log.warn({ folder, fault }, 'a copy is damaged; it is made anew'),
    },
    () => startIn({ config, clock, random, log, uncaught }),
  );
}

async function startIn({ config, clock, random, log, uncaught }: StartDependencies): Promise<RunningCacheServer> {
  const name = config.natsUsername || config.name;
  const host = advertisedHostOf(config);
  const open = (folder: string) =>
    openLmdbStore({ path: join(config.rootDirectory, folder), clock, mapSizeBytes, historyMaxBytes });
  const [copiesStore, rawStore] = await Promise.all([open('copies'), open('feeds')]);
  let retake = (_shard: string): void => undefined;
  const onBroken = (shard: string, error: unknown) => {
    log.error({ shard, err: error }, 'a copy cannot be written; it is made anew');
    retake(shard);
  };
  const rawWriter = createOrderedWriter(rawStore, onBroken);
  const copiesWriter = createOrderedWriter(copiesStore, onBroken);
  const load = createServiceLoad(undefined, uncaught);
  const surface = cachedSurface();
  const feedHandlers = [rawFeedHandler(rawStore, rawWriter), createCopies(copiesStore, copiesWriter, surface)];
  const connections = await openConnections({ config, name, clock, log });
  const { membership, tls } = connections;
  // A shard may have left while nobody was here to hear it.
  const kept = await keptShards(rawStore);
  const joined = new Set(membership.current().shards.map((shard) => shard.name));
  for (const shard of kept) if (!joined.has(shard)) for (const feedHandler of feedHandlers) feedHandler.removed(shard);
  const directory = await openDirectory({ connections, clock, log, feedHandlers });
  retake = directory.retake;
  const rpcPort = await portOrFree(config.rpcPort);
  const rpc = await startRpcServer({
    host: config.bindAddress,
    port: rpcPort,
    tls,
    clock,
    services: [
      keptFeedService({
        store: rawStore,
        writer: rawWriter,
        epoch: random.uuid(),
        admit: (call) => admitServices(call, feedConsumers),
      }),
      clockService(clock),
    ],
  });
  const cache = composeCacheServer({
    store: copiesStore,
    surface,
    clock,
    random,
    authenticator: await authenticatorOf(config, clock, log, tls.ca, name),
    shards: () => membership.current().shards.map((shard) => shard.name),
    isReady: () => directory.isReady(),
    metrics: metricsOf({ copies: copiesStore, feeds: rawStore }, load),
    inFlight: load.inFlight,
    logFault: (id, error) => log.error({ id, err: error.cause }, error.message),
  });
  const server = createHttpServer({
    tls: await servingOf(config, tls.ca),
    handler: cache.handler,
    isService: createServicePeers({ peerCa: tls.ca }),
    onError: (error) => log.error({ err: error }, 'a request failed'),
    clock,
  });
  load.follow(server);
  const { port } = await server.listen({ host: config.bindAddress, port: config.securePort });
  await membership.announce({
    kind: 'cache-server',
    name,
    rpcAddress: addressOf(host, rpcPort),
    baseUrl: `https://${addressOf(host, port)}`,
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      await server.close({ drainMs });
      cache[Symbol.dispose]();
      await rpc.close({ drainMs });
      await directory[Symbol.asyncDispose]();
      await connections[Symbol.asyncDispose]();
      await Promise.all([rawWriter.settled(), copiesWriter.settled()]);
      await Promise.all([rawStore[Symbol.asyncDispose](), copiesStore[Symbol.asyncDispose]()]);
    },
  };
}
