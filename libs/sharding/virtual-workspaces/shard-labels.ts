/**
 * The labels of shards, for those who select by them: a Shard object's, which operators change,
 * over those that the shard joined with.
 */
import type { KubeObject } from '@kcp-ts/api';
import { kindPrefix, parseStored } from '@kcp-ts/storage';
import { createEntryView } from '../feed/entry-view.ts';
import type { FeedHandler } from '../feed/feed.ts';
import type { ShardRecord } from '../membership/membership.ts';

const shardsPrefix = kindPrefix('core.kcp.io', 'shards');

export interface ShardLabels {
  readonly handler: FeedHandler;
  of(shard: ShardRecord): Readonly<Record<string, string>>;
}

export function createShardLabels(): ShardLabels {
  const view = createEntryView({ keep: (key) => key.startsWith(shardsPrefix) });
  return {
    handler: view,
    of({ name, labels }) {
      const entry = view.get(`${shardsPrefix}-/root//${name}`);
      const own = entry === undefined ? {} : parseStored<KubeObject>(entry.value).metadata.labels;
      return { name, ...labels, ...own };
    },
  };
}
