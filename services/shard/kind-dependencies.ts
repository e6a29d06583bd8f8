/** What the strategies of built-in kinds take from the shard. */

import type { ClusterName } from '@kcp-ts/api';
import type { KindDependencies } from '@kcp-ts/kinds';
import type { ShardParts } from './parts.ts';

export function kindDependencies(parts: ShardParts): KindDependencies {
  const { access, caBundle, clusters, isBuiltin, labelNew, otherShards, random, served, shardNumber } = parts;
  const { mayBind, mayUse, meantBy } = parts.rights;
  const { plan, types, resolve, pathOf } = parts.tenancy;
  return {
    plan,
    types,
    resolve,
    pathOf,
    mayBind,
    meantBy,
    served,
    uuid: random.uuid,
    shardNumber,
    caBundle,
    label: labelNew,
    clusterDeleting: (cluster) => clusters.facts(cluster)?.deleting ?? false,
    escalation: access.escalation,
    maySign: access.maySign,
    parent: (cluster) => clusters.facts(cluster as ClusterName),
    mayUse: (context, type) => mayUse(context, type.cluster, type.name),
    clustersOn: (shard) => otherShards?.load(shard) ?? 0,
    isBuiltin,
  };
}
