/** A shard, from top to bottom: what it is made of and how the parts know each other. */

import { createAdmissionChain } from '@kcp-ts/admission';
import type { Revision, StatusError } from '@kcp-ts/api';
import type { ApiSurfaceDocuments, Bookmarks, HealthCheck, ServerDependencies } from '@kcp-ts/apiserver';
import { createApiServer, createBookmarks, createCacheLists, createProgress } from '@kcp-ts/apiserver';
import type { Authenticator } from '@kcp-ts/authn';
import { issuerDocuments } from '@kcp-ts/authn';
import type { Clock, Random } from '@kcp-ts/base';
import { createStrategyTable } from '@kcp-ts/catalog';
import { createControllerRuntime } from '@kcp-ts/controller-runtime';
import { identityHashOf, remainingMessage } from '@kcp-ts/controllers';
import { createDiscovery } from '@kcp-ts/discovery';
import type { Exchange, Peer } from '@kcp-ts/http';
import { allKinds, conversionOf, createStrategies, protobufMessages, rootExports } from '@kcp-ts/kinds';
import { createOpenApi } from '@kcp-ts/openapi';
import type { RoleReport, ServiceLoad } from '@kcp-ts/program';
import { createServiceLoad, versionInfo } from '@kcp-ts/program';
import type { Admission, ApiSurface, RegistryDependencies } from '@kcp-ts/registry';
import type { ClusterRequests, Peers, ShardObjects } from '@kcp-ts/sharding';
import { createClusterRequests, createFramedWatch, keepShardObjects } from '@kcp-ts/sharding';
import type { Store } from '@kcp-ts/storage';
import { bootstrap, storedLogicalClusterKey } from '@kcp-ts/tenancy';
import type { VirtualWorkspace } from '@kcp-ts/virtual-workspaces';
import type { Access } from './access.ts';
import { createAccess } from './access.ts';
import { admissionPlugins } from './admission.ts';
import type { AmongOthers } from './among-others.ts';
import { wrongClock } from './among-others.ts';
import { clusterRemoval, shardControllers } from './controllers.ts';
import type { Core } from './core.ts';
import { createCore } from './core.ts';
import { homeWorkspace } from './home-workspace.ts';
import { specialHandlers } from './kubernetes-parts.ts';
import { createMetrics } from './metrics.ts';
import type { Tenancy } from './strategies.ts';
import { createTenancy, kindDependencies } from './strategies.ts';
import { createTargets } from './targets.ts';
import { virtualWorkspaces } from './virtual-workspaces.ts';

export interface ShardOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly shardName: string;
  readonly shardNumber: number;
  /** Other shards; none where the installation has one. */
  readonly peers?: Peers | undefined;
  readonly amongOthers?: AmongOthers | undefined;
  /** The workspace root is on this shard. */
  readonly holdsRoot: boolean;
  readonly externalUrl: string;
  readonly virtualWorkspaceUrl: string;
  readonly caBundle: string;
  readonly homeWorkspaces: boolean;
  /** Groups whose members may have a home workspace. */
  readonly homeCreatorGroups: readonly string[];
  readonly tokens: import('./kubernetes-parts.ts').TokenIssuer;
  readonly authenticator: Authenticator;
  /** Whether a connection is that of another service of the installation. */
  isService?: ((peer: Peer) => boolean) | undefined;
  /** Where another process may own the shard: what is told of who does. */
  readonly role?: RoleReport | undefined;
  /** One with the default limits when absent. */
  readonly load?: ServiceLoad | undefined;
  logFault(id: string, error: StatusError): void;
  logController(name: string, key: string, error: unknown): void;
}

export interface Shard extends AsyncDisposable {
  /** What other shards may ask of this one. */
  readonly requests: ClusterRequests;
  /** Keeps the Shard objects of an installation of several; on the shard that holds root. */
  keepShards(leave: (shard: string) => void): ShardObjects;
  readonly handler: (exchange: Exchange) => void | Promise<void>;
  /** Makes progress past a revision, as far as the clock allows, and says so to other services' watches. */
  requestProgress(past: Revision): Promise<Revision>;
  /** From now on readiness says no: others go elsewhere while open requests end. */
  drain(): void;
}

const bodyBytesMax = 3 * 1024 * 1024;
const watchBacklogBytesMax = 4 * 1024 * 1024;
const bookmarkMs = 30_000;
const reconcilesAtOnce = 64;

function registryDeps(core: Core, admission: Admission): RegistryDependencies {
  const { store, clock, turns, random, shardNumber } = core;
  return {
    store,
    clock,
    turns,
    random,
    shardNumber,
    admission,
    logicalClusterKey: storedLogicalClusterKey,
    originKey: core.catalog.originKey,
  };
}

function createPresentation(serverAddress: string): ServerDependencies['presentation'] {
  const documents = new WeakMap<ApiSurface, ApiSurfaceDocuments>();
  return {
    of(surface) {
      let found = documents.get(surface);
      if (found === undefined) {
        const definitions = surface.resources.map(({ definition }) => definition);
        found = { discovery: createDiscovery(definitions, { serverAddress }), openApi: createOpenApi(definitions) };
        documents.set(surface, found);
      }
      return found;
    },
  };
}

