/** The shard's metrics: a fixed set of series, none per workspace, binding or definition. */
import type { ApiRequest } from '@kcp-ts/apiserver';
import type { Series } from '@kcp-ts/observability';
import { createMetricsPage } from '@kcp-ts/observability';
import { storeSeries } from '@kcp-ts/storage';
import type { ShardParts } from './parts.ts';

export interface Metrics {
  observe(request: ApiRequest): void;
  text(): Promise<string>;
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

export function createMetrics(
  { store, hub, catalog, clusters }: Pick<ShardParts, 'store' | 'hub' | 'catalog' | 'clusters'>,
  more: readonly Series[],
): Metrics {
  const requests = new Map<string, number>();
  const text = createMetricsPage([
    {
      kind: 'counter',
      name: 'apiserver_request_total',
      help: 'Requests answered, by verb.',
      labels: ['verb'],
      read: () => [...requests].map(([verb, count]) => [{ verb }, count]),
    },
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
  return {
    text,
    observe({ method }) {
      const verb = verbs[method] ?? 'other';
      requests.set(verb, (requests.get(verb) ?? 0) + 1);
    },
  };
}
