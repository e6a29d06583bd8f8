/** The parts that everything else in a shard leans on: store, hub, caches that follow the commits, and what is served to whom. */

import type { ClusterName, IdentityHash, ResourceDefinition } from '@kcp-ts/api';
import { formatResourceVersion, StatusError } from '@kcp-ts/api';
import { builtinDefinitions, rootExports, systemDefinitions } from '@kcp-ts/apis';
import type { Clock, Random, Turns } from '@kcp-ts/base';
import { createSystemTurns, every } from '@kcp-ts/base';
import type { BoundResource, Catalog, Components, ResourceDefinitionDependencies } from '@kcp-ts/catalog';
import { createCatalog, createComponents, resourcesOfDefinitions } from '@kcp-ts/catalog';
import type { BindingIndex } from '@kcp-ts/controllers';
import { createBindingIndex } from '@kcp-ts/controllers';
import type { YamlDecoder } from '@kcp-ts/http';
import { createYamlDecoder } from '@kcp-ts/http';
import type { Conversion, ServedResource, Strategy } from '@kcp-ts/registry';
import { createSchemaCache } from '@kcp-ts/schema';
import type { ClusterIndex, Peers, Placement } from '@kcp-ts/sharding';
import { createClusterIndex, logicalClusterKey } from '@kcp-ts/sharding';
import type { ApiResourceSchema, ClaimTables, ExportIndex } from '@kcp-ts/sharing';
import { boundSchemaKey, clusterOfKey, createClaimTables, createExportIndex, exportsPrefix } from '@kcp-ts/sharing';
import type { Decision, Operation, ParsedReader, Store } from '@kcp-ts/storage';
import {
  createDecision,
  createParsedReader,
  eachBatch,
  encodeStored,
  flagDeleting,
  parseKey,
  resourcePrefix,
  storedFlags,
} from '@kcp-ts/storage';
import type { NewObject } from '@kcp-ts/tenancy';
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
  labelNew(cluster: string, created: NewObject): void;
  readonly identities: Identities;
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
  onGone(forget: (cluster: string) => void): void;
}

/** Identity hashes of root's own exports, known once the shard has been bootstrapped. */
export interface Identities {
  get(exportName: string): IdentityHash | undefined;
  set(exportName: string, identityHash: IdentityHash): void;
}

const cachedClusters = 10_000;
const cachedObjects = 2_000;
const sweepMs = 5_000;
const logicalClustersPrefix = 'core.kcp.io/logicalclusters/-/';
const cachedSurfaces = 2_000;
/** Copies of schemas are not objects of an API: no row normalises them. */
const noFingerprint = '0000000000000000';

export function rootExportOf(group: string, plural: string): (typeof rootExports)[number] | undefined {
  return rootExports.find(({ definitions }) =>
    definitions.some((definition) => definition.group === group && definition.plural === plural),
  );
}

/** Where nothing is stored: the identity of exports that are not known yet. */
const nobodysIdentity = '0'.repeat(64) as IdentityHash;

function createIdentities(): Identities {
  const hashes = new Map<string, IdentityHash>();
  return { get: (name) => hashes.get(name), set: (name, hash) => void hashes.set(name, hash) };
}

function ownDefinitions({
  exportCluster,
  exportName,
  group,
  resource,
}: BoundResource): readonly ResourceDefinition[] | undefined {
  if (exportCluster !== 'root') return undefined;
  const definitions = rootExports
    .find(({ name }) => name === exportName)
    ?.definitions.filter((definition) => definition.group === group && definition.plural === resource);
  return definitions === undefined || definitions.length === 0 ? undefined : definitions;
}

/** What a controller makes in a cluster relies on it, as what a client makes does. The system's clusters are always there, and a cluster may be made with it. */
function guardMade(store: Store, key: string, operations: readonly Operation[]): Operation | undefined {
  const { cluster } = parseKey(key);
  const owner = logicalClusterKey(cluster);
  if (cluster.startsWith('system:') || operations.some((operation) => operation.key === owner)) return undefined;
  const entry = store.peek(owner);
  if (entry === undefined || (storedFlags(entry.value) & flagDeleting) !== 0)
    throw new StatusError('Conflict', `Cannot make ${key}: its logical cluster is not there any more`);
  return { op: 'check', key: owner, createRevision: entry.createRevision };
}

