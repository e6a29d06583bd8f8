/**
 * Whether a commit's preconditions hold, against everything committed or pending; and what it then
 * writes.
 */
import type { Revision } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { CommitResult, EntryHead, Operation, Store, StoreEvent, UnchangedCondition } from '../store.ts';
import { commitBytesMax, commitOperationsMax, valueBytesMax } from '../store.ts';
import type { StoredEntry, Write } from './backend.ts';

export type Conflict = Extract<CommitResult, { status: 'conflict' }>;

/** Bytes of the longest key: what fits beside the index bytes in a page of the smallest engine. */
export const keyBytesMax = 1_900;

/**
 * The first operation that does not hold, or undefined. Throws for operations that could never be
 * committed.
 */
export function findConflict(
  operations: readonly Operation[],
  { peek, peekHead }: Pick<Store, 'peek' | 'peekHead'>,
  lastChange: (condition: UnchangedCondition) => string | undefined,
): Conflict | undefined {
  assertDistinct(operations);
  for (let index = 0; index < operations.length; index++) {
    const operation = operations[index] as Operation;
    if (operation.op === 'unchanged') {
      const key = lastChange(operation);
      if (key !== undefined) return { status: 'conflict', index, key, current: peek(key) };
      continue;
    }
    if (!holds(operation, peekHead(operation.key)))
      return { status: 'conflict', index, key: operation.key, current: peek(operation.key) };
  }
  return undefined;
}

function holds(operation: Exclude<Operation, UnchangedCondition>, current: EntryHead | undefined): boolean {
  if (operation.op === 'check') {
    return operation.createRevision === 'absent'
      ? current === undefined
      : current?.createRevision === operation.createRevision;
  }
  if (operation.op === 'same')
    return operation.revision === 'absent' ? current === undefined : current?.revision === operation.revision;
  if (operation.expect === 'any') return true;
  return operation.expect === 'absent' ? current === undefined : current?.revision === operation.expect;
}

function assertDistinct(operations: readonly Operation[]): void {
  const written = operations.length > 1 ? new Set<string>() : undefined;
  for (const { op, key } of operations) {
    if (op === 'unchanged') continue;
    if (key.length * 3 > keyBytesMax && Buffer.byteLength(key) > keyBytesMax)
      throw StatusError.badRequest(`the key of an object must not be longer than ${keyBytesMax} bytes`);
    if (op === 'check' || op === 'same' || written === undefined) continue;
    if (written.has(key)) throw new RangeError(`Cannot write ${JSON.stringify(key)} twice in one commit`);
    written.add(key);
  }
  const count = written?.size ?? 0;
  if (count > commitOperationsMax)
    throw new RangeError(`Cannot write ${count} keys in one commit: ${commitOperationsMax} is the most`);
}

/**
 * The writes of operations that hold. A deletion of what is not there writes nothing. Nothing is
 * changed until all values are known.
 */
export function prepareWrites(
  operations: readonly Operation[],
  peek: (key: string) => StoredEntry | undefined,
  nextRevision: () => Revision,
): readonly Write[] {
  const writes: Write[] = [];
  for (const operation of operations) {
    if (operation.op !== 'put' && operation.op !== 'delete') continue;
    const current = peek(operation.key);
    if (operation.op === 'put') writes.push(preparePut(operation, current, nextRevision()));
    else if (current !== undefined) writes.push(prepareDelete(current, nextRevision()));
  }
  if (writes.length > 1) assertSmall(writes);
  return writes;
}

/**
 * One commit is one transaction, and etcd takes no larger one: what it refuses would fail with
 * everything else that waits.
 */
function assertSmall(writes: readonly Write[]): void {
  let bytes = 0;
  for (const { event } of writes) bytes += event.key.length * 2 + (event.type === 'put' ? event.value.length : 0);
  if (bytes <= commitBytesMax) return;
  throw new StatusError(
    'RequestEntityTooLarge',
    `the objects of a commit are too large: ${bytes} bytes, the limit is ${commitBytesMax}`,
  );
}

function preparePut(
  operation: Extract<Operation, { op: 'put' }>,
  current: StoredEntry | undefined,
  revision: Revision,
): Write {
  const value = operation.value(revision);
  if (value.length > valueBytesMax)
    throw new StatusError(
      'RequestEntityTooLarge',
      `the object is too large: ${value.length} bytes, the limit is ${valueBytesMax}`,
    );
  const event: StoreEvent = {
    type: 'put',
    key: operation.key,
    revision,
    createRevision: current?.createRevision ?? revision,
    value,
    previous: current === undefined ? undefined : { value: current.value, revision: current.revision },
  };
  const previousExpiresAt = current?.expiresAt ?? 0;
  const expiresAt = operation.expiresAt === 'kept' ? previousExpiresAt : (operation.expiresAt ?? 0);
  return { event, expiresAt, previousExpiresAt };
}

function prepareDelete(current: StoredEntry, revision: Revision): Write {
  const { key, value, createRevision } = current;
  return {
    event: { type: 'delete', key, revision, createRevision, value, previous: { value, revision: current.revision } },
    expiresAt: 0,
    previousExpiresAt: current.expiresAt,
  };
}

/** What a write leaves at its key. */
export function entryAfter(write: Write): StoredEntry | undefined {
  const { event, expiresAt } = write;
  if (event.type === 'delete') return undefined;
  return {
    key: event.key,
    value: event.value,
    revision: event.revision,
    createRevision: event.createRevision,
    expiresAt,
  };
}
