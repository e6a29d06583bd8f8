/**
 * Whether a watcher was shown what there was: every version of what it watches, once, in order,
 * from its list on, however often its connection broke; or an explicit end (410), after which it
 * lists again. Of a merged stream, each shard's part may be cut short before such an end, and has
 * no holes.
 */
import type { Operation, Shown, Version, Watcher, WatchRecord } from './history.ts';
import { shardOf } from './history.ts';
import type { ObjectVersions } from './object-versions.ts';

type Event = Extract<WatchRecord, { kind: 'event' }>;

/** From one list to the end of what goes on from it. */
interface Segment {
  readonly version: Version;
  readonly items: readonly Shown[];
  readonly events: Event[];
  /** The last version that it received. */
  last: Version;
  expired: boolean;
}

function segmentsOf({ name, records }: Watcher, wrong: string[]): Segment[] {
  const segments: Segment[] = [];
  for (const record of records) {
    const segment = segments.at(-1);
    if (record.kind === 'list') {
      const { version, items } = record;
      segments.push({ version, items, events: [], last: version, expired: false });
    } else if (segment === undefined) wrong.push(`${name}: ${record.kind} before any list`);
    else if (record.kind === 'expired') segment.expired = true;
    else {
      const again = record.kind === 'event' ? record.version <= segment.last : record.version < segment.last;
      if (again) wrong.push(`${name}: ${textOf(record)} after ${segment.last}`);
      if (record.kind === 'event') segment.events.push(record);
      if (record.version > segment.last) segment.last = record.version;
    }
  }
  return segments;
}

function textOf(record: Exclude<WatchRecord, { kind: 'list' | 'expired' }>): string {
  return record.kind === 'event'
    ? `${record.type} ${record.object} at ${record.version}`
    : `a bookmark at ${record.version}`;
}

/**
 * The version that is there at a revision; undefined for none. `sure`: no deletion without a known
 * version may have come between.
 */
function stateAt(
  { made, deletions }: ObjectVersions,
  at: Version,
): { readonly version: Version | undefined; readonly sure: boolean } {
  const place = made.findLastIndex(({ version }) => version <= at);
  const found = made[place];
  if (found === undefined) return { version: undefined, sure: true };
  const next = made[place + 1];
  const deletion = deletions.find(
    (version) => version > found.version && (next === undefined || version < next.version),
  );
  if (deletion !== undefined) return { version: deletion <= at ? undefined : found.version, sure: true };
  const maybe = next === undefined || next.by.kind === 'create';
  return { version: found.version, sure: !maybe };
}

function checkList(name: string, segment: Segment, objects: readonly ObjectVersions[], wrong: string[]): void {
  const listed = new Map<string, Version>();
  for (const { object, version } of segment.items) {
    if (listed.has(object)) wrong.push(`${name}: ${object} is twice in the list at ${segment.version}`);
    listed.set(object, version);
  }
  for (const versions of objects) {
    const { version, sure } = stateAt(versions, segment.version);
    const found = listed.get(versions.object);
    if (found === version || (found === undefined && !sure)) continue;
    wrong.push(
      `${name}: the list at ${segment.version} has ${versions.object} at ${found ?? 'no version'}, and ${version ?? 'nothing'} was there`,
    );
  }
}

/** All that is to be shown after the list, and up to the last that was received. */
function expected({ version: after, last }: Segment, objects: readonly ObjectVersions[]): Event[] {
  const events: Event[] = [];
  for (const { object, made, deletions } of objects) {
    for (const { version, by } of made)
      if (version > after && version <= last) {
        const type = by.kind === 'create' ? 'ADDED' : 'MODIFIED';
        events.push({ kind: 'event', type, object, version, write: by.write ?? '' });
      }
    for (const version of deletions)
      if (version > after && version <= last) {
        const gone = made.findLast((candidate) => candidate.version < version);
        events.push({ kind: 'event', type: 'DELETED', object, version, write: gone?.by.write ?? '' });
      }
  }
  return events;
}

function checkEvents(name: string, segment: Segment, objects: readonly ObjectVersions[], wrong: string[]): void {
  const shown = new Map(segment.events.map((event) => [event.version, event]));
  const lastOf = new Map<number, Version>();
  for (const { version } of segment.events) lastOf.set(shardOf(version), version);
  for (const event of expected(segment, objects)) {
    const found = shown.get(event.version);
    if (found === undefined) {
      const cutShort = segment.expired && event.version > (lastOf.get(shardOf(event.version)) ?? 0n);
      if (!cutShort) wrong.push(`${name}: was never shown ${textOf(event)}`);
    } else if (found.object !== event.object || found.type !== event.type || found.write !== event.write)
      wrong.push(
        `${name}: was shown ${textOf(found)} with ${found.write}, and it was ${textOf(event)} with ${event.write}`,
      );
  }
}

/** What is wrong with what a watcher was shown, held against all that is known of the objects. */
export function checkWatcher(watcher: Watcher, versions: ReadonlyMap<string, ObjectVersions>): readonly string[] {
  const wrong: string[] = [];
  const objects = [...versions.values()].filter(({ object }) => watcher.watches(object));
  const segments = segmentsOf(watcher, wrong);
  if (segments.length === 0) wrong.push(`${watcher.name}: never got a list`);
  for (const segment of segments) {
    for (const { object } of [...segment.items, ...segment.events])
      if (!watcher.watches(object)) wrong.push(`${watcher.name}: was shown ${object}, which it does not watch`);
    checkList(watcher.name, segment, objects, wrong);
    checkEvents(watcher.name, segment, objects, wrong);
  }
  const end = segments.at(-1);
  if (end !== undefined && !end.expired) checkEnd(watcher.name, end, objects, wrong);
  return wrong;
}

/** What the last read of an object found; undefined where no read says so. */
function lastRead({ operations }: ObjectVersions): { readonly version: Version | undefined } | undefined {
  let last: Operation | undefined;
  for (const operation of operations) {
    const { kind, answer, startedAt } = operation;
    if (kind !== 'read' || (answer.kind !== 'version' && answer.kind !== 'absent')) continue;
    if (last === undefined || startedAt >= last.startedAt) last = operation;
  }
  if (last === undefined) return undefined;
  return { version: last.answer.kind === 'version' ? last.answer.version : undefined };
}

/** In the end, what a watcher was shown comes to what is there. */
function checkEnd(name: string, { items, events }: Segment, objects: readonly ObjectVersions[], wrong: string[]): void {
  const there = new Map<string, Version | undefined>(items.map(({ object, version }) => [object, version]));
  for (const { object, type, version } of events) there.set(object, type === 'DELETED' ? undefined : version);
  for (const versions of objects) {
    const read = lastRead(versions);
    const found = there.get(versions.object);
    if (read !== undefined && found !== read.version)
      wrong.push(
        `${name}: in the end it has ${versions.object} at ${found ?? 'no version'}, and ${read.version ?? 'nothing'} is there`,
      );
  }
}
