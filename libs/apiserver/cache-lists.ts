/**
 * Counts lists with `resourceVersion=0` by group and resource, as kube-apiserver counts the lists
 * that its watch cache answers. Here there is no such cache: all lists read the store.
 */

import type { ResourceDefinition } from '@kcp-ts/api';
import type { Series } from '@kcp-ts/observability';

export interface CacheLists {
  count(definition: Pick<ResourceDefinition, 'group' | 'plural'>): void;
  readonly series: Series;
}

/** Bounds the number of series: tenants define resources. Others are counted together. */
const resourcesMax = 500;
const others = { group: '', resource: 'other' };

export function createCacheLists(): CacheLists {
  const counts = new Map<string, number>();
  let rest = 0;
  return {
    count({ group, plural }) {
      const resource = `${group}/${plural}`;
      const before = counts.get(resource);
      if (before === undefined && counts.size >= resourcesMax) rest++;
      else counts.set(resource, (before ?? 0) + 1);
    },
    series: {
      kind: 'counter',
      name: 'apiserver_cache_list_total',
      help: 'Lists with resourceVersion=0 by group and resource; beyond 500 resources as "other".',
      labels: ['group', 'resource'],
      *read() {
        for (const [name, count] of counts) {
          const [group = '', resource = ''] = name.split('/');
          yield [{ group, resource }, count];
        }
        if (rest > 0) yield [others, rest];
      },
    },
  };
}
