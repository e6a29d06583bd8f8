/**
 * A decision: what it reads is recorded, and what it writes is committed on condition that nothing
 * of that has changed, what is pending included. So two that decide at once by reading each other's
 * state never both commit: one is refused, and decides again on what the other has written.
 *
 * It holds for what this store has. What other shards have said cannot be a condition: who decides
 * on that is called when it changes, and decides again.
 */
import type { Revision } from '@kcp-ts/api';
import { isInSet } from './engine/changed-sets.ts';
import type { CommitResult, Entry, EntryHead, Operation, SetRange, Store, UnchangedCondition } from './store.ts';

/** What a decision may read of: each of these is recorded. */
export interface Reads {
  /** The newest durable entry. */
  get(key: string): Entry | undefined;
  /** Revisions of the newest durable entry, for who has its value already. */
  head(key: string): EntryHead | undefined;
  /** The newest entry, also where it is not durable yet. */
  peek(key: string): Entry | undefined;
  /**
   * At most `limit` durable entries of a resource of one cluster; `prefix`: the four segments that
   * they begin with.
   */
  scan(range: { readonly prefix: string }, limit: number): readonly Entry[];
  /** Records that a set is as it is now, for who knows what is in it. */
  relyOn(set: SetRange): void;
}

export interface Decision extends Reads {
  /** What must hold when these operations are committed, beside what they expect themselves. */
  conditions(operations: readonly Operation[]): readonly Operation[];
  /** Whether all that was read is still so. */
  holds(): Promise<boolean>;
  /**
   * Commits under the conditions; false where another writer was faster, and it has to be decided
   * again. May be called again: the conditions stay.
   */
  commit(operations: readonly Operation[]): Promise<boolean>;
}

export interface DecisionOptions {
  /**
   * What a new object relies on beside what was read: the operations that check it. Throws where
   * there must not be a new one.
   */
  readonly conditionOfCreate?: ((key: string, operations: readonly Operation[]) => Operation | undefined) | undefined;
}

export function createDecision(store: Store, options: DecisionOptions = {}): Decision {
  return new RecordedDecision(store, options);
}

function isWrite(operation: Operation): boolean {
  return operation.op === 'put' || operation.op === 'delete';
}

class RecordedDecision implements Decision {
  readonly #store: Store;
  readonly #options: DecisionOptions;
  readonly #keys = new Map<string, Revision | 'absent'>();
  readonly #sets = new Map<string, UnchangedCondition>();

  constructor(store: Store, options: DecisionOptions) {
    this.#store = store;
    this.#options = options;
  }

  get(key: string): Entry | undefined {
    return this.#record(key, this.#store.get(key));
  }

  head(key: string): EntryHead | undefined {
    return this.#record(key, this.#store.head(key));
  }

  peek(key: string): Entry | undefined {
    return this.#record(key, this.#store.peek(key));
  }

  scan(range: { readonly prefix: string }, limit: number): readonly Entry[] {
    this.relyOn(range);
    return this.#store.scan(range, limit);
  }

  relyOn(set: SetRange): void {
    const condition = this.#store.unchanged(set);
    if (!this.#sets.has(condition.key)) this.#sets.set(condition.key, condition);
  }

  conditions(operations: readonly Operation[]): readonly Operation[] {
    const written = new Set(operations.filter(isWrite).map(({ key }) => key));
    const conditions: Operation[] = [...this.#sets.values()];
    for (const [key, revision] of this.#keys) if (!written.has(key)) conditions.push({ op: 'same', key, revision });
    return conditions;
  }

  async holds(): Promise<boolean> {
    return (await this.#store.commit(this.conditions([]))).status === 'committed';
  }

  async commit(operations: readonly Operation[]): Promise<boolean> {
    if (operations.length === 0) return true;
    const creates = operations.flatMap((operation) => this.#conditionOfCreate(operation, operations) ?? []);
    const result = await this.#store.commit([...operations, ...creates, ...this.conditions(operations)]);
    if (result.status === 'conflict') return false;
    this.#wrote(operations, result);
    return true;
  }

  #conditionOfCreate(operation: Operation, operations: readonly Operation[]): Operation | undefined {
    if (operation.op !== 'put' || operation.expect !== 'absent') return undefined;
    return this.#options.conditionOfCreate?.(operation.key, operations);
  }

  /**
   * What we have written ourselves is no change: everything that we rely on held until the very
   * commit.
   */
  #wrote(operations: readonly Operation[], result: Extract<CommitResult, { status: 'committed' }>): void {
    const entries = new Map(result.entries.map((entry) => [entry.key, entry.revision]));
    for (const operation of operations) {
      if (!isWrite(operation)) continue;
      const { key } = operation;
      if (this.#keys.has(key)) this.#keys.set(key, entries.get(key) ?? 'absent');
      for (const [name, set] of this.#sets) {
        if (isInSet(key, name)) this.#sets.set(name, { ...set, since: result.revision });
      }
    }
  }

  /** What was read first counts: who reads again and finds something else has decided on both. */
  #record<Found extends EntryHead>(key: string, entry: Found | undefined): Found | undefined {
    if (!this.#keys.has(key)) this.#keys.set(key, entry?.revision ?? 'absent');
    return entry;
  }
}
