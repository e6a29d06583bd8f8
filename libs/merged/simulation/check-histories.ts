/** Compares what clients were shown with what was committed: nothing out of order, nothing twice, nothing missing but behind a 410. */
import type { Revision } from '@kcp-ts/meta';
import type { Position } from '../resume.ts';
import type { MergedShard } from '../shards.ts';
import type { Segment } from './sim-client.ts';
import type { SimEvent, SimShard } from './sim-shard.ts';

function compare(left: Position, right: Position): number {
  return left.revision - right.revision || left.shard - right.shard;
}

function textOf({ revision, shard }: Position): string {
  return `${revision}/${shard}`;
}

function checkList(segment: Segment, shards: readonly SimShard[]): string[] {
  const found: string[] = [];
  if (segment.acknowledged > segment.start)
    found.push(`a list at ${segment.start} misses the write ${segment.acknowledged}, acknowledged before it`);
  const truth = new Map(shards.flatMap((shard) => [...shard.stateAt(segment.start)]));
  for (const [key, revision] of truth) {
    if (!segment.state.has(key)) found.push(`a list at ${segment.start} misses ${key}`);
    else if ((segment.state.get(key) ?? revision) !== revision)
      found.push(`a list at ${segment.start} shows ${key} at ${segment.state.get(key)}, not ${revision}`);
  }
  for (const key of segment.state.keys()) {
    if (!truth.has(key)) found.push(`a list at ${segment.start} shows ${key}, which is not there`);
  }
  return found;
}

/** Whether a stream may miss it: its shard was left out, and the stream was told that it cannot go on before the shard counted again. */
function mayMiss(event: SimEvent, segment: Segment, record: MergedShard | undefined): boolean {
  if (record === undefined) return false;
  if (record.excludedAt !== undefined && event.revision > record.excludedAt) return true;
  return (
    segment.gone &&
    record.absences.some(({ after, upTo }) => event.revision > after && segment.position.revision < upTo)
  );
}

function checkEvents(
  segment: Segment,
  truth: readonly SimEvent[],
  records: ReadonlyMap<number, MergedShard>,
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
  /** The register at the end. */
  readonly records: readonly MergedShard[];
}

/** What is wrong, in words; nothing where all is well. */
export function checkHistories({ clients, shards, records }: Histories): readonly string[] {
  const found: string[] = [];
  const truth = shards.flatMap(({ log }) => log).sort(compare);
  const byNumber = new Map(records.map((record) => [record.number, record]));
  for (const shard of shards) {
    let last = 0 as Revision;
    for (const { revision } of shard.log) {
      if (revision <= last) found.push(`${shard.name} committed ${revision} behind ${last}`);
      last = revision;
    }
  }
  const newest = truth.at(-1)?.revision ?? 0;
  for (const [i, segments] of clients.entries()) {
    const wrong = segments.flatMap((segment) => [
      ...checkList(segment, shards),
      ...checkEvents(segment, truth, byNumber),
    ]);
    found.push(...wrong.map((text) => `client ${i}: ${text}`));
    const end = segments.at(-1);
    if (end === undefined || end.gone || end.position.revision < newest)
      found.push(`client ${i} has not caught up at the end: ${end?.position.revision} of ${newest}`);
  }
  return found;
}
