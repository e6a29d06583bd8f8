/**
 * Compares what providers were shown with what they may see: each event as of its own revision,
 * nothing lost, nothing doubled but behind a 410.
 */

import type { Revision } from '@kcp-ts/api';
import { asRevision, parseResourceVersion } from '@kcp-ts/api';
import type { Position, ShardRecord } from '@kcp-ts/sharding';
import { mayMiss } from '../check-streams.ts';
import type { ApiSegment, ApiWatcher } from './api-watcher.ts';
import type { State, TrueChange, Truth, Watched } from './truth.ts';

/**
 * What a shard knows when it answers is at most so much older, or newer, than what the client's
 * clock says.
 */
const aroundMicros = 2_000_000;

function compare(left: Position, right: Position): number {
  return left.revision - right.revision || left.shard - right.shard;
}

interface Present {
  readonly cluster: string;
  readonly state: State;
}

function presentAt(changes: readonly TrueChange[], at: Revision): Map<string, Present> {
  const present = new Map<string, Present>();
  for (const { revision, id, cluster, after } of changes) {
    if (revision > at) break;
    if (after === undefined) present.delete(id);
    else present.set(id, { cluster, state: after });
  }
  return present;
}

interface Judged {
  readonly truth: Truth;
  readonly watched: Watched;
}

/**
 * `no`: and no event of it follows from that state. `hidden`: not in the list, but a watch from
 * there may get its deletion.
 */
type Listed = 'yes' | 'no' | 'hidden' | 'unsure';

/**
 * Whether an object is to be in a list; where that depends on when each shard was asked, nobody is
 * sure.
 */
function listedAs({ truth, watched }: Judged, segment: ApiSegment, { cluster, state }: Present): Listed {
  const { start, listedBy } = segment;
  if (watched === 'exported') return truth.isVisible(watched, cluster, state, start) ? 'yes' : 'no';
  if (!truth.isVisible(watched, cluster, state, state.revision)) return 'no';
  const upTo = asRevision(listedBy + aroundMicros);
  const moments = [start, ...truth.turns(cluster, start, upTo)];
  const shown = moments.map((at) => truth.isVisible(watched, cluster, state, at));
  if (shown.every((one) => one)) return 'yes';
  // A watch that begins with its state shows what was granted when it began, and one that goes on
  // from a list, what was when it was written.
  return segment.inWatch && shown.every((one) => !one) ? 'hidden' : 'unsure';
}

/** Violations, and the objects of which it depends whether they were in the list. */
function checkList(judged: Judged, segment: ApiSegment): { found: string[]; unsure: Set<string> } {
  const found: string[] = [];
  const unsure = new Set<string>();
  const present = presentAt(judged.truth.changes(judged.watched), segment.start);
  for (const [id, one] of present) {
    const wanted = listedAs(judged, segment, one);
    const listed = segment.state.get(id);
    if (wanted === 'unsure' || wanted === 'hidden') unsure.add(id);
    if (wanted !== 'unsure' && (wanted === 'yes') !== (listed !== undefined))
      found.push(
        `a list at ${segment.start} ${listed === undefined ? 'misses' : 'shows'} ${id} of ${one.state.revision}`,
      );
    if (listed !== undefined && parseResourceVersion(listed)?.revision !== one.state.revision)
      found.push(`a list at ${segment.start} shows ${id} at ${listed}, not at ${one.state.revision}`);
  }
  for (const id of segment.state.keys())
    if (!present.has(id)) found.push(`a list at ${segment.start} shows ${id}, which is not there`);
  return { found, unsure };
}

/** What a watch says of a change; undefined for nothing. */
function typeOf({ truth, watched }: Judged, { before, after, cluster, revision }: TrueChange): string | undefined {
  if (watched === 'exported') {
    const state = after ?? before;
    if (state === undefined || !truth.isVisible(watched, cluster, state, revision)) return undefined;
    return after === undefined ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED';
  }
  const was = before !== undefined && truth.isVisible(watched, cluster, before, before.revision);
  const is = after !== undefined && truth.isVisible(watched, cluster, after, after.revision);
  if (is) return was ? 'MODIFIED' : 'ADDED';
  return was ? 'DELETED' : undefined;
}

function textOf({ revision, shard, id }: Position & { readonly id: string }): string {
  return `${revision}/${shard} of ${id}`;
}

function checkEvents(
  judged: Judged,
  segment: ApiSegment,
  unsure: ReadonlySet<string>,
  records: ReadonlyMap<number, ShardRecord>,
): string[] {
  const found: string[] = [];
  const seen = new Map<string, string>();
  let last: Position = { revision: segment.start, shard: 4095 };
  for (const event of segment.events) {
    if (compare(event, last) <= 0) found.push(`${textOf(event)} was shown behind ${last.revision}/${last.shard}`);
    last = event;
    seen.set(textOf(event), event.type);
  }
  const touched = new Set<string>();
  for (const change of judged.truth.changes(judged.watched)) {
    if (change.revision <= segment.start || compare(change, segment.position) > 0) continue;
    const text = textOf(change);
    const shown = seen.get(text);
    const expected = typeOf(judged, change);
    seen.delete(text);
    const first = !touched.has(change.id);
    touched.add(change.id);
    if (shown === expected || (first && unsure.has(change.id))) continue;
    if (shown === undefined && mayMiss(change, segment, records.get(change.shard))) continue;
    found.push(`${text} was shown as ${shown}, and is ${expected} on the way from ${segment.start}`);
  }
  for (const text of seen.keys()) found.push(`${text} was shown and is not there`);
  return found;
}

function checkEnd(judged: Judged, segment: ApiSegment | undefined): string[] {
  if (segment === undefined || segment.gone) return ['it has no state at the end'];
  const held = new Map([...segment.state].map(([id, text]) => [id, parseResourceVersion(text)?.revision]));
  for (const { id, type, revision } of segment.events) {
    if (type === 'DELETED') held.delete(id);
    else held.set(id, revision);
  }
  const { truth, watched } = judged;
  const end = asRevision(Number.MAX_SAFE_INTEGER);
  const found: string[] = [];
  for (const [id, { cluster, state }] of presentAt(truth.changes(watched), end)) {
    const isShown = truth.isVisible(watched, cluster, state, end);
    const has = held.get(id);
    held.delete(id);
    if (isShown ? has !== state.revision : has !== undefined)
      found.push(
        `at the end ${id} is held at ${has}, and ${isShown ? `is at ${state.revision}` : 'is not to be seen'}`,
      );
  }
  for (const id of held.keys()) found.push(`at the end ${id} is held, and is not there`);
  return found;
}

/** What is wrong, in words; nothing where all is well. */
export function checkShown(
  watchers: readonly ApiWatcher[],
  truth: Truth,
  records: readonly ShardRecord[],
): readonly string[] {
  const byNumber = new Map(records.map((record) => [record.number, record]));
  return watchers.flatMap(({ watched, segments }, i) => {
    const judged = { truth, watched };
    const wrong = segments.flatMap((segment) => {
      const { found, unsure } = checkList(judged, segment);
      return [...found, ...checkEvents(judged, segment, unsure, byNumber)];
    });
    return [...wrong, ...checkEnd(judged, segments.at(-1))].map((text) => `client ${i} (${watched}): ${text}`);
  });
}
