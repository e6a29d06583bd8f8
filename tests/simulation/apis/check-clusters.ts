/**
 * A cluster's content is there only while its LogicalCluster is: that is made first and goes last,
 * and a cluster that goes takes nothing new.
 */

import type { StoreEvent } from '@kcp-ts/storage';
import { flagDeleting, parseKey, storedFlags } from '@kcp-ts/storage';
import { isLogicalClusterKey } from '@kcp-ts/tenancy';
import type { SimShard } from '../simulation.ts';

interface ClusterState {
  there: 'no' | 'yes' | 'going';
  readonly keys: Set<string>;
}

/** Made by the first start, beside each other. */
function isOwn(cluster: string): boolean {
  return cluster === 'root' || cluster.startsWith('system:');
}

function applyCluster(state: ClusterState, { type, key, value, revision }: StoreEvent): string[] {
  const wasThere = state.there;
  state.there = type === 'delete' ? 'no' : (storedFlags(value) & flagDeleting) === 0 ? 'yes' : 'going';
  const became = wasThere === 'no' ? 'made' : state.there === 'no' ? 'removed' : undefined;
  if (became === undefined || state.keys.size === 0) return [];
  const some = [...state.keys].slice(0, 2).join(' and ');
  return [`${key} was ${became} at ${revision}, while ${state.keys.size} others were there: ${some}`];
}

function applyContent({ there, keys }: ClusterState, { type, key, revision, previous }: StoreEvent): string[] {
  const found: string[] = [];
  if (type === 'put') {
    if (there === 'no') found.push(`${key} was written at ${revision}, and its cluster is not there`);
    if (there === 'going' && previous === undefined)
      found.push(`${key} was made at ${revision}, in a cluster that goes`);
    keys.add(key);
  } else keys.delete(key);
  return found;
}

/** What is wrong, in words; nothing where all is well. */
export function checkClusters(shards: Iterable<SimShard>): readonly string[] {
  const found: string[] = [];
  for (const { name, disk } of shards) {
    const clusters = new Map<string, ClusterState>();
    for (const event of disk.log) {
      const { cluster } = parseKey(event.key);
      if (isOwn(cluster)) continue;
      const state = clusters.get(cluster) ?? { there: 'no', keys: new Set() };
      clusters.set(cluster, state);
      found.push(...(isLogicalClusterKey(event.key) ? applyCluster : applyContent)(state, event));
    }
    for (const [cluster, { there }] of clusters)
      if (there === 'going') found.push(`${cluster} on ${name} still goes at the end`);
  }
  return found;
}
