/**
 * The parts of a shard that follow its commits: what is served, caches of what the store has, and
 * who may do what.
 */

import { createReferenceRights } from '@kcp-ts/admission';
import type { ClusterName } from '@kcp-ts/api';
import { formatResourceVersion } from '@kcp-ts/api';
import { createAccess, createStoreRuleSource } from '@kcp-ts/authz';
import type { Clock, Random } from '@kcp-ts/base';
import { createSystemTurns } from '@kcp-ts/base';
import { boundExportOf } from '@kcp-ts/catalog';
import { createBindingIndex } from '@kcp-ts/controllers';
import { createServedKinds, kindDependenciesOf } from '@kcp-ts/kinds';
import type { OtherShards } from '@kcp-ts/sharding';
import { changesOfAllShards, clustersOfAllShards, objectsOfAllShards } from '@kcp-ts/sharding';
import { createClaimTables, createExportIndex, exportKey, keepBoundSchema, policyOwners } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import { createParsedReader } from '@kcp-ts/storage';
import type { NewObject } from '@kcp-ts/tenancy';
import { createClusterDecision, createTenancy, forgetDeletedClusters, rootPrefixesOf } from '@kcp-ts/tenancy';
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
}

export type ShardParts = ReturnType<typeof createParts>;

const clustersMax = 10_000;
const objectsMax = 2_000;
const surfacesMax = 2_000;

// check-allow function-length -- it joins the parts, one after the other
export function createParts(options: PartsOptions) {
  const { store, clock, random, shardNumber, shardName, caBundle, otherShards } = options;
  const kinds = createServedKinds({ store, clustersMax, surfacesMax });
  const { catalog, components, identities, prefix, served, isBuiltin } = kinds;
  const prefixes = rootPrefixesOf(kinds);
  const ofAllShards = objectsOfAllShards(store, otherShards);
  const hub = createWatchHub(store, { formatRevision: (revision) => formatResourceVersion(revision, shardNumber) });
  const changes = changesOfAllShards(hub, otherShards);
  const reader = createParsedReader(ofAllShards, objectsMax);
  const exports = createExportIndex();
  const bindings = createBindingIndex(store);
  const claims = createClaimTables({ store, reader, clustersMax });
  const clustersOn = (shard: string) => (otherShards === undefined ? 0 : otherShards.load(shard));
  const clusters = clustersOfAllShards(
    {
      store,
      workspacesPrefix: () =>
        identities.get('tenancy.kcp.io') === undefined ? undefined : prefixes.workspacesPrefix(),
      entriesMax: clustersMax,
    },
    otherShards,
  );
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
    locate: clusters.locate,
    cluster: clusters.known,
    prefix,
    served,
    uuid: random.uuid,
    shardNumber,
    random,
    caBundle,
    placing: { ownShard: shardName, load: clustersOn },
    keepSchema,
  });
  const rights = createReferenceRights({
    access,
    resolve: tenancy.resolve,
    hasExport: (cluster, name) => reader.get(exportKey(cluster, name)) !== undefined,
  });
  /** Puts the labels on a new object of a built-in kind by which claims find it. */
  const label = (cluster: ClusterName, { group, plural, object }: NewObject) =>
    void claims.label(cluster, { group, plural, identity: '-' }, object);
  const own = { store, clock, random, shardNumber, shardName, caBundle, otherShards };
  const server = { ...own, access, clusters, isBuiltin, label, rights, served, tenancy };
  kinds.defineStrategies(kindDependenciesOf({ ...server, clustersOn: (shard) => clustersOn(shard) ?? 0 }));
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
    ...server,
    ...kinds,
    ...prefixes,
    ofAllShards,
    hub,
    changes,
    reader,
    exports,
    bindings,
    claims,
    surfaces,
    keepSchema,
    turns: createSystemTurns(clock),
    decide: () => createClusterDecision(store),
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
