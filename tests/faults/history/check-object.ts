/**
 * Whether one object's history is linearizable. The order of its versions is known (each names the
 * one before), so what remains is whether every operation finds a moment between its question and
 * its answer that fits that order: the earliest moments that are possible are given, one state
 * after the other. An answer that names no version (404, 409) may fit several states; each such
 * answer is held against them by itself.
 */
import type { Operation, Version } from './history.ts';
import type { ObjectVersions } from './object-versions.ts';

/** From one change of an object to the next. */
interface State {
  /** Undefined where there is no object. */
  readonly version: Version | undefined;
  readonly what: string;
  /** When the change that led here may have happened. */
  readonly from: number;
  readonly upTo: number;
}

/** An unknown outcome may come at any time after the question. */
function span(operations: readonly Operation[]): { readonly from: number; readonly upTo: number } {
  const [only] = operations;
  const known = operations.find(({ answer }) => answer.kind !== 'unknown');
  const from = Math.min(...operations.map(({ startedAt }) => startedAt));
  if (known !== undefined) return { from: known.startedAt, upTo: known.endedAt };
  return { from: only === undefined ? Infinity : from, upTo: Infinity };
}

/** Deletions of a version that happened or may have happened. */
function deletionsOf(version: Version, operations: readonly Operation[], object: string, wrong: string[]): Operation[] {
  const all = operations.filter(({ kind, from }) => kind === 'delete' && from === version);
  const done = all.filter(({ answer }) => answer.kind === 'deleted');
  if (done.length > 1) wrong.push(`${object}: the deletion of ${version} was acknowledged ${done.length} times`);
  return done.length > 0 ? done.slice(0, 1) : all.filter(({ answer }) => answer.kind === 'unknown');
}

function statesOf({ object, operations, made, deletions }: ObjectVersions, wrong: string[]): State[] {
  const states: State[] = [{ version: undefined, what: 'the beginning', from: -Infinity, upTo: Infinity }];
  let before: Version | undefined;
  const seen = (after: Version, upTo: Version | undefined) =>
    deletions.filter((version) => version > after && (upTo === undefined || version < upTo));
  const end = (version: Version, next: Version | undefined, needed: boolean) => {
    const by = deletionsOf(version, operations, object, wrong);
    const seenDeleted = seen(version, next);
    if (seenDeleted.length > 1)
      wrong.push(`${object}: ${version} was shown as deleted at ${seenDeleted.join(' and ')}`);
    const acknowledged = by[0]?.answer.kind === 'deleted';
    if (!needed && !acknowledged && seenDeleted.length === 0) return;
    if (by.length === 0)
      wrong.push(
        `${object}: ${version} is gone${seenDeleted.length > 0 ? ` at ${seenDeleted[0]}` : ''}, and nobody deleted it`,
      );
    else states.push({ version: undefined, what: `the deletion of ${version}`, ...span(by) });
  };
  for (const { version, by } of made) {
    if (by.kind === 'create') {
      if (before !== undefined) end(before, version, true);
    } else {
      if (by.from !== before) wrong.push(`${object}: ${version} was made from ${by.from}, but ${before} was there`);
      const gone = before === undefined ? [] : deletionsOf(before, operations, object, wrong);
      if (before !== undefined && (gone[0]?.answer.kind === 'deleted' || seen(before, version).length > 0))
        wrong.push(`${object}: ${before} was deleted, and ${version} was made from it`);
    }
    states.push({ version, what: String(version), ...span([by]) });
    before = version;
  }
  const last = made.at(-1);
  if (last !== undefined) {
    end(last.version, undefined, false);
    // Deleted by a client that got no answer, and not seen by any watcher: only reads that find
    // nothing there show it.
    const open = deletionsOf(last.version, operations, object, []);
    if (states.at(-1)?.version !== undefined && open.length > 0)
      states.push({
        version: undefined,
        what: `the deletion of ${last.version}, perhaps`,
        from: span(open).from,
        upTo: Infinity,
      });
  }
  return states;
}

/** The states that an operation without an effect fits, by place; undefined where any will do. */
function fits({ kind, from, answer }: Operation): ((state: State) => boolean) | undefined {
  switch (answer.kind) {
    case 'version':
      return kind === 'read' ? ({ version }) => version === answer.version : undefined;
    case 'absent':
      return ({ version }) => version === undefined;
    case 'exists':
      return ({ version }) => version !== undefined;
    case 'conflict':
      return ({ version }) => version !== from;
    default:
      return undefined;
  }
}

/** What is wrong with an object's history; nothing, if it is linearizable. */
export function checkObject(versions: ObjectVersions): readonly string[] {
  const { object, operations } = versions;
  const wrong: string[] = [];
  const states = statesOf(versions, wrong);
  if (wrong.length > 0) return wrong;
  const reads = new Map<Version, Operation[]>();
  const vague: Operation[] = [];
  for (const operation of operations) {
    if (fits(operation) === undefined) continue;
    if (operation.answer.kind === 'version')
      reads.set(operation.answer.version, [...(reads.get(operation.answer.version) ?? []), operation]);
    else vague.push(operation);
  }
  // The earliest moment of each state, after all that was before it.
  const earliest: number[] = [];
  let now = -Infinity;
  for (const state of states) {
    now = Math.max(now, state.from);
    if (now > state.upTo)
      wrong.push(
        `${object}: ${state.what} was acknowledged at ${state.upTo.toFixed(1)}, and what was before it is later (${now.toFixed(1)})`,
      );
    earliest.push(now);
    for (const read of state.version === undefined ? [] : (reads.get(state.version) ?? [])) {
      if (read.endedAt < now)
        wrong.push(
          `${object}: ${state.version} was read up to ${read.endedAt.toFixed(1)}, before it was there (${now.toFixed(1)})`,
        );
    }
    for (const read of state.version === undefined ? [] : (reads.get(state.version) ?? []))
      now = Math.max(now, read.startedAt);
  }
  // The latest moment of the change after each state.
  const latest: number[] = [];
  let limit = Infinity;
  for (let at = states.length - 1; at >= 0; at--) {
    latest[at] = limit;
    const state = states[at] as State;
    const read = state.version === undefined ? [] : (reads.get(state.version) ?? []);
    limit = Math.min(limit, state.upTo, ...read.map(({ endedAt }) => endedAt));
  }
  for (const operation of vague) {
    const fit = fits(operation);
    const possible = states.some(
      (state, at) =>
        fit?.(state) === true && (earliest[at] ?? 0) <= operation.endedAt && (latest[at] ?? 0) >= operation.startedAt,
    );
    if (!possible)
      wrong.push(
        `${object}: ${operation.kind}${operation.by === undefined ? '' : ` by ${operation.by}`} was answered with "${operation.answer.kind}" at ${operation.endedAt.toFixed(1)}, and it never was so between question and answer`,
      );
  }
  return wrong;
}
