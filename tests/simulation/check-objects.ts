/**
 * Holds what shards have answered against what they have committed: nothing acknowledged is lost,
 * nothing is there twice, and every read is of its time.
 */
import type { Revision } from '@kcp-ts/api';
import type { StoreEvent } from '@kcp-ts/storage';
import type { Answered } from './requester.ts';

/** A shard's name, and all that was ever committed there. */
interface Committed {
  readonly name: string;
  readonly disk: { readonly log: readonly StoreEvent[]; readonly violations: readonly string[] };
}

function idOf({ type, value }: StoreEvent): string | undefined {
  return type === 'put' ? Buffer.from(value).toString().trimEnd() : undefined;
}

/** Revisions rise, and each event follows on what was there. */
function checkLog({ name, disk }: Committed): string[] {
  const found: string[] = [];
  const state = new Map<string, Revision>();
  let last = 0;
  for (const { revision, key, type, previous } of disk.log) {
    if (revision <= last) found.push(`${name} committed ${revision} behind ${last}`);
    last = revision;
    if (previous?.revision !== state.get(key))
      found.push(`${name} changed ${key} at ${revision} from ${previous?.revision}, and it was at ${state.get(key)}`);
    if (type === 'put') state.set(key, revision);
    else state.delete(key);
  }
  return found;
}

function stateAt(log: readonly StoreEvent[], key: string, at: Revision): Revision | undefined {
  let found: Revision | undefined;
  for (const event of log) {
    if (event.revision > at) break;
    if (event.key === key) found = event.type === 'put' ? event.revision : undefined;
  }
  return found;
}

function checkAnswers({ name, disk }: Committed, answers: readonly Answered[]): string[] {
  const found: string[] = [];
  const ids = new Map<string, Revision[]>();
  for (const event of disk.log) {
    const id = idOf(event);
    if (id?.startsWith(name) === true) ids.set(id, [...(ids.get(id) ?? []), event.revision]);
  }
  for (const [id, at] of ids) if (at.length > 1) found.push(`${id} was written at ${at.join(' and ')}`);
  for (const { what } of answers) {
    if (what.kind === 'read') {
      const truth = stateAt(disk.log, what.key, what.at);
      if (truth !== what.found)
        found.push(`${what.key} was read at ${what.at} as of ${what.found}, and was at ${truth}`);
      continue;
    }
    for (const id of what.ids) {
      const at = ids.get(id)?.[0];
      if (what.kind === 'conflict' && at !== undefined) found.push(`${id} was refused, and is there at ${at}`);
      if (what.kind === 'write' && at !== what.revision)
        found.push(`${id} was acknowledged at ${what.revision}, and is ${at === undefined ? 'not there' : `at ${at}`}`);
    }
  }
  return found;
}

/**
 * Linearizable: the store's revisions are an order of all that it has answered, and what was
 * answered before something else was asked lies before it.
 */
function checkTimes(name: string, answers: readonly Answered[]): string[] {
  const found: string[] = [];
  const placed = answers.flatMap(({ fromMs, toMs, what }) => {
    if (what.kind === 'conflict') return [];
    const isWrite = what.kind === 'write' && what.ids.length > 0;
    return [{ fromMs, toMs, isWrite, at: what.kind === 'read' ? what.at : what.revision }];
  });
  const byEnd = placed.toSorted((one, other) => one.toMs - other.toMs);
  let ended = 0;
  let newest = 0;
  for (const { fromMs, isWrite, at } of placed.toSorted((one, other) => one.fromMs - other.fromMs)) {
    for (let next = byEnd[ended]; next !== undefined && next.toMs < fromMs; next = byEnd[++ended])
      newest = Math.max(newest, next.at);
    if (at < newest || (isWrite && at === newest))
      found.push(`${name} answered with ${at} what was asked after it had answered with ${newest}`);
  }
  return found;
}

/** What is wrong, in words; nothing where all is well. */
export function checkObjects(shards: Iterable<Committed>, answered: readonly Answered[]): readonly string[] {
  return [...shards].flatMap((shard) => {
    const answers = answered.filter((answer) => answer.shard === shard.name);
    return [
      ...shard.disk.violations,
      ...checkLog(shard),
      ...checkAnswers(shard, answers),
      ...checkTimes(shard.name, answers),
    ];
  });
}
