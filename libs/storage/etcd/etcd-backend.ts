/**
 * A mirror as the backend of the owner: each flush is committed to etcd, in transactions that apply
 * in order or not at all, and then to the mirror.
 */

import { StatusError } from '@kcp-ts/api';
import type { Clock, Random } from '@kcp-ts/base';
import { pauseOn } from '@kcp-ts/base';
import type { EtcdClient, EtcdOperation } from '@kcp-ts/etcd';
import { etcdCommit, etcdGet } from '@kcp-ts/etcd';
import { RpcError } from '@kcp-ts/rpc';
import type { Backend, BackendState, Flush, Reads, Write } from '../engine/backend.ts';
import { readsOf, StorageFault } from '../engine/backend.ts';
import type { CommitRecord, Keys } from './etcd-records.ts';
import { decodeRecord, encodeData, encodeRecord } from './etcd-records.ts';
import type { Mirror } from './mirror.ts';

export interface Ownership {
  /** Of the owner's key: a renewal does not change it. */
  readonly createRevision: bigint;
  /** How many transactions there were before ours. */
  readonly version: bigint;
  /** What was promised before us is not above it. */
  readonly state: BackendState;
}

export interface EtcdBackendDependencies {
  readonly client: EtcdClient;
  readonly keys: Keys;
  readonly mirror: Mirror;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Aborted, with the reason, when the shard is no longer ours: nothing more is committed, and
   * nobody waits for etcd any more.
   */
  readonly lost: AbortSignal;
  /** Another process owns the shard, or may: aborts `lost`. */
  lose(error: Error): void;
  /**
   * What is committed is acknowledged when it is sure again that the shard is ours: else the answer
   * would be held back, and the client answered that it may have failed.
   */
  settled(): Promise<void>;
  /** Called for each transaction that is sent. */
  onTransaction?(): void;
}

/**
 * Of one transaction of several commits; a single commit is within what etcd takes. The commit
 * record is one more.
 */
const operationsMax = 100;
const bytesMax = 1_000_000;
const settleMs = 100;

interface Transaction {
  readonly writes: readonly Write[];
}

/** Cuts a flush between commits, never inside one; a key is in a transaction once. */
export function transactionsOf(commits: readonly (readonly Write[])[]): readonly Transaction[] {
  const transactions: Transaction[] = [];
  let writes: Write[] = [];
  let keys = new Set<string>();
  let bytes = 0;
  for (const commit of commits) {
    let size = 0;
    for (const { event } of commit) size += event.key.length + event.value.length + 64;
    const full = writes.length + commit.length > operationsMax || bytes + size > bytesMax;
    if (writes.length > 0 && (full || commit.some(({ event }) => keys.has(event.key)))) {
      transactions.push({ writes });
      writes = [];
      keys = new Set();
      bytes = 0;
    }
    writes.push(...commit);
    for (const { event } of commit) keys.add(event.key);
    bytes += size;
  }
  // A flush without writes renews the reservation.
  if (writes.length > 0 || transactions.length === 0) transactions.push({ writes });
  return transactions;
}

/**
 * etcd has used up its quota, and takes nothing more, deletions included, until somebody has
 * compacted and defragmented it and disarmed its alarm.
 */
function faultOf(error: RpcError): Error {
  return error.code === 'resource-exhausted' && error.message.includes('database space exceeded')
    ? new StorageFault('etcd has no space left (mvcc: database space exceeded)', { cause: error })
    : error;
}

/** After its end a store has nothing to read: the mirror is followed again, or being read again. */
function refuseReads(): never {
  throw new StatusError('ServiceUnavailable', 'the server is currently unable to handle the request', {
    retryAfterSeconds: 1,
  });
}

const closedReads: Reads = {
  get: refuseReads,
  head: refuseReads,
  walk: refuseReads,
  walkKeys: refuseReads,
  walkEvents: refuseReads,
  walkOldest: refuseReads,
  historyBytes: () => 0,
  expired: () => [],
  publish: () => undefined,
};

