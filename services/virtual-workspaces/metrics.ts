/** The metrics of the service: a fixed set of series, by shard and status, none by workspace. */
import type { Series } from '@kcp-ts/observability';
import { createMetricsPage } from '@kcp-ts/observability';
import type { ServiceLoad } from '@kcp-ts/program';
import type { Directory, MergeDelays, ShardConnections, UpstreamWatches } from '@kcp-ts/sharding';
import { feedSeries } from '@kcp-ts/sharding';

export interface MetricsDependencies {
  readonly shards: ShardConnections;
  readonly upstreamWatches: UpstreamWatches;
  watches(): number;
  /** Requests by the status of the answer of a shard. */
  readonly requests: ReadonlyMap<string, number>;
  readonly load: ServiceLoad;
  readonly feeds: Directory['feeds'];
  readonly delays: MergeDelays;
}

/** The text of the page of metrics. */
export function createMetrics({
  shards,
  upstreamWatches,
  watches,
  requests,
  load,
  feeds,
  delays,
}: MetricsDependencies): () => Promise<string> {
  const gauge = (name: string, help: string, read: () => number): Series => ({
    kind: 'gauge',
    name: `kcp_virtual_workspaces_${name}`,
    help,
    read,
  });
  return createMetricsPage([
    {
      kind: 'counter',
      name: 'kcp_virtual_workspaces_shard_answers_total',
      help: 'Answers of shards, by their status; 503 for those that could not be reached.',
      labels: ['code'],
      read: () => [...requests].map(([code, count]) => [{ code }, count]),
    },
    gauge('watches', 'Watches over all shards.', watches),
    gauge('shard_watches', 'Watches held at shards for them.', () => upstreamWatches.size()),
    gauge(
      'membership_silent_seconds',
      'How long ago the membership answered.',
      () => shards.membership.silentForMs() / 1e3,
    ),
    {
      kind: 'gauge',
      name: 'kcp_virtual_workspaces_shard_excluded',
      help: 'Shards that are left out of merged streams.',
      labels: ['shard'],
      read: () =>
        shards.membership
          .current()
          .shards.map((shard) => [{ shard: shard.name }, shard.excludedAt === undefined ? 0 : 1]),
    },
    {
      kind: 'gauge',
      name: 'kcp_virtual_workspaces_circuit_open',
      help: 'Shards that are not tried now.',
      labels: ['backend'],
      read: () => shards.backends.statistics().map(({ url, open }) => [{ backend: url }, open ? 1 : 0]),
    },
    ...delays.series,
    ...feedSeries(feeds),
    ...load.series,
  ]);
}
