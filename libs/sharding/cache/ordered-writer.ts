/** Writes what the feeds say to a store, in their order. */
import { StatusError } from '@kcp-ts/api';
import type { Operation, Store } from '@kcp-ts/storage';
import { commitOperationsMax } from '@kcp-ts/storage';

/**
 * Writes one batch after the other, in order. A batch that cannot be written ends the copy of its
 * shard: nothing later is written before a new complete state begins, so that what is stored is as
 * old as it says.
 */
export interface OrderedWriter {
  /** `operations`: or how to find them, once everything before is written. */
  write(shard: string, operations: readonly Operation[] | (() => readonly Operation[])): void;
  /** A complete state of a shard is about to come. */
  begin(shard: string): void;
  /** Whether something could not be written since the last complete state began. */
  isBroken(shard: string): boolean;
  /** Resolves when everything so far is durable. */
  settled(): Promise<void>;
}

/** `onBroken` is called once for each copy that has ended: its shard has to be fetched again. */
export function createOrderedWriter(store: Store, onBroken: (shard: string, error: unknown) => void): OrderedWriter {
  const broken = new Set<string>();
  let last: Promise<void> = Promise.resolve();
  async function commit(operations: readonly Operation[]): Promise<void> {
    for (let at = 0; at < operations.length; at += commitOperationsMax)
      await commitOrHalves(operations.slice(at, at + commitOperationsMax));
  }
  /**
   * How large values are is known when they are written: those that are too large together go in
   * two.
   */
  async function commitOrHalves(operations: readonly Operation[]): Promise<void> {
    try {
      await store.commit(operations);
    } catch (thrown) {
      const together = thrown instanceof StatusError && thrown.reason === 'RequestEntityTooLarge';
      if (!together || operations.length < 2) throw thrown;
      const half = operations.length >> 1;
      await commitOrHalves(operations.slice(0, half));
      await commitOrHalves(operations.slice(half));
    }
  }
  async function commitUnlessBroken(...[shard, operations]: Parameters<OrderedWriter['write']>): Promise<void> {
    if (broken.has(shard)) return;
    try {
      await commit(typeof operations === 'function' ? operations() : operations);
    } catch (error) {
      broken.add(shard);
      onBroken(shard, error);
    }
  }
  return {
    write(shard, operations) {
      if (operations.length > 0 || typeof operations === 'function')
        last = last.then(() => commitUnlessBroken(shard, operations));
    },
    begin(shard) {
      last = last.then(() => void broken.delete(shard));
    },
    isBroken: (shard) => broken.has(shard),
    settled: () => last,
  };
}