/** Closing it ends the ownership's use of the mirror, which stays open. */
// check-allow function-length -- one backend: its functions are the methods of an interface
export function createEtcdBackend(deps: EtcdBackendDependencies): Backend {
  const { client, keys, mirror, ownership, clock, random } = deps;
  let copy: Reads = mirror.backend();
  let version = ownership.version;
  let etcdRevision = mirror.etcdRevision();
  let reserved = ownership.state.reserved;

  function lose(why: string): Error {
    deps.lose(new Error(`Cannot commit: ${why}`));
    return deps.lost.reason as Error;
  }

  function pause(): Promise<void> {
    return pauseOn(clock, settleMs);
  }

  /**
   * What became of a transaction that nobody answered: read by a majority, as often as it takes
   * while we may be the owner.
   */
  async function settle(id: string): Promise<'applied' | 'not-applied'> {
    for (;;) {
      deps.lost.throwIfAborted();
      const read = await etcdGet(client, keys.commit, undefined, deps.lost).catch(() => undefined);
      if (read !== undefined) {
        const { entry, revision } = read;
        if (entry !== undefined && decodeRecord(entry.value).id === id) {
          etcdRevision = revision;
          return 'applied';
        }
        if ((entry?.version ?? 0n) === version) return 'not-applied';
        throw lose('another owner has committed');
      }
      await pause();
    }
  }

  async function commit({ writes }: Transaction, flush: Flush): Promise<CommitRecord> {
    const id = random.uuid();
    const record = {
      id,
      revision: writes.at(-1)?.event.revision ?? flush.revision,
      reserved: flush.reserved,
      cluster: mirror.cluster(),
      deleted: writes.flatMap(({ event }) => (event.type === 'delete' ? [[event.key, event.revision] as const] : [])),
    };
    const operations = writes.map(
      (write): EtcdOperation =>
        write.event.type === 'put'
          ? { put: `${keys.data}${write.event.key}`, value: encodeData(write) }
          : { delete: `${keys.data}${write.event.key}` },
    );
    operations.push({ put: keys.commit, value: encodeRecord(record) });
    const conditions = [
      { key: keys.commit, version },
      { key: keys.owner, createRevision: ownership.createRevision },
    ];
    for (let attempt = 1; ; attempt++) {
      deps.lost.throwIfAborted();
      if (attempt > 1) await pause();
      deps.onTransaction?.();
      try {
        const { succeeded, revision } = await etcdCommit(client, conditions, operations, deps.lost);
        if (!succeeded) {
          // An attempt before this one may have been applied after all.
          if ((await settle(id)) === 'applied') break;
          throw lose('another process owns the shard');
        }
        etcdRevision = revision;
        break;
      } catch (thrown) {
        if (!(thrown instanceof RpcError)) throw thrown;
        // The transaction that takes the last of etcd's room is applied, and answered with "no
        // space" all the same (etcd's quotaApplierV3).
        if (thrown.code === 'resource-exhausted' && (await settle(id)) === 'applied') break;
        // Too large, or the like: etcd did nothing.
        const refused = thrown.code === 'invalid-argument' || thrown.code === 'resource-exhausted';
        if (refused && attempt === 1) throw faultOf(thrown);
        // It did nothing this time; an attempt before may still be on its way.
        if (refused) throw lose('a transaction was refused of which an earlier attempt is unsettled');
        if ((await settle(id)) === 'applied') break;
      }
    }
    version++;
    return record;
  }

  return {
    state: ownership.state,
    ...readsOf(() => copy),
    sizeBytes: () => mirror.backend().sizeBytes?.() ?? 0,
    async write(flush) {
      deps.lost.throwIfAborted();
      let committed: CommitRecord | undefined;
      // Forgetting history is the mirror's own affair: etcd gets what is written and what is
      // reserved.
      if (flush.writes.length > 0 || flush.reserved !== reserved) {
        for (const transaction of transactionsOf(flush.commits)) {
          try {
            committed = await commit(transaction, flush);
          } catch (error) {
            // What etcd has of this flush, the mirror has not: only a reader of etcd from here
            // can go on.
            throw committed !== undefined ? lose(`etcd took a part of it only: ${String(error)}`) : error;
          }
        }
        reserved = flush.reserved;
        await deps.settled();
      }
      try {
        await mirror.commit(flush, committed, etcdRevision);
      } catch (error) {
        throw committed !== undefined ? lose(`the mirror cannot be written: ${String(error)}`) : error;
      }
    },
    close() {
      copy = closedReads;
      return Promise.resolve();
    },
  };
}
