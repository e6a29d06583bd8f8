/**
 * The parts of a shard that follow its commits: what is served, caches of what the store has, and
 * who may do what.
 */

import { createReferenceRights } from '@kcp-ts/admission';
import type { ClusterName, ResourceDefinition } from '@kcp-ts/api';
import { formatResourceVersion } from '@kcp-ts/api';
import { createAccess, createStoreRuleSource } from '@kcp-ts/authz';
import type { Clock, Random } from '@kcp-ts/base';
import { createSystemTurns } from '@kcp-ts/base';
import type { ResourceDefinitionDependencies } from '@kcp-ts/catalog';
import { boundExportOf, createCatalog, createComponents, resourcesOfDefinitions } from '@kcp-ts/catalog';
import { createBindingIndex } from '@kcp-ts/controllers';
import { builtinDefinitions, rootExports, systemDefinitions } from '@kcp-ts/kinds';
import type { Conversion, Strategy } from '@kcp-ts/registry';
import { createSchemaCache } from '@kcp-ts/schema';
import type { OtherShards } from '@kcp-ts/sharding';
import { changesOfAllShards, childOfOtherShard, createClusterIndex, objectsOfAllShards } from '@kcp-ts/sharding';
import { createClaimTables, createExportIndex, exportKey, keepBoundSchema, policyOwners } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import { createParsedReader } from '@kcp-ts/storage';
import type { NewObject } from '@kcp-ts/tenancy';
import {
  createClusterDecision,
  createRootResources,
  createTenancy,
  forgetDeletedClusters,
  rootDefinitionsOf,
} from '@kcp-ts/tenancy';
import { createExportSurfaces } from '@kcp-ts/virtual-workspaces';
import { createWatchHub } from '@kcp-ts/watch';

export interface PartsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly shardNumber: number;
  readonly shardName: string;
  readonly caBundle: string;
  /** Other shards, where there are any. */
  readonly otherShards?: OtherShards | undefined;
  strategy(name: string): Strategy;
  conversion(definition: ResourceDefinition): Conversion | undefined;
}

export type ShardParts = ReturnType<typeof createParts>;

const cachedClusters = 10_000;
const cachedObjects = 2_000;
const cachedSurfaces = 2_000;

/** What is served: built-in kinds, those that root exports, and what clusters bind or define. */
function createServed({ store, strategy, conversion }: Pick<PartsOptions, 'store' | 'strategy' | 'conversion'>) {
  const deps: ResourceDefinitionDependencies = { schemas: createSchemaCache(), strategy, conversion };
  const builtin = { kind: 'builtin' } as const;
  const base = resourcesOfDefinitions([...builtinDefinitions, ...systemDefinitions], () => '-', builtin, deps);
  const components = createComponents({
    ...deps,
    store,
    ownDefinitions: (bound) => (bound.exportCluster === 'root' ? rootDefinitionsOf(rootExports, bound) : undefined),
  });
  const { identities, prefix, served } = createRootResources(rootExports, (resource) => {
    const bound = { ...resource, schemaUid: 'own', exportCluster: 'root', terminating: false, limited: false };
    return components.ofExported(bound, { apiVersion: '', kind: '', metadata: { name: '' } }).resources()[0];
  });
  const catalog = createCatalog({
    store,
    base,
    componentsOfBinding: components.ofBinding,
    componentOfCrd: components.ofCrd,
    clustersMax: cachedClusters,
    surfacesMax: cachedSurfaces,
  });
  return {
    catalog,
    components,
    /** Identity hashes of root's own exports, known once the shard has been bootstrapped. */
    identities,
    /** Where objects of a kind that root exports are stored. */
    prefix,
    /** The storage version of what is built in, of the system's, or of what root exports. */
    served: (group: string, plural: string) => catalog.base.findAny(group, plural) ?? served(group, plural),
    isBuiltin: (group: string, plural: string) => catalog.base.findAny(group, plural) !== undefined,
  };
}

