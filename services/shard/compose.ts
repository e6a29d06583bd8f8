/** A shard, from top to bottom: what it is made of and how the parts know each other. */

import { createAdmissionChain } from '@kcp-ts/admission';
import type { ClusterName, StatusError } from '@kcp-ts/api';
import type { ApiServer, RequestLog } from '@kcp-ts/apiserver';
import { createApiServer, createCacheLists, createPresentation, createRequestMetrics } from '@kcp-ts/apiserver';
import type { Authenticator, ServiceAccountTokens } from '@kcp-ts/authn';
import { issuerDocuments } from '@kcp-ts/authn';
import { createControllerRuntime } from '@kcp-ts/controller-runtime';
import type { RewriteStaleOptions } from '@kcp-ts/controllers';
import { createClusterRemoval, createRequestedRemoval, identityHashOf } from '@kcp-ts/controllers';
import type { Peer } from '@kcp-ts/http';
import { allKinds, createSpecialHandlers, isBuiltIn, protobufMessages, rootExports } from '@kcp-ts/kinds';
import type { Series } from '@kcp-ts/observability';
import { createMetricsPage } from '@kcp-ts/observability';
import type { Readiness, RoleReport, ServiceLoad } from '@kcp-ts/program';
import { createReadiness, createServiceLoad, versionInfo } from '@kcp-ts/program';
import type { RegistryDependencies } from '@kcp-ts/registry';
import type { ServedShard, ShardReport } from '@kcp-ts/sharding';
import {
  createClusterRequests,
  createFramedWatch,
  keepShardObjects,
  shardReportChecks,
  shardReportSeries,
  wrongClock,
} from '@kcp-ts/sharding';
import { storeSeries } from '@kcp-ts/storage';
import { bootstrap, createHomeWorkspaces, storedLogicalClusterKey } from '@kcp-ts/tenancy';
import type { Targets, VirtualWorkspaces } from '@kcp-ts/virtual-workspaces';
import { createApiExportWorkspace, createApiResourceSchemaWorkspace, createTargets } from '@kcp-ts/virtual-workspaces';
import { watchHubSeries } from '@kcp-ts/watch';
import { admissionPlugins } from './admission.ts';
import { shardControllers } from './controllers.ts';
import type { PartsOptions, ShardParts } from './parts.ts';
import { createParts } from './parts.ts';

export interface ShardOptions extends PartsOptions, RewriteStaleOptions {
  /** Where there are other shards. */
  readonly report?: ShardReport | undefined;
  /** A line for each request. */
  readonly requestLog?: Omit<RequestLog, 'workspaceOf'> | undefined;
  /** The workspace root is on this shard. */
  readonly holdsRoot: boolean;
  readonly externalUrl: string;
  readonly virtualWorkspaceUrl: string;
  readonly homeWorkspaces: boolean;
  /** Groups whose members may have a home workspace. */
  readonly homeCreatorGroups: readonly string[];
  readonly tokens: Pick<ServiceAccountTokens, 'issue' | 'issueForSecret' | 'issuer' | 'keySet'>;
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
  readonly handler: ApiServer['handler'];
  readonly requestProgress: ApiServer['requestProgress'];
  readonly drain: Readiness['drain'];
  endWatches(milliseconds: number): Promise<void>;
}

const bodyBytesMax = 3 * 1024 * 1024;
const watchBacklogBytesMax = 4 * 1024 * 1024;
const reconcilesAtOnce = 64;

/** The virtual workspaces that a shard serves. */
function virtualWorkspacesOf(parts: ShardParts): VirtualWorkspaces {
  const { bindings, clusters } = parts;
  const { locate } = clusters;
  return {
    apiexport: createApiExportWorkspace({
      ...parts,
      consumers: bindings.consumers,
      wasBound: bindings.wasBound,
      locate,
    }),
    apiresourceschema: createApiResourceSchemaWorkspace({
      ...parts,
      locate,
      hasCluster: (cluster) => clusters.facts(cluster) !== undefined,
    }),
  };
}

