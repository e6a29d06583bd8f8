/**
 * Revisions that other shards have committed move this shard's clock on, within a bound: what lies
 * beyond it is refused, counted and logged, and nothing else changes.
 */
import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import type { Store } from '@kcp-ts/storage';
import type { FeedEntry, FeedHandler } from './feed.ts';

export interface ReceivedRevisions {
  /** What is committed here after something was received is later than it. */
  readonly feedHandler: FeedHandler;
  /** How often each shard was ahead of us by more than is followed. */
  refused(): ReadonlyMap<string, number>;
}

/**
 * `alarm` is called with the first revision that is refused of a shard, and again after one that
 * was not.
 */
export function receiveRevisions(
  store: Pick<Store, 'observe'>,
  alarm: (shard: string, revision: Revision) => void,
): ReceivedRevisions {
  const refused = new Map<string, number>();
  const alarmed = new Set<string>();

  function observe(shard: string, entries: readonly FeedEntry[]): void {
    let newest = revisionZero;
    for (const { revision } of entries) if (revision > newest) newest = revision;
    if (store.observe(newest)) {
      alarmed.delete(shard);
      return;
    }
    refused.set(shard, (refused.get(shard) ?? 0) + 1);
    if (alarmed.has(shard)) return;
    alarmed.add(shard);
    alarm(shard, newest);
  }

  return {
    feedHandler: {
      apply: ({ name }, entries) => observe(name, entries),
      begin: ({ name }) => ({ add: (entries) => observe(name, entries), end: () => undefined }),
      removed(shard) {
        alarmed.delete(shard);
        refused.delete(shard);
      },
    },
    refused: () => refused,
  };
}