// check-allow function-length -- it joins the parts, one after the other
export function createParts(options: PartsOptions) {
  const { store, clock, random, shardNumber, shardName, caBundle, otherShards } = options;
  const resources = createServed(options);
  const { catalog, components, identities, prefix, served, isBuiltin } = resources;
  const ofAllShards = objectsOfAllShards(store, otherShards);
  const hub = createWatchHub(store, { formatRevision: (revision) => formatResourceVersion(revision, shardNumber) });
  const changes = changesOfAllShards(hub, otherShards);
  const reader = createParsedReader(ofAllShards, cachedObjects);
  const exports = createExportIndex();
  const bindings = createBindingIndex(store);
  const claims = createClaimTables({ store, reader, clustersMax: cachedClusters });
  const clusters = createClusterIndex({
    store,
    workspacesPrefix: () =>
      identities.get('tenancy.kcp.io') === undefined ? undefined : prefix('tenancy.kcp.io', 'workspaces'),
    entriesMax: cachedClusters,
    otherShards:
      otherShards === undefined
        ? undefined
        : { child: (parent, name) => childOfOtherShard(store, otherShards, parent, name) },
  });
  const access = createAccess({
    rules: createStoreRuleSource(ofAllShards),
    cluster: (name) => clusters.facts(name as ClusterName),
    otherCluster: (name) => otherShards?.index.cluster(name),
    boundExport: (cluster, group, resource) =>
      boundExportOf({ catalog, reader }, cluster as ClusterName, group, resource),
    policyOwners: (identity, group, plural) => policyOwners({ exports, reader }, identity, group, plural),
    isFresh: (cluster) => otherShards?.isFresh(cluster) !== false,
  });
  const surfaces = createExportSurfaces({ catalog, components, exports, reader, isBuiltin });
  const keepSchema = keepBoundSchema.bind(undefined, store);
  const tenancy = createTenancy({
    store,
    objects: ofAllShards,
    replicated: otherShards?.objects,
    reader,
    locate(path) {
      const found = clusters.resolve(path);
      return found.status === 'found' ? found.cluster : undefined;
    },
    cluster(name) {
      const facts = clusters.facts(name as ClusterName);
      return facts === undefined
        ? otherShards?.index.cluster(name)
        : { path: facts.path, parent: facts.owner?.cluster };
    },
    prefix,
    served,
    uuid: random.uuid,
    shardNumber,
    random,
    caBundle,
    placing: { ownShard: shardName, load: (shard) => (otherShards === undefined ? 0 : otherShards.load(shard)) },
    keepSchema,
  });
  const rights = createReferenceRights({
    access,
    resolve: tenancy.resolve,
    hasExport: (cluster, name) => reader.get(exportKey(cluster, name)) !== undefined,
  });
  const following = changes.onChanges((changed) => {
    for (const change of changed) {
      const { key } = change.event;
      reader.changed(key);
      clusters.changed(key);
      catalog.changed(key);
      claims.changed(change.event);
      bindings.changed(change);
      exports.changed(change.event);
      access.changed(key);
      surfaces.changed(key);
    }
  });
  const forgetting = forgetDeletedClusters({ clock, changes, forget: [catalog.forget, claims.forget, access.forget] });
  return {
    store,
    clock,
    random,
    shardNumber,
    shardName,
    caBundle,
    otherShards,
    ...resources,
    ofAllShards,
    hub,
    changes,
    reader,
    exports,
    bindings,
    claims,
    clusters,
    access,
    surfaces,
    tenancy,
    rights,
    keepSchema,
    turns: createSystemTurns(clock),
    decide: () => createClusterDecision(store),
    /** Puts the labels on a new object of a built-in kind by which claims find it. */
    labelNew: (cluster: ClusterName, { group, plural, object }: NewObject) =>
      void claims.label(cluster, { group, plural, identity: '-' }, object),
    /** Fills what is kept in memory of exports and bindings; until then they know nothing. */
    async load() {
      await bindings.load();
      await exports.load(store, otherShards?.objects);
    },
    [Symbol.dispose]() {
      forgetting[Symbol.dispose]();
      following[Symbol.dispose]();
      hub[Symbol.dispose]();
    },
  };
}
