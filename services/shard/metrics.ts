/** The shard's metrics: a fixed set of series, none per workspace, binding or definition. */
import type { Series } from '@kcp-ts/observability';
import { createMetricsPage } from '@kcp-ts/observability';
import { storeSeries } from '@kcp-ts/storage';
import type { ShardParts } from './parts.ts';

/** The text of the shard's `/metrics`. */
export function createMetricsText(
  { store, hub, catalog, clusters }: Pick<ShardParts, 'store' | 'hub' | 'catalog' | 'clusters'>,
  more: readonly Series[],
): () => Promise<string> {
  return createMetricsPage([
    ...storeSeries(store),
    {
      kind: 'gauge',
      name: 'kcp_watch_hub',
      help: 'Watchers, distinct ranges, and watchers that catch up.',
      labels: ['what'],
      read: () => Object.entries(hub.sizes()).map(([what, value]) => [{ what }, value]),
    },
    {
      kind: 'gauge',
      name: 'kcp_cached_entries',
      help: 'Entries of bounded caches.',
      labels: ['cache'],
      read: () => [
        [{ cache: 'surfaces' }, catalog.size()],
        [{ cache: 'clusters' }, clusters.size()],
      ],
    },
    ...more,
  ]);
}
