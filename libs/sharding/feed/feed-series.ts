/** What a service that follows all shards reports of that. */
import type { Series } from '@kcp-ts/observability';
import type { FeedConsumer } from './feed-consumer-interface.ts';

export interface FeedReport {
  /** Names of the shards that are followed. */
  shards(): readonly string[];
  readonly ageMs: FeedConsumer['ageMs'];
  /** What the index of workspaces holds. */
  indexed(): { readonly clusters: number; readonly workspaces: number };
}

/** A series for each shard that is followed, and two more. */
export function feedSeries({ shards, ageMs, indexed }: FeedReport): readonly Series[] {
  return [
    {
      kind: 'gauge',
      name: 'kcp_feed_lag_seconds',
      help: 'How long ago what is known here of a shard was surely complete; +Inf before its feed has been read.',
      labels: ['shard'],
      read: () => shards().map((shard) => [{ shard }, (ageMs(shard) ?? Number.POSITIVE_INFINITY) / 1_000]),
    },
    {
      kind: 'gauge',
      name: 'kcp_index_clusters',
      help: 'Logical clusters in the index of this service, of all shards that it follows.',
      read: () => indexed().clusters,
    },
    {
      kind: 'gauge',
      name: 'kcp_index_workspaces',
      help: 'Workspaces in the index of this service, of all shards that it follows.',
      read: () => indexed().workspaces,
    },
  ];
}
