/** This shard's objects and the replicated ones of others, read and followed as one. */

import type { ClusterName, LogicalClusterName, WorkspacePath } from '@kcp-ts/api';
import type { Store } from '@kcp-ts/storage';
import type { KnownCluster } from '@kcp-ts/tenancy';
import { logicalClusterKey } from '@kcp-ts/tenancy';
import type { WatchHub } from '@kcp-ts/watch';
import type { ClusterIndex, ClusterIndexDependencies } from '../locator/cluster-index.ts';
import { createClusterIndex } from '../locator/cluster-index.ts';
import type { Placement } from '../locator/path-index.ts';
import type { OtherShards } from './other-shards.ts';

/** Clusters are on one shard each: what this one has of a range is all there is. */
export function objectsOfAllShards(
  store: Store,
  otherShards: OtherShards | undefined,
): Pick<Store, 'get' | 'head' | 'scan'> {
  if (otherShards === undefined) return store;
  return {
    get: (key) => store.get(key) ?? otherShards.objects.get(key),
    head: (key) => store.head(key) ?? otherShards.objects.head(key),
    scan(range, limit, after) {
      const own = store.scan(range, limit, after);
      return own.length > 0 ? own : otherShards.objects.scan(range, limit, after);
    },
  };
}

/** Every change of this shard, and those of other shards' replicated objects. */
export function changesOfAllShards(hub: WatchHub, otherShards: OtherShards | undefined): Pick<WatchHub, 'onChanges'> {
  if (otherShards === undefined) return hub;
  return {
    onChanges(listener) {
      const own = hub.onChanges(listener);
      const others = otherShards.onChanges(listener);
      return {
        [Symbol.dispose]() {
          own[Symbol.dispose]();
          others[Symbol.dispose]();
        },
      };
    },
  };
}

/** What has not been received yet is not known to be missing. */
function childOfOtherShard(
  store: Pick<Store, 'head'>,
  otherShards: OtherShards,
  parent: ClusterName,
  name: string,
): Placement {
  const found = otherShards.index.child(parent, name);
  if (found.status !== 'unknown' || store.head(logicalClusterKey(parent)) !== undefined) return found;
  return otherShards.isComplete(parent) ? found : { status: 'unavailable' };
}

export interface ClustersOfAllShards extends ClusterIndex {
  /** The cluster that a path means; undefined where it means none that can be reached now. */
  locate(path: WorkspacePath | ClusterName): ClusterName | undefined;
  /** What is known of a cluster of any shard. */
  known(cluster: LogicalClusterName): KnownCluster | undefined;
}

/** The clusters of this shard, and what is known of those of others. */
export function clustersOfAllShards(
  deps: Omit<ClusterIndexDependencies, 'otherShards'>,
  otherShards: OtherShards | undefined,
): ClustersOfAllShards {
  const index = createClusterIndex({
    ...deps,
    otherShards: otherShards && {
      child: (parent, name) => childOfOtherShard(deps.store, otherShards, parent, name),
    },
  });
  return {
    ...index,
    locate(path) {
      const found = index.resolve(path);
      return found.status === 'found' ? found.cluster : undefined;
    },
    known(cluster) {
      const facts = index.facts(cluster as ClusterName);
      return facts === undefined
        ? otherShards?.index.cluster(cluster)
        : { path: facts.path, parent: facts.owner?.cluster };
    },
  };
}
