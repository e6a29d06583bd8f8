/** The parts that everything else in a shard leans on: store, hub, caches that follow the commits, and what is served to whom. */

import type { LogicalClusterName, ResourceDefinition } from '@kcp-ts/api';
import { formatResourceVersion } from '@kcp-ts/api';
import type { Clock, Random, Turns } from '@kcp-ts/base';
import { createSystemTurns, every } from '@kcp-ts/base';
import type { Catalog, Components, ResourceDefinitionDependencies } from '@kcp-ts/catalog';
import { createCatalog, createComponents, resourcesOfDefinitions } from '@kcp-ts/catalog';
import type { BindingIndex } from '@kcp-ts/controllers';
import { createBindingIndex } from '@kcp-ts/controllers';
import type { YamlDecoder } from '@kcp-ts/http';
import { createYamlDecoder } from '@kcp-ts/http';
import { builtinDefinitions, rootExports, systemDefinitions } from '@kcp-ts/kinds';
import type { Conversion, ServedResource, Strategy } from '@kcp-ts/registry';
import { createSchemaCache } from '@kcp-ts/schema';
import type { ClusterIndex, Peers } from '@kcp-ts/sharding';
import { changesEverywhere, childElsewhere, createClusterIndex, objectsEverywhere } from '@kcp-ts/sharding';
import type { ApiResourceSchema, ClaimTables, ExportIndex } from '@kcp-ts/sharing';
import { boundSchemaKey, clusterOfKey, createClaimTables, createExportIndex, exportsPrefix } from '@kcp-ts/sharing';
import type { Decision, Operation, ParsedReader, Store } from '@kcp-ts/storage';
import { createParsedReader, eachBatch, encodeStored } from '@kcp-ts/storage';
import type { KnownIdentities, NewObject } from '@kcp-ts/tenancy';
import { createClusterDecision, createRootResources, logicalClustersPrefix, rootDefinitionsOf } from '@kcp-ts/tenancy';
import type { WatchHub } from '@kcp-ts/watch';
import { createWatchHub } from '@kcp-ts/watch';

export interface CoreOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly shardNumber: number;
  readonly shardName: string;
  readonly peers?: Peers | undefined;
  strategy(name: string): Strategy;
  conversion(definition: ResourceDefinition): Conversion | undefined;
}

export interface Core extends Disposable {
  readonly store: Store;
  readonly hub: WatchHub;
  readonly clock: Clock;
  readonly turns: Turns;
  /** Reads the YAML bodies of requests. */
  readonly yaml: YamlDecoder;
  readonly random: Random;
  readonly shardNumber: number;
  readonly shardName: string;
  /** Other shards, where there are any. */
  readonly peers: Peers | undefined;
  /** Objects of this shard, and the replicated ones of others. */
  readonly everywhere: Pick<Store, 'get' | 'head' | 'scan'>;
  /** Every change of this shard, and those of other shards' replicated objects. */
  readonly changes: Pick<WatchHub, 'onChanges'>;
  readonly reader: ParsedReader;
  readonly clusters: ClusterIndex;
  readonly catalog: Catalog;
  readonly components: Components;
  readonly exports: ExportIndex;
  readonly bindings: BindingIndex;
  readonly claims: ClaimTables;
  /** Puts the labels on a new object of a built-in kind by which claims find it. */
  labelNew(cluster: LogicalClusterName, created: NewObject): void;
  /** Identity hashes of root's own exports, known once the shard has been bootstrapped. */
  readonly identities: KnownIdentities;
  /** For who reads others to decide what to write; a new object relies on its logical cluster, which must be there and stay. */
  decide(): Decision;
  /** The storage version of what is built in, of the system's, or of what root exports. */
  served(group: string, plural: string): ServedResource;
  /** Where objects of a kind that root exports are stored. */
  ownPrefix(group: string, plural: string): string;
  /** Whether a resource is built in: it has one strategy, whoever exports a resource of its name. */
  isBuiltin(group: string, plural: string): boolean;
  keepSchema(schema: ApiResourceSchema): Operation | undefined;
  /** Fills what is kept in memory of exports and bindings; until then they know nothing. */
  load(): Promise<void>;
  /** Told of each logical cluster some seconds after it was deleted: nothing need be remembered of it. */
  onGone(forget: (cluster: LogicalClusterName) => void): void;
}

const cachedClusters = 10_000;
const cachedObjects = 2_000;
const sweepMs = 5_000;
const cachedSurfaces = 2_000;
/** Copies of schemas are not objects of an API: no row normalises them. */
const noFingerprint = '0000000000000000';

