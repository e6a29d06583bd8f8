/**
 * Annotates objects by which other shards judge in the commit that makes them, so that a right
 * counts everywhere as soon as it was given.
 */
import type { KubeObject } from '@kcp-ts/api';
import { objectKey } from '@kcp-ts/registry';
import type { Decision, Reads } from '@kcp-ts/storage';
import type { AdmissionPlugin } from '../plugin.ts';

export interface ReplicationDependencies {
  decide(): Decision;
  /**
   * Sets the annotation that lets an object leave the shard, or removes it, by what it and the
   * objects that are read say.
   */
  annotate(reads: Reads, key: string, object: KubeObject): void;
}

export function createReplication({ decide, annotate }: ReplicationDependencies): AdmissionPlugin {
  return {
    name: 'Replication',
    operations: ['CREATE', 'UPDATE'],
    resources: ['clusterroles.rbac.authorization.k8s.io', 'clusterrolebindings.rbac.authorization.k8s.io'],
    settle({ served, cluster, object }) {
      if (object === undefined) return [];
      const decision = decide();
      annotate(decision, objectKey(served, cluster, '', object.metadata.name), object);
      return decision.conditions([]);
    },
  };
}
