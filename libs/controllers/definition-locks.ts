/**
 * Notes on the LogicalCluster which resources its CRDs have. Bindings note theirs in the commit that binds them; CRDs may be thousands, so theirs are noted
 * together, at most once a second: nothing here decides by the note.
 */

import type { KubeObject } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
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
import { LRUCache } from 'lru-cache';
import type { ControllerDependencies } from './writer.ts';
import { commitOrAgain, objectOf, replaceOperation } from './writer.ts';

export interface DefinitionLocksDependencies extends ControllerDependencies {
  logicalClusterKey(cluster: string): string;
}

const logicalClustersPrefix = 'core.kcp.io/logicalclusters/-/';
const intervalMs = 1_000;
const clustersMax = 1_000;

/** A cluster of an earlier version has no note yet. */
function hasNote({ value }: Entry): boolean {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(resourceLocksAnnotation);
}

export function createDefinitionLocks(deps: DefinitionLocksDependencies): Controller {
  /** When each cluster's note was written last. */
  const written = new LRUCache<string, number>({ max: clustersMax });

  async function definitionsOf(cluster: string): Promise<string[]> {
    const names: string[] = [];
    for await (const entries of eachBatch(deps.store, { prefix: `${definitionsPrefix}${cluster}/` }))
      names.push(...entries.map(({ key }) => nameOfKey(key)));
    return names;
  }

  return {
    name: 'definition-locks',
    wake: ({ event: { key, type, previous }, parts }) =>
      key.startsWith(definitionsPrefix) && (type === 'delete' || previous === undefined) ? [parts.cluster] : [],
    async *resume() {
      let last = '';
      for await (const entries of eachBatch(deps.store, { prefix: definitionsPrefix })) {
        for (const { key } of entries) {
          const cluster = clusterOfKey(key, definitionsPrefix);
          if (cluster !== last) yield cluster;
          last = cluster;
        }
      }
      for await (const entries of eachBatch(deps.store, { prefix: logicalClustersPrefix }))
        for (const entry of entries) if (!hasNote(entry)) yield clusterOfKey(entry.key, logicalClustersPrefix);
    },
    async reconcile(cluster, decision) {
      const passed = deps.clock.monotonic() - (written.get(cluster) ?? Number.NEGATIVE_INFINITY);
      if (passed < intervalMs) return intervalMs - passed;
      const definitions = await definitionsOf(cluster);
      const entry = decision.peek(deps.logicalClusterKey(cluster));
      if (entry === undefined || (storedFlags(entry.value) & flagDeleting) !== 0) return undefined;
      const served = deps.served('core.kcp.io', 'logicalclusters');
      const object = objectOf<KubeObject>(served, entry);
      const before = object.metadata.annotations?.[resourceLocksAnnotation];
      const text = formatLocks(withDefinitions(parseLocks(before), definitions));
      if (text === before) return undefined;
      object.metadata.annotations = { ...object.metadata.annotations, [resourceLocksAnnotation]: text };
      written.set(cluster, deps.clock.monotonic());
      return commitOrAgain(decision, [replaceOperation(deps, served, entry, object)]);
    },
  };
}
