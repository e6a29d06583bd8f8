/** A shard, from top to bottom: what it is made of and how the parts know each other. */

import { createAdmissionChain } from '@kcp-ts/admission';
import type { Revision, StatusError } from '@kcp-ts/api';
import type { HealthCheck } from '@kcp-ts/apiserver';
import {
  createApiServer,
  createBookmarks,
  createCacheLists,
  createPresentation,
  createProgress,
  createRequestMetrics,
} from '@kcp-ts/apiserver';
import type { Authenticator } from '@kcp-ts/authn';
import { issuerDocuments } from '@kcp-ts/authn';
import type { Clock, Random } from '@kcp-ts/base';
import { createStrategyTable } from '@kcp-ts/catalog';
import { createControllerRuntime } from '@kcp-ts/controller-runtime';
import { identityHashOf, remainingMessage } from '@kcp-ts/controllers';
import type { Exchange, Peer } from '@kcp-ts/http';
import { createYamlDecoder } from '@kcp-ts/http';
import { allKinds, conversionOf, createStrategies, isBuiltIn, protobufMessages, rootExports } from '@kcp-ts/kinds';
import type { RoleReport, ServiceLoad } from '@kcp-ts/program';
import { createServiceLoad, versionInfo } from '@kcp-ts/program';
import type { RegistryDependencies } from '@kcp-ts/registry';
import type { ClusterRequests, OtherShards, ServedShard, ShardReport } from '@kcp-ts/sharding';
import {
  createClusterRequests,
  createFramedWatch,
  keepShardObjects,
  shardReportSeries,
  wrongClock,
} from '@kcp-ts/sharding';
import type { Store } from '@kcp-ts/storage';
import { bootstrap, createHomeWorkspaces, storedLogicalClusterKey } from '@kcp-ts/tenancy';
import { createTargets } from '@kcp-ts/virtual-workspaces';
import { admissionPlugins } from './admission.ts';
import { clusterRemoval, shardControllers } from './controllers.ts';
import { kindDependencies } from './kind-dependencies.ts';
import { createMetricsText } from './metrics.ts';
import type { ShardParts } from './parts.ts';
import { createParts } from './parts.ts';
import type { TokenIssuer } from './special-handlers.ts';
import { specialHandlers } from './special-handlers.ts';
import { virtualWorkspaces } from './virtual-workspaces.ts';

export interface ShardOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly shardName: string;
  readonly shardNumber: number;
  /** Other shards; none where the installation has one. */
  readonly otherShards?: OtherShards | undefined;
  /** Where there are other shards. */
  readonly report?: ShardReport | undefined;
  /** The workspace root is on this shard. */
  readonly holdsRoot: boolean;
  readonly externalUrl: string;
  readonly virtualWorkspaceUrl: string;
  readonly caBundle: string;
  readonly homeWorkspaces: boolean;
  /** Groups whose members may have a home workspace. */
  readonly homeCreatorGroups: readonly string[];
  readonly tokens: TokenIssuer;
  readonly authenticator: Authenticator;
  /** Whether a connection is that of another service of the installation. */
  isService?: ((peer: Peer) => boolean) | undefined;
  /** Where another process may own the shard: what is shown of its owner. */
  readonly role?: RoleReport | undefined;
  /** One with the default limits when absent. */
  readonly load?: ServiceLoad | undefined;
  logFault(id: string, error: StatusError): void;
  logController(name: string, key: string, error: unknown): void;
}

export interface Shard extends ServedShard, AsyncDisposable {
  readonly handler: (exchange: Exchange) => void | Promise<void>;
  /**
   * Makes progress past a revision, as far as the clock allows, and says so to other services'
   * watches.
   */
  requestProgress(past: Revision): Promise<Revision>;
  /** From now on readiness says no: clients go to other servers while open requests end. */
  drain(): void;
}

const bodyBytesMax = 3 * 1024 * 1024;
const watchBacklogBytesMax = 4 * 1024 * 1024;
const bookmarkMs = 30_000;
const reconcilesAtOnce = 64;

/** The parts, with the strategies of all built-in kinds. */
function assemble(options: ShardOptions): ShardParts {
  const strategies = createStrategyTable();
  const parts = createParts({ ...options, strategy: strategies.of, conversion: conversionOf });
  const definitions = allKinds.map(({ definition }) => definition);
  strategies.define(createStrategies(allKinds, kindDependencies(parts)), definitions);
  return parts;
}

function registryOf(parts: ShardParts): RegistryDependencies {
  const { store, clock, turns, random, shardNumber, catalog } = parts;
  return {
    store,
    clock,
    turns,
    random,
    shardNumber,
    admission: createAdmissionChain(admissionPlugins(parts)),
    logicalClusterKey: storedLogicalClusterKey,
    originKey: catalog.originKey,
  };
}

function homeWorkspaces(parts: ShardParts, { externalUrl, homeWorkspaces: enabled }: ShardOptions) {
  const { store, clock, shardName, access } = parts;
  const { types, plan } = parts.tenancy;
  return createHomeWorkspaces({
    store,
    clock,
    types,
    plan,
    shardName,
    externalUrl,
    enabled,
    authorizer: access.authorizer,
  });
}

