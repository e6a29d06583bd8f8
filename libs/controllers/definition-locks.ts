/**
 * Notes on the LogicalCluster which resources its CRDs have. Bindings note theirs in the commit
 * that binds them; CRDs may be thousands, so theirs are noted together, at most once a second:
 * nothing here decides by the note.
 */

import type { KubeObject, LogicalClusterName } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import { commit, nothing, wait } from '@kcp-ts/controller-runtime';
import {
  clusterOfKey,
  definitionsPrefix,
  formatLocks,
  nameOfKey,
  parseLocks,
  resourceLocksAnnotation,
  withDefinitions,
} from '@kcp-ts/sharing';
import type { Entry } from '@kcp-ts/storage';
import { eachBatch, flagDeleting, storedFlags } from '@kcp-ts/storage';
import { logicalClusterKey, logicalClustersPrefix } from '@kcp-ts/tenancy';
import { LRUCache } from 'lru-cache';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation } from './writer.ts';

export interface DefinitionLocksDependencies extends ControllerDependencies {}

const intervalMs = 1_000;
const clustersMax = 1_000;

/** A cluster of an earlier version has no note yet. */
function hasNote({ value }: Entry): boolean {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(resourceLocksAnnotation);
}

export function createDefinitionLocks(deps: DefinitionLocksDependencies): Controller {
  /** When each cluster's note was written last. */
  const written = new LRUCache<string, number>({ max: clustersMax });

  async function definitionsOf(cluster: LogicalClusterName): Promise<string[]> {
    const names: string[] = [];
    for await (const entries of eachBatch(deps.store, { prefix: `${definitionsPrefix}${cluster}/` }))
      names.push(...entries.map(({ key }) => nameOfKey(key)));
    return names;
  }

  return {
    name: 'definition-locks',
    watches: [
      {
        prefix: definitionsPrefix,
        initial: { perCluster: (cluster) => [cluster] },
        keys: ({ event: { type, previous }, parts }) =>
          type === 'delete' || previous === undefined ? [parts.cluster] : [],
      },
      {
        prefix: logicalClustersPrefix,
        initial: (entry) => (hasNote(entry) ? [] : [clusterOfKey(entry.key, logicalClustersPrefix)]),
      },
    ],
    async reconcile(cluster, decision) {
      const passed = deps.clock.monotonic() - (written.get(cluster) ?? Number.NEGATIVE_INFINITY);
      if (passed < intervalMs) return wait(intervalMs - passed, 'written less than a second ago');
      const definitions = await definitionsOf(cluster);
      const entry = decision.peek(logicalClusterKey(cluster));
      if (entry === undefined || (storedFlags(entry.value) & flagDeleting) !== 0) return nothing;
      const served = deps.served('core.kcp.io', 'logicalclusters');
      const object = objectOf<KubeObject>(served, entry);
      const before = object.metadata.annotations?.[resourceLocksAnnotation];
      const text = formatLocks(withDefinitions(parseLocks(before), definitions));
      if (text === before) return nothing;
      object.metadata.annotations = { ...object.metadata.annotations, [resourceLocksAnnotation]: text };
      written.set(cluster, deps.clock.monotonic());
      return commit([replaceOperation(deps, served, entry, object)]);
    },
  };
}
