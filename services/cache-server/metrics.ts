/** The metrics of a cache-server: a fixed set of series, none by workspace. */
import type { Series } from '@kcp-ts/observability';
import { createMetricsPage } from '@kcp-ts/observability';
import type { Store } from '@kcp-ts/storage';

/** The text of the page of metrics. */
export function createMetrics(stores: Readonly<Record<string, Store>>, more: readonly Series[]): () => Promise<string> {
  return createMetricsPage([
    {
      kind: 'counter',
      name: 'kcp_cache_operations_total',
      help: 'Copies written or removed.',
      labels: ['store'],
      read: () => Object.entries(stores).map(([name, each]) => [{ store: name }, each.statistics().operations]),
    },
    ...more,
  ]);
}
