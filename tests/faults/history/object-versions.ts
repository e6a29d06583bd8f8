/**
 * The versions that an object has had, from all that clients received of it. Every change names the
 * version that it is for, so they are one chain, and each link of it is some client's write:
 * acknowledged, or of unknown outcome.
 */
import type { History, Operation, Version } from './history.ts';

export interface Made {
  readonly version: Version;
  /** The creation or the update. */
  readonly by: Operation;
}

export interface ObjectVersions {
  readonly object: string;
  readonly operations: readonly Operation[];
  /** In order of version. */
  readonly made: readonly Made[];
  /** Versions of deletions, as watchers received them; in order. */
  readonly deletions: readonly Version[];
}

interface Told {
  readonly writes: Map<Version, string>;
  readonly deletions: Set<Version>;
  readonly operations: Operation[];
}

const compare = (left: Version, right: Version) => (left < right ? -1 : left > right ? 1 : 0);

function collect({ operations, watchers }: History, wrong: string[]): Map<string, Told> {
  const objects = new Map<string, Told>();
  const of = (object: string): Told => {
    let collected = objects.get(object);
    if (collected === undefined) {
      collected = { writes: new Map(), deletions: new Set(), operations: [] };
      objects.set(object, collected);
    }
    return collected;
  };
  const show = (object: string, version: Version, write: string) => {
    const { writes } = of(object);
    const before = writes.get(version);
    if (before === undefined) writes.set(version, write);
    else if (before !== write) wrong.push(`${object}: at ${version} there is ${write}, and there is ${before}`);
  };
  for (const operation of operations) {
    of(operation.object).operations.push(operation);
    if (operation.answer.kind === 'version') show(operation.object, operation.answer.version, operation.answer.write);
  }
  for (const { records } of watchers)
    for (const record of records) {
      if (record.kind === 'list') for (const item of record.items) show(item.object, item.version, item.write);
      if (record.kind !== 'event') continue;
      if (record.type === 'DELETED') of(record.object).deletions.add(record.version);
      else show(record.object, record.version, record.write);
    }
  return objects;
}

/** What speaks against this write having made this version, if anything. */
function objection({ kind, answer }: Operation, version: Version): string | undefined {
  if (kind !== 'create' && kind !== 'update') return 'is not a write that makes versions';
  if (answer.kind === 'version' && answer.version !== version) return `was acknowledged at ${answer.version}`;
  if (answer.kind === 'version' || answer.kind === 'unknown') return undefined;
  return `was answered with "${answer.kind}"`;
}

function versionsOf(object: string, { writes, deletions, operations }: Told, wrong: string[]): ObjectVersions {
  const writers = new Map(
    operations.flatMap((operation) => (operation.write === undefined ? [] : [[operation.write, operation]])),
  );
  const at = new Map<string, Version>();
  const made: Made[] = [];
  for (const [version, write] of [...writes].sort(([left], [right]) => compare(left, right))) {
    const by = writers.get(write);
    const twice = at.get(write);
    at.set(write, version);
    const against =
      by === undefined ? 'was written by nobody' : twice === undefined ? objection(by, version) : `is at ${twice} too`;
    if (against !== undefined) wrong.push(`${object}: ${write} is there at ${version}, and ${against}`);
    if (by !== undefined) made.push({ version, by });
  }
  return { object, operations, made, deletions: [...deletions].sort(compare) };
}

/**
 * The versions of every object of a history; what contradicts itself already is added to `wrong`.
 */
export function readVersions(history: History, wrong: string[]): ReadonlyMap<string, ObjectVersions> {
  const versions = new Map<string, ObjectVersions>();
  for (const [object, collected] of collect(history, wrong)) versions.set(object, versionsOf(object, collected, wrong));
  return versions;
}
