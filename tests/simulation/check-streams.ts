/**
 * Compares what clients were shown with what was committed: nothing out of order, nothing twice,
 * nothing missing but behind a 410.
 */

import type { Revision } from '@kcp-ts/api';
import type { Position, ShardRecord } from '@kcp-ts/sharding';
import { contentPrefix } from './feeds.ts';
import type { SimShard } from './simulation.ts';
import type { Segment } from './watcher.ts';

interface CommittedEvent extends Position {
  readonly key: string;
  readonly deleted: boolean;
}

function compare(left: Position, right: Position): number {
  return left.revision - right.revision || left.shard - right.shard;
}

function textOf({ revision, shard }: Position): string {
  return `${revision}/${shard}`;
}

function stateAt(truth: readonly CommittedEvent[], at: Revision): Map<string, Revision> {
  const state = new Map<string, Revision>();
  for (const { key, revision, deleted } of truth) {
    if (revision > at) break;
    if (deleted) state.delete(key);
    else state.set(key, revision);
  }
  return state;
}

function checkList(segment: Segment, committed: readonly CommittedEvent[]): string[] {
  const found: string[] = [];
  if (segment.acknowledged > segment.start)
    found.push(`a list at ${segment.start} misses the write ${segment.acknowledged}, acknowledged before it`);
  const truth = stateAt(committed, segment.start);
  for (const [key, revision] of truth) {
    if (!segment.state.has(key)) found.push(`a list at ${segment.start} misses ${key}`);
    else if (segment.state.get(key) !== revision)
      found.push(`a list at ${segment.start} shows ${key} at ${segment.state.get(key)}, not ${revision}`);
  }
  for (const key of segment.state.keys()) {
    if (!truth.has(key)) found.push(`a list at ${segment.start} shows ${key}, which is not there`);
  }
  return found;
}

/**
 * Whether a stream may miss it: its shard was left out, and the stream was ended since it cannot go
 * on before the shard counted again.
 */
export function mayMiss(
  event: Position,
  segment: Pick<Segment, 'gone' | 'position'>,
  record: ShardRecord | undefined,
): boolean {
  if (record === undefined) return false;
  if (record.excludedAt !== undefined && event.revision > record.excludedAt) return true;
  return (
    segment.gone &&
    record.absences.some(({ after, upTo }) => event.revision > after && segment.position.revision < upTo)
  );
}

function checkEvents(
  segment: Segment,
  truth: readonly CommittedEvent[],
  records: ReadonlyMap<number, ShardRecord>,
): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  let last: Position = { revision: segment.start, shard: 4095 };
  for (const event of segment.events) {
    if (compare(event, last) <= 0) found.push(`${textOf(event)} was shown behind ${textOf(last)}`);
    last = event;
    seen.add(textOf(event));
  }
  for (const event of truth) {
    if (event.revision <= segment.start || compare(event, segment.position) > 0) continue;
    if (seen.delete(textOf(event)) || mayMiss(event, segment, records.get(event.shard))) continue;
    found.push(`${textOf(event)} was not shown on the way from ${segment.start} to ${textOf(segment.position)}`);
  }
  for (const text of seen) found.push(`${text} was shown and is not there`);
  return found;
}

export interface Histories {
  readonly clients: readonly (readonly Segment[])[];
  readonly shards: readonly SimShard[];
  /** The membership at the end. */
  readonly records: readonly ShardRecord[];
}

/** What is wrong, in words; nothing where all is well. */
export function checkStreams({ clients, shards, records }: Histories): readonly string[] {
  const found: string[] = [];
  const byName = new Map(records.map((record) => [record.name, record]));
  const byNumber = new Map(records.map((record) => [record.number, record]));
  const truth = shards
    .flatMap(({ name, disk }) =>
      disk.log
        .filter(({ key }) => key.startsWith(contentPrefix))
        .map(({ revision, key, type }) => {
          const shard = byName.get(name)?.number ?? 0;
          return { revision, shard, key, deleted: type === 'delete' };
        }),
    )
    .sort(compare);
  const newest = truth.at(-1)?.revision ?? 0;
  for (const [i, segments] of clients.entries()) {
    const wrong = segments.flatMap((segment) => [
      ...checkList(segment, truth),
      ...checkEvents(segment, truth, byNumber),
    ]);
    found.push(...wrong.map((text) => `client ${i}: ${text}`));
    const end = segments.at(-1);
    if (end === undefined || end.gone || end.position.revision < newest)
      found.push(`client ${i} has not caught up at the end: ${end?.position.revision} of ${newest}`);
  }
  return found;
}
