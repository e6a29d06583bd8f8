/**
 * The copies that a process keeps of other shards' objects, and an oracle beside them that sees
 * whether they ever received what never was.
 */
import type { Revision } from '@kcp-ts/api';
import type { FeedEntry, FeedHandler, FeedShard } from '@kcp-ts/sharding';
import { createEntryView, joinFeedHandlers } from '@kcp-ts/sharding';
import { copiedPrefix } from './feeds.ts';
import type { CopiesView, Simulation } from './simulation.ts';

interface Seen {
  readonly revision: Revision;
  readonly deleted: boolean;
}

/** `owner`: whose view it is, for the words. */
export function createCopiesView({ shards }: Simulation, owner: string): CopiesView {
  const view = createEntryView({ keep: (key) => key.startsWith(copiedPrefix) });
  const seen = new Map<string, Seen>();
  const violations: string[] = [];

  function isTrue(shard: string, { key, revision, value }: FeedEntry): boolean {
    const log = shards.get(shard)?.disk.log ?? [];
    const type = value === undefined ? 'delete' : 'put';
    return log.some((event) => event.revision === revision && event.key === key && event.type === type);
  }

  /**
   * What a shard has said of a key never becomes older, and what was deleted does not come back as
   * it was.
   */
  function oracle(shard: string, entry: FeedEntry): void {
    const { key, revision, value } = entry;
    if (!isTrue(shard, entry)) violations.push(`${owner} received ${key} at ${revision}, which never was`);
    const id = `${shard} ${key}`;
    const before = seen.get(id);
    const older =
      before !== undefined && (revision < before.revision || (revision === before.revision && before.deleted));
    if (older) violations.push(`${owner} went back from ${before.revision} to ${revision} of ${key}`);
    else seen.set(id, { revision, deleted: value === undefined });
  }

  /** What is not in a snapshot was deleted since it was seen. */
  function oracleEnd(shard: string, there: ReadonlySet<string>): void {
    const log = shards.get(shard)?.disk.log ?? [];
    for (const [id, { revision, deleted }] of seen) {
      const key = id.slice(shard.length + 1);
      if (deleted || !id.startsWith(`${shard} `) || there.has(key)) continue;
      const gone = log.findLast((event) => event.key === key && event.type === 'delete' && event.revision > revision);
      if (gone === undefined) violations.push(`${owner} lost ${key}, which it had seen at ${revision}`);
      else seen.set(id, { revision: gone.revision, deleted: true });
    }
  }

  const take = ({ name }: FeedShard, entries: readonly FeedEntry[]) => {
    for (const entry of entries) oracle(name, entry);
  };
  const watching: FeedHandler = {
    apply: take,
    begin(shard) {
      const there = new Set<string>();
      return {
        add(entries) {
          for (const { key } of entries) there.add(key);
          take(shard, entries);
        },
        end: () => oracleEnd(shard.name, there),
      };
    },
    removed: () => undefined,
  };
  return { view, feedHandler: joinFeedHandlers([view, watching]), violations };
}