/** Clusters are on one shard each: what this one has of a range is all there is. */
function withPeers(store: Store, peers: Peers | undefined): Pick<Store, 'get' | 'head' | 'scan'> {
  if (peers === undefined) return store;
  return {
    get: (key) => store.get(key) ?? peers.objects.get(key),
    head: (key) => store.head(key) ?? peers.objects.head(key),
    scan(range, limit, after) {
      const own = store.scan(range, limit, after);
      return own.length > 0 ? own : peers.objects.scan(range, limit, after);
    },
  };
}

function mergedChanges(hub: WatchHub, peers: Peers | undefined): Pick<WatchHub, 'onChanges'> {
  if (peers === undefined) return hub;
  return {
    onChanges(listener) {
      const own = hub.onChanges(listener);
      const others = peers.onChanges(listener);
      return {
        [Symbol.dispose]() {
          own[Symbol.dispose]();
          others[Symbol.dispose]();
        },
      };
    },
  };
}

/** What has not been heard of yet is not known to be missing. */
function childElsewhere(store: Store, peers: Peers, parent: ClusterName, name: string): Placement {
  const found = peers.index.child(parent, name);
  if (found.status !== 'unknown' || store.head(logicalClusterKey(parent)) !== undefined) return found;
  return peers.isComplete(parent) ? found : { status: 'unavailable' };
}

// check-allow function-length -- it joins the parts of a shard, one after the other
export function createCore(options: CoreOptions): Core {
  const { store, clock, random, shardNumber, shardName, peers } = options;
  const everywhere = withPeers(store, peers);
  const hub = createWatchHub(store, { formatRevision: (revision) => formatResourceVersion(revision, shardNumber) });
  const reader = createParsedReader(everywhere, cachedObjects);
  const identities = createIdentities();
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
  const components = createComponents({ ...definitionDeps, store, ownDefinitions });
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
  const own = new Map<string, ServedResource>();
  const gone = new Set<string>();
  const forgetters: ((cluster: string) => void)[] = [];

  function ownPrefix(group: string, plural: string): string {
    const exported = rootExportOf(group, plural);
    const identity = exported === undefined ? undefined : identities.get(exported.name);
    return resourcePrefix(group, plural, identity ?? nobodysIdentity);
  }

  function ownServed(group: string, plural: string): ServedResource {
    const exported = rootExportOf(group, plural);
    const identityHash = exported === undefined ? undefined : identities.get(exported.name);
    if (exported === undefined || identityHash === undefined)
      throw new Error(`Cannot serve ${plural}.${group}: it is neither built in nor exported by root`);
    const key = `${group}/${plural}@${identityHash}`;
    let served = own.get(key);
    if (served === undefined) {
      const bound = {
        group,
        resource: plural,
        schemaUid: 'own',
        identityHash,
        exportCluster: 'root',
        exportName: exported.name,
        terminating: false,
        limited: false,
      };
      [served] = components.ofExported(bound, { apiVersion: '', kind: '', metadata: { name: '' } }).resources();
      if (served === undefined) throw new Error(`Cannot serve ${plural}.${group}: root's export has no row for it`);
      own.set(key, served);
    }
    return served;
  }

  const clusters = createClusterIndex({
    store,
    workspacesPrefix: () =>
      identities.get('tenancy.kcp.io') === undefined ? undefined : ownPrefix('tenancy.kcp.io', 'workspaces'),
    entriesMax: cachedClusters,
    elsewhere:
      peers === undefined ? undefined : { child: (parent, name) => childElsewhere(store, peers, parent, name) },
  });
  const changes = mergedChanges(hub, peers);
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
    decide: () => createDecision(store, { guardCreate: (key, operations) => guardMade(store, key, operations) }),
    served: (group, plural) => catalog.base.findAny(group, plural) ?? ownServed(group, plural),
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
