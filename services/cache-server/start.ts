/** Starts a cache-server with its servers, and stops it: what the program and the tests call. */

import { createRequestMetrics } from '@kcp-ts/apiserver';
import type { TokenFile } from '@kcp-ts/authn';
import { createCertificateReader, createServiceAuthenticator, mastersGroup } from '@kcp-ts/authn';
import type { Exchange } from '@kcp-ts/http';
import { builtinDefinitions, isBuiltIn, rootExports, systemDefinitions } from '@kcp-ts/kinds';
import type { ProcessEvents, RunningService, Service, ServiceParts } from '@kcp-ts/program';
import {
  createScrapeAnswer,
  createServiceContext,
  openTokens,
  startInRootDirectory,
  startService,
} from '@kcp-ts/program';
import { startRpcServer } from '@kcp-ts/rpc';
import {
  admitFeedConsumers,
  cachedSurface,
  cacheStoreFolders,
  clockService,
  createBackends,
  createCachedObjects,
  createScrapeAccess,
  feedReplicaHandler,
  feedReplicaService,
  feedSeries,
  openCacheStores,
  replicatedShards,
} from '@kcp-ts/sharding';
import { composeCacheServer } from './compose.ts';
import { createMetrics } from './metrics.ts';
import type { CacheServerConfig } from './options.ts';

export type RunningCacheServer = RunningService;

const definitions = [...builtinDefinitions, ...systemDefinitions, ...rootExports.flatMap((root) => root.definitions)];

/** Calls of other services are short, and begin after clients have been waited for. */
const rpcDrainMs = 5_000;

/** By the token file of this service, whom no shard has to be asked for. */
function isMaster(tokenFile: TokenFile | undefined, { headers }: Exchange): boolean {
  const token = /^bearer (.*)$/i.exec(String(headers['authorization'] ?? ''))?.[1] ?? '';
  return tokenFile?.userOf(token)?.groups.includes(mastersGroup) === true;
}

async function compose(parts: ServiceParts<CacheServerConfig>): Promise<Service> {
  const { config, clock, random, log, load, name, connections, opened } = parts;
  const { membership, tls } = connections;
  let resync = (_shard: string): void => undefined;
  const stores = opened.use(
    await openCacheStores(config.rootDirectory, clock, (shard, error) => {
      log.error({ shard, err: error }, 'a copy cannot be written; it is made again');
      resync(shard);
    }),
  );
  const { copies, feeds } = stores;
  const surface = cachedSurface(definitions);
  const feedHandlers = [
    feedReplicaHandler(feeds.store, feeds.writer),
    createCachedObjects(copies.store, copies.writer, surface),
  ];
  // A shard may have left while this process did not run.
  const joined = new Set(membership.current().shards.map((shard) => shard.name));
  for (const shard of await replicatedShards(feeds.store))
    if (!joined.has(shard)) for (const feedHandler of feedHandlers) feedHandler.removed(shard);
  const directory = await parts.openDirectory(feedHandlers);
  resync = directory.resync;
  const rpc = await startRpcServer({
    host: config.bindAddress,
    port: config.rpcPort,
    tls,
    clock,
    services: [feedReplicaService({ ...feeds, epoch: random.uuid(), admit: admitFeedConsumers }), clockService(clock)],
  });
  opened.defer(() => rpc.close({ drainMs: rpcDrainMs }));
  const tokenFile = await openTokens(parts);
  opened.defer(() => tokenFile?.[Symbol.dispose]());
  const authenticator = createServiceAuthenticator({
    clock,
    anonymous: true,
    adminTokens: [],
    tokenFile,
    peerCa: tls,
    kind: 'cache-server',
    name,
  });
  const requests = createRequestMetrics({ isBuiltIn });
  const backends = opened.use(
    createBackends({
      clock,
      tlsOf: () => tls,
      onUnreachable: (url, error) => log.warn({ backend: url, err: error }, 'a shard cannot be reached'),
      onAnswered: () => undefined,
    }),
  );
  const metrics = createMetrics({ copies: copies.store, feeds: feeds.store }, [
    ...requests.series,
    ...feedSeries(directory.feeds),
    ...load.series,
  ]);
  const answerScrape = createScrapeAnswer({
    metrics,
    readCertificate: createCertificateReader(() => clock.now()),
    mayScrape: createScrapeAccess({
      backends,
      shards: () => directory.shards().flatMap(({ alive, baseUrl }) => (alive ? [baseUrl] : [])),
      clock,
    }),
  });
  const cache = opened.use(
    composeCacheServer({
      store: copies.store,
      surface,
      clock,
      random,
      authenticator,
      shards: () => membership.current().shards.map((shard) => shard.name),
      isReady: () => directory.isReady(),
      metrics,
      requests,
      requestLog: { enabled: () => parts.logging.verbosity() >= 3, write: (line) => log.info(line, 'HTTP') },
      inFlight: load.inFlight,
      logFault: (id, error) => log.error({ id, err: error.cause }, error.message),
    }),
  );
  const { drain, endWatches } = cache;
  return {
    handler: (exchange) =>
      isMaster(tokenFile, exchange) ? cache.handler(exchange) : (answerScrape(exchange) ?? cache.handler(exchange)),
    rpcPort: rpc.port,
    drain,
    endWatches,
  };
}

/**
 * Resolves when it serves; it is ready when it has brought in every shard that is alive. Rejects,
 * for a person, where the root directory cannot be used.
 */
export async function startCacheServer(
  config: CacheServerConfig,
  process?: ProcessEvents,
): Promise<RunningCacheServer> {
  const context = createServiceContext(config, process);
  const { clock, random, log } = context;
  return startInRootDirectory(
    {
      path: config.rootDirectory,
      kind: 'cache-server',
      shard: '',
      clock,
      random,
      stores: cacheStoreFolders.map((folder) => ({ folder, copy: true })),
      onRemoved: (folder, fault) => log.warn({ folder, fault }, 'a copy is damaged; it is made again'),
    },
    () => startService(context, { kind: 'cache-server', servesServices: true }, compose),
  );
}