// check-allow function-length -- it joins the parts of a shard, one after the other
export function createCore(options: CoreOptions): Core {
  const { store, clock, random, shardNumber, shardName, peers } = options;
  const everywhere = objectsEverywhere(store, peers);
  const hub = createWatchHub(store, { formatRevision: (revision) => formatResourceVersion(revision, shardNumber) });
  const reader = createParsedReader(everywhere, cachedObjects);
  const definitionDeps: ResourceDefinitionDependencies = {
    schemas: createSchemaCache(),
    strategy: options.strategy,
    conversion: options.conversion,
  };
  const base = resourcesOfDefinitions(
    [...builtinDefinitions, ...systemDefinitions],
    () => '-',
    { kind: 'builtin' },
    definitionDeps,
  );
  const components = createComponents({
    ...definitionDeps,
    store,
    ownDefinitions: (bound) => (bound.exportCluster === 'root' ? rootDefinitionsOf(rootExports, bound) : undefined),
  });
  const rootResources = createRootResources(rootExports, (resource) => {
    const bound = { ...resource, schemaUid: 'own', exportCluster: 'root', terminating: false, limited: false };
    return components.ofExported(bound, { apiVersion: '', kind: '', metadata: { name: '' } }).resources()[0];
  });
  const { identities, prefix: ownPrefix } = rootResources;
  const catalog = createCatalog({
    store,
    base,
    componentsOfBinding: components.ofBinding,
    componentOfCrd: components.ofCrd,
    clustersMax: cachedClusters,
    surfacesMax: cachedSurfaces,
  });
  const exports = createExportIndex();
  const bindings = createBindingIndex(store);
  const claims = createClaimTables({ store, reader, clustersMax: cachedClusters });
  const gone = new Set<string>();
  const forgetters: ((cluster: LogicalClusterName) => void)[] = [];

  const clusters = createClusterIndex({
    store,
    workspacesPrefix: () =>
      identities.get('tenancy.kcp.io') === undefined ? undefined : ownPrefix('tenancy.kcp.io', 'workspaces'),
    entriesMax: cachedClusters,
    elsewhere:
      peers === undefined ? undefined : { child: (parent, name) => childElsewhere(store, peers, parent, name) },
  });
  const changes = changesEverywhere(hub, peers);
  const following = changes.onChanges((changed) => {
    for (const change of changed) {
      const { key, type } = change.event;
      reader.changed(key);
      clusters.changed(key);
      catalog.changed(key);
      if (type === 'delete' && key.startsWith(logicalClustersPrefix))
        gone.add(clusterOfKey(key, logicalClustersPrefix));
      claims.changed(change.event);
      bindings.changed(change);
      if (!key.startsWith(exportsPrefix)) continue;
      if (type === 'put') exports.put(change.event);
      else exports.remove(key);
    }
  });

  // Answers about a cluster that was deleted may have been cached by the last who asked: they are dropped a little later, together.
  const sweep = () => {
    for (const cluster of gone) {
      catalog.forget(cluster);
      claims.forget(cluster);
      for (const forget of forgetters) forget(cluster);
    }
    gone.clear();
  };
  const sweeper = every(clock, sweepMs, sweep);
  const yaml = createYamlDecoder({ clock });

  return {
    onGone: (forget) => void forgetters.push(forget),
    async load() {
      await bindings.load();
      for await (const entries of eachBatch(store, { prefix: exportsPrefix }))
        for (const entry of entries) exports.put(entry);
      for (const entry of peers?.objects.scan({ prefix: exportsPrefix }, Number.POSITIVE_INFINITY) ?? [])
        exports.put(entry);
    },
    store,
    hub,
    clock,
    turns: createSystemTurns(clock),
    yaml,
    random,
    shardNumber,
    shardName,
    peers,
    everywhere,
    changes,
    reader,
    clusters,
    catalog,
    components,
    exports,
    bindings,
    claims,
    labelNew: (cluster, { group, plural, object }) =>
      void claims.label(cluster, { group, plural, identity: '-' }, object),
    identities,
    ownPrefix,
    isBuiltin: (group, plural) => catalog.base.findAny(group, plural) !== undefined,
    decide: () => createClusterDecision(store),
    served: (group, plural) => catalog.base.findAny(group, plural) ?? rootResources.served(group, plural),
    keepSchema(schema) {
      const key = boundSchemaKey(schema.metadata.uid ?? '');
      if (store.peekHead(key) !== undefined) return undefined;
      return { op: 'put', key, expect: 'any', value: () => encodeStored(noFingerprint, 0, JSON.stringify(schema)) };
    },
    [Symbol.dispose]() {
      sweeper[Symbol.dispose]();
      yaml[Symbol.dispose]();
      following[Symbol.dispose]();
      hub[Symbol.dispose]();
    },
  };
}