/** Where the paths of requests lead. */
function targetsOf(
  parts: ShardParts,
  { externalUrl, homeWorkspaces, isService }: ShardOptions,
  virtualWorkspaces: VirtualWorkspaces,
  metrics: () => Promise<string>,
): Targets {
  const { access, catalog, clusters, tenancy } = parts;
  return createTargets({
    access,
    catalog,
    base: catalog.base,
    exported: parts,
    facts: clusters.facts,
    resolve: clusters.resolve,
    virtualWorkspaces,
    homeWorkspace: createHomeWorkspaces({
      ...parts,
      ...tenancy,
      externalUrl,
      enabled: homeWorkspaces,
      authorizer: access.authorizer,
    }),
    metrics,
    isService,
  });
}

/** A fixed set of series, none per workspace, binding or definition. */
function seriesOf({ store, hub, catalog, clusters }: ShardParts): readonly Series[] {
  return [
    ...storeSeries(store),
    watchHubSeries(hub),
    {
      kind: 'gauge',
      name: 'kcp_cached_entries',
      help: 'Entries of bounded caches.',
      labels: ['cache'],
      read: () => [
        [{ cache: 'surfaces' }, catalog.size()],
        [{ cache: 'clusters' }, clusters.size()],
      ],
    },
  ];
}

/** Resolves when everything is there that a request may need. */
export async function composeShard(options: ShardOptions): Promise<Shard> {
  const { externalUrl, isService, report, role, tokens, authenticator, load = createServiceLoad() } = options;
  const parts = createParts(options);
  await bootstrap({ ...parts, rootExports, identityHashOf }, options);
  await parts.load();
  const { access, catalog, hub, otherShards, store } = parts;
  const removal = createClusterRemoval(parts);
  const controllers = createControllerRuntime(shardControllers(parts, removal, options), {
    ...parts,
    hub: parts.changes,
    concurrency: reconcilesAtOnce,
    onError: options.logController,
  });
  void controllers.start();
  const virtualWorkspaces = virtualWorkspacesOf(parts);
  const registry: RegistryDependencies = {
    ...parts,
    admission: createAdmissionChain(admissionPlugins(parts)),
    logicalClusterKey: storedLogicalClusterKey,
    originOf: catalog.originOf,
  };
  const cacheLists = createCacheLists();
  const metrics = createRequestMetrics({ isBuiltIn });
  const series = [
    ...seriesOf(parts),
    ...metrics.series,
    ...controllers.series,
    ...load.series,
    cacheLists.series,
    ...(role?.series ?? []),
    ...(report === undefined ? [] : shardReportSeries(report)),
  ];
  const readiness = createReadiness(store, [
    ...(report === undefined ? [] : shardReportChecks(report)),
    ...(role === undefined ? [] : [role.check]),
  ]);
  const server = createApiServer({
    deps: {
      hub,
      registry,
      protobuf: protobufMessages(allKinds),
      bodyBytesMax,
      watchBacklogBytesMax,
      special: createSpecialHandlers({ registry, reviews: access.reviews, tokens, authenticator }),
      presentation: createPresentation(new URL(externalUrl).host),
      countCacheList: cacheLists.count,
      streamSerializers: isService === undefined ? [] : [createFramedWatch(isService)],
    },
    checks: readiness.checks,
    version: versionInfo,
    issuer: issuerDocuments(tokens, externalUrl),
    inFlight: load.inFlight,
    authenticate: authenticator.authenticate,
    ...targetsOf(parts, options, virtualWorkspaces, createMetricsPage(series)),
    refuse: (request) => wrongClock(report, request),
    logFault: (request, error) => options.logFault(request.id, error),
    metrics,
    requestLog: options.requestLog && {
      ...options.requestLog,
      workspaceOf: (cluster) => parts.clusters.facts(cluster as ClusterName)?.path,
    },
  });
  return {
    handler: server.handler,
    requestProgress: server.requestProgress,
    requests: createClusterRequests({
      ...parts,
      ...parts.tenancy,
      externalUrl,
      ownShard: parts.shardName,
      catchUp: () => otherShards?.catchUp() ?? Promise.resolve(),
      remove: createRequestedRemoval(removal, parts.decide),
    }),
    keepShards: (leave) => keepShardObjects(parts, leave),
    drain: readiness.drain,
    endWatches: (milliseconds) => hub.endWatches(options.clock, milliseconds),
    async [Symbol.asyncDispose]() {
      readiness.drain();
      await controllers[Symbol.asyncDispose]();
      server[Symbol.dispose]();
      parts[Symbol.dispose]();
    },
  };
}
