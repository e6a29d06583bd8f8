/**
 * A copy of all feeds in a store: each entry under a key of its own, and of a shard nothing that a
 * complete state of it has not got.
 */
import type { Operation } from '@kcp-ts/storage';
import type { FeedEntry, FeedHandler } from '../feed/feed.ts';
import type { OrderedWriter } from './ordered-writer.ts';

export interface CopyKeys {
  /** What an entry comes to; undefined where it is not copied. */
  operationOf(shard: string, entry: FeedEntry): Operation | undefined;
  /** The keys of all that is copied of a shard. */
  keysOf(shard: string): readonly string[];
  /** A key that is there while the copy of a shard is being made, in parts. */
  unfinished?(shard: string): string;
}

function removal(key: string): Operation {
  return { op: 'delete', key, expect: 'any' };
}

export function createCopyHandler(writer: OrderedWriter, { operationOf, keysOf, unfinished }: CopyKeys): FeedHandler {
  /** A key once, as it is in the end. */
  function operationsOf(shard: string, entries: readonly FeedEntry[]): readonly Operation[] {
    const newest = new Map(entries.map((entry) => [entry.key, entry]));
    return [...newest.values()].flatMap((entry) => operationOf(shard, entry) ?? []);
  }

  function end(shard: string, there: ReadonlySet<string>): void {
    writer.write(shard, () => {
      const gone = keysOf(shard).filter((key) => !there.has(key));
      return (unfinished === undefined ? gone : [...gone, unfinished(shard)]).map(removal);
    });
  }

  return {
    apply: ({ name }, entries) => writer.write(name, operationsOf(name, entries)),
    begin({ name }) {
      const there = new Set<string>();
      writer.begin(name);
      if (unfinished !== undefined)
        writer.write(name, [{ op: 'put', key: unfinished(name), expect: 'any', value: () => new Uint8Array() }]);
      return {
        add(entries) {
          const operations = operationsOf(name, entries);
          for (const { op, key } of operations) if (op === 'put') there.add(key);
          writer.write(name, operations);
        },
        end: () => end(name, there),
      };
    },
    removed(shard) {
      writer.begin(shard);
      end(shard, new Set());
    },
  };
}