/** What is there before anything runs: the core, who may do what, how workspaces are made, and every kind's strategy. */
function assemble(options: ShardOptions) {
  const { store, clock, random, shardNumber, shardName, peers, caBundle } = options;
  const strategies = createStrategyTable();
  const core = createCore({
    store,
    clock,
    random,
    shardNumber,
    shardName,
    peers,
    strategy: strategies.of,
    conversion: conversionOf,
  });
  const access = createAccess(core);
  const tenancy = createTenancy(core, caBundle);
  strategies.define(
    createStrategies(allKinds, kindDependencies(core, access, tenancy)),
    allKinds.map(({ definition }) => definition),
  );
  return { core, access, tenancy };
}

function healthChecks(
  isReady: () => boolean,
  store: Pick<Store, 'fault'>,
  amongOthers: AmongOthers | undefined,
  role: RoleReport | undefined,
): readonly HealthCheck[] {
  return [
    { name: 'ping', live: true, check: () => undefined },
    { name: 'log', live: true, check: () => undefined },
    { name: 'store', live: false, told: true, check: () => (isReady() ? store.fault() : 'closing') },
    { name: 'shutdown', live: false, check: () => (isReady() ? undefined : 'shutting down') },
    ...(amongOthers === undefined ? [] : [{ name: 'clock', live: false, check: () => amongOthers.clocks.fault() }]),
    ...(role === undefined ? [] : [role.check]),
  ];
}

function serverDeps(
  core: Core,
  access: Access,
  virtual: readonly VirtualWorkspace[],
  admission: Admission,
  { tokens, authenticator, externalUrl }: Pick<ShardOptions, 'tokens' | 'authenticator' | 'externalUrl'>,
): Omit<ServerDependencies, 'streamSerializers'> {
  const registry = registryDeps(core, admission);
  return {
    store: core.store,
    hub: core.hub,
    registry,
    clock: core.clock,
    turns: core.turns,
    yaml: core.yaml,
    protobuf: protobufMessages(allKinds),
    shardNumber: core.shardNumber,
    bodyBytesMax,
    watchBacklogBytesMax,
    special: new Map([
      ...specialHandlers({ core, access, tokens, authenticator }, registry),
      ...virtual.flatMap(({ special = [] }) => special.map((handler) => [handler.name, handler] as const)),
    ]),
    presentation: createPresentation(new URL(externalUrl).host),
  };
}

function clusterRequests(core: Core, { types, plan }: Tenancy, externalUrl: string): ClusterRequests {
  const { store, clock, shardName, peers } = core;
  const removal = clusterRemoval(core);
  return createClusterRequests({
    store,
    clock,
    types,
    plan,
    externalUrl,
    ownShard: shardName,
    catchUp: () => peers?.catchUp() ?? Promise.resolve(),
    async remove(cluster) {
      const outcome = await removal.remove(core.decide(), cluster, undefined);
      if (outcome.status === 'gone') return { gone: true };
      return outcome.status === 'waiting' ? { gone: false, message: remainingMessage(outcome.remaining) } : undefined;
    },
  });
}

/** Resolves when everything is there that a request may need. */
export async function composeShard(options: ShardOptions): Promise<Shard> {
  const { clock, externalUrl } = options;
  const { core, access, tenancy } = assemble(options);
  await bootstrap({ ...core, rootExports, identityHashOf }, options);
  await core.load();
  const controllers = createControllerRuntime(shardControllers(core, tenancy, options), {
    store: core.store,
    hub: core.changes,
    clock,
    turns: core.turns,
    decide: core.decide,
    concurrency: reconcilesAtOnce,
    onError: options.logController,
  });
  const started = controllers.start();
  const bookmarks: Bookmarks = createBookmarks(core.hub, clock, bookmarkMs);
  const observe = (past: Revision) => void options.store.observe(past);
  const progress = createProgress({ hub: core.hub, clock, observe });
  const { isService, amongOthers } = options;
  const load = options.load ?? createServiceLoad();
  const cacheLists = createCacheLists();
  const metrics = createMetrics(core, amongOthers, [
    ...controllers.series,
    ...load.series,
    cacheLists.series,
    ...(options.role?.series ?? []),
  ]);
  const virtual = virtualWorkspaces(core, access);
  const admission = createAdmissionChain(admissionPlugins(core, tenancy, access));
  const targets = createTargets({
    core,
    access,
    virtualWorkspaces: virtual,
    homeWorkspace: homeWorkspace(core, access, tenancy, options),
    metrics: metrics.text,
    isService,
  });
  let ready = true;
  const handler = createApiServer({
    deps: {
      ...serverDeps(core, access, virtual, admission, options),
      countCacheList: cacheLists.count,
      streamSerializers: isService === undefined ? [] : [createFramedWatch(isService)],
    },
    bookmarks,
    progress,
    checks: healthChecks(() => ready, core.store, amongOthers, options.role),
    version: versionInfo,
    issuer: issuerDocuments(options.tokens, externalUrl),
    inFlight: load.inFlight,
    authenticate: options.authenticator.authenticate,
    ...targets,
    refuse: (request) => wrongClock(amongOthers, request),
    logFault: (request, error) => options.logFault(request.id, error),
    observe: metrics.observe,
  });
  return {
    handler,
    requestProgress: progress.requestProgress,
    requests: clusterRequests(core, tenancy, externalUrl),
    keepShards: (leave) => keepShardObjects(core, leave),
    drain() {
      ready = false;
    },
    async [Symbol.asyncDispose]() {
      ready = false;
      await started.catch(() => undefined);
      await controllers[Symbol.asyncDispose]();
      bookmarks[Symbol.dispose]();
      progress[Symbol.dispose]();
      core[Symbol.dispose]();
    },
  };
}