function startControllers(parts: ShardParts, { tokens, logController }: ShardOptions) {
  const { store, changes, clock, turns, decide } = parts;
  const runtime = createControllerRuntime(shardControllers(parts, tokens), {
    store,
    hub: changes,
    clock,
    turns,
    decide,
    concurrency: reconcilesAtOnce,
    onError: logController,
  });
  const started = runtime.start();
  return {
    series: runtime.series,
    async [Symbol.asyncDispose]() {
      await started.catch(() => undefined);
      await runtime[Symbol.asyncDispose]();
    },
  };
}

function healthChecks(
  isReady: () => boolean,
  store: Pick<Store, 'fault'>,
  report: ShardReport | undefined,
  role: RoleReport | undefined,
): readonly HealthCheck[] {
  return [
    { name: 'ping', live: true, check: () => undefined },
    { name: 'log', live: true, check: () => undefined },
    { name: 'store', live: false, told: true, check: () => (isReady() ? store.fault() : 'closing') },
    { name: 'shutdown', live: false, check: () => (isReady() ? undefined : 'shutting down') },
    ...(report === undefined ? [] : [{ name: 'clock', live: false, check: () => report.clocks.fault() }]),
    ...(role === undefined ? [] : [role.check]),
  ];
}

function clusterRequests(parts: ShardParts, externalUrl: string): ClusterRequests {
  const { store, clock, shardName, otherShards, decide } = parts;
  const { types, plan } = parts.tenancy;
  const removal = clusterRemoval(parts);
  return createClusterRequests({
    store,
    clock,
    types,
    plan,
    externalUrl,
    ownShard: shardName,
    catchUp: () => otherShards?.catchUp() ?? Promise.resolve(),
    async remove(cluster) {
      const outcome = await removal.remove(decide(), cluster, undefined);
      if (outcome.status === 'gone') return { gone: true };
      return outcome.status === 'waiting' ? { gone: false, message: remainingMessage(outcome.remaining) } : undefined;
    },
  });
}

/** Resolves when everything is there that a request may need. */
export async function composeShard(options: ShardOptions): Promise<Shard> {
  const { clock, externalUrl, isService, report, tokens, authenticator } = options;
  const parts = assemble(options);
  await bootstrap({ ...parts, rootExports, identityHashOf }, options);
  await parts.load();
  const controllers = startControllers(parts, options);
  const { store, hub, catalog, access, clusters, turns } = parts;
  const virtual = virtualWorkspaces(parts);
  const registry = registryOf(parts);
  const load = options.load ?? createServiceLoad();
  const cacheLists = createCacheLists();
  const metrics = createRequestMetrics({ isBuiltIn });
  const metricsText = createMetricsText(parts, [
    ...metrics.series,
    ...controllers.series,
    ...load.series,
    cacheLists.series,
    ...(options.role?.series ?? []),
    ...(report === undefined ? [] : shardReportSeries(report)),
  ]);
  const targets = createTargets({
    access,
    catalog,
    base: catalog.base,
    exported: parts,
    facts: clusters.facts,
    resolve: clusters.resolve,
    virtualWorkspaces: virtual,
    homeWorkspace: homeWorkspaces(parts, options),
    metrics: metricsText,
    isService,
  });
  const bookmarks = createBookmarks(hub, clock, bookmarkMs);
  const progress = createProgress({ hub, clock, observe: (past: Revision) => void store.observe(past) });
  const yaml = createYamlDecoder({ clock });
  let ready = true;
  const handler = createApiServer({
    deps: {
      store,
      hub,
      registry,
      clock,
      turns,
      yaml,
      protobuf: protobufMessages(allKinds),
      shardNumber: options.shardNumber,
      bodyBytesMax,
      watchBacklogBytesMax,
      special: specialHandlers({ registry, reviews: access.reviews, tokens, authenticator, virtual }),
      presentation: createPresentation(new URL(externalUrl).host),
      countCacheList: cacheLists.count,
      streamSerializers: isService === undefined ? [] : [createFramedWatch(isService)],
    },
    bookmarks,
    progress,
    checks: healthChecks(() => ready, store, report, options.role),
    version: versionInfo,
    issuer: issuerDocuments(tokens, externalUrl),
    inFlight: load.inFlight,
    authenticate: authenticator.authenticate,
    ...targets,
    refuse: (request) => wrongClock(report, request),
    logFault: (request, error) => options.logFault(request.id, error),
    metrics,
  });
  return {
    handler,
    requestProgress: progress.requestProgress,
    requests: clusterRequests(parts, externalUrl),
    keepShards: (leave) => keepShardObjects(parts, leave),
    drain() {
      ready = false;
    },
    async [Symbol.asyncDispose]() {
      ready = false;
      await controllers[Symbol.asyncDispose]();
      bookmarks[Symbol.dispose]();
      progress[Symbol.dispose]();
      yaml[Symbol.dispose]();
      parts[Symbol.dispose]();
    },
  };
}
