/**
 * Of several bindings to one resource one has it, and instances are there only while some binding
 * has them.
 */
import type { StoreEvent } from '@kcp-ts/storage';
import { parseKey, parseStored } from '@kcp-ts/storage';
import type { SimShard } from '../simulation.ts';
import { group, resource } from './provider.ts';

interface ClusterState {
  readonly holders: Set<string>;
  readonly instances: Set<string>;
}

function holds({ type, value }: StoreEvent): boolean {
  if (type === 'delete') return false;
  const { status } = parseStored<{ status?: { boundResources?: readonly { resource: string }[] } }>(value);
  return status?.boundResources?.some((bound) => bound.resource === resource) === true;
}

/** What is wrong, in words; nothing where all is well. */
export function checkBindings(shards: Iterable<SimShard>): readonly string[] {
  const found: string[] = [];
  for (const { disk } of shards) {
    const clusters = new Map<string, ClusterState>();
    for (const event of disk.log) {
      const { key, type, revision } = event;
      const parts = parseKey(key);
      const { holders, instances } = clusters.get(parts.cluster) ?? { holders: new Set(), instances: new Set() };
      clusters.set(parts.cluster, { holders, instances });
      if (parts.resource === 'apibindings') {
        if (holds(event)) holders.add(parts.name);
        else holders.delete(parts.name);
        if (holders.size > 1)
          found.push(`at ${revision} ${[...holders].join(' and ')} of ${parts.cluster} have ${resource}`);
      } else if (parts.group === group && parts.resource === resource) {
        if (type === 'put') instances.add(key);
        else instances.delete(key);
        if (holders.size === 0) found.push(`${key} was changed at ${revision}, and is bound by nobody`);
      }
    }
    for (const [cluster, { holders, instances }] of clusters)
      if (holders.size === 0 && instances.size > 0)
        found.push(`${instances.size} ${resource} are left in ${cluster}, bound by nobody`);
  }
  return found;
}
