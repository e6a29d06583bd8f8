/** A backend made into a Store. */

import type { Revision } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { createPause, nextTurn, pauseAlive } from '@kcp-ts/base';
import { createRevisionClock, revisionAt } from '../revision-clock.ts';
import type { Store } from '../store.ts';
import type { Backend } from './backend.ts';
import { createCommitter } from './committer.ts';
import { createHousekeeping } from './housekeeping.ts';
import { createReader } from './reader.ts';
import { watchStore } from './watch.ts';

export interface StoreOptions {
  readonly clock: Clock;
  /**
   * History is kept at least this long, unless it is larger than `historyMaxBytes`; 5 minutes when
   * absent.
   */
  readonly historyMaxAgeMs?: number | undefined;
  /** 256 MB when absent. */
  readonly historyMaxBytes?: number | undefined;
  /** Called when commits begin to fail, with the reason, and when they succeed again. */
  readonly onFault?: ((why: string | undefined, cause?: unknown) => void) | undefined;
}

export const historyMaxAgeMsDefault = 300_000;
export const historyMaxBytesDefault = 256_000_000;

/** How far beyond the wall clock a revision received from another shard may be, in revisions. */
const observeAheadMax = 1_000_000;

/** A start waits for its clock for no longer than this. */
const startWaitMaxMs = 5_000;

/**
 * Waits until the wall clock has passed what an earlier process reserved, so that a crash loop
 * never drags the revisions ahead of the time. A wall clock that is much further back was set back:
 * then the revisions go on behind the reservation.
 */
export async function createStore(backend: Backend, options: StoreOptions): Promise<Store> {
  const { clock } = options;
  const { reserved, revision } = backend.state;
  const aheadMs = (reserved - revisionAt(clock.now())) / 1000;
  if (aheadMs > 0 && aheadMs <= startWaitMaxMs) await pauseAlive(clock, Math.ceil(aheadMs));
  const promised = Math.max(reserved, revision) as Revision;
  const begun = revisionAt(clock.now());
  const isOfLostIncarnation = (asked: Revision) => asked > promised && asked < begun;
  return assembleStore(backend, options, createRevisionClock(clock.now, promised), isOfLostIncarnation);
}

/** For a backend that no earlier process has written. */
export function assembleStore(
  backend: Backend,
  options: StoreOptions,
  revisions = createRevisionClock(options.clock.now, backend.state.revision),
  isOfLostIncarnation: Store['isOfLostIncarnation'] = () => false,
): Store {
  const { clock } = options;
  const pause = createPause(nextTurn);
  const committer = createCommitter(backend, revisions, clock, options.onFault);
  const housekeeping = createHousekeeping(backend, committer, {
    clock,
    historyMaxAgeMs: options.historyMaxAgeMs ?? historyMaxAgeMsDefault,
    historyMaxBytes: options.historyMaxBytes ?? historyMaxBytesDefault,
    pause,
  });
  const currentRevision = () => committer.currentRevision();
  const floor = () => housekeeping.floor();
  const reader = createReader(backend, { currentRevision, floor, monotonic: clock.monotonic, pause });
  let closing: Promise<void> | undefined;
  const store: Store = {
    get: (key) => backend.get(key),
    peek: (key) => committer.peek(key),
    head: (key) => backend.head(key),
    peekHead: (key) => committer.peekHead(key),
    list: (range, how) => reader.list(range, how),
    scan: (range, limit, after) => reader.scan(range, limit, after),
    recent: (range, after, limit) => reader.recent(range, after, limit),
    count: (range, how) => reader.count(range, how),
    history: (range, after, upTo) => reader.history(range, after, upTo),
    commit: (operations) => committer.commit(operations),
    unchanged: (set) => committer.unchanged(set),
    subscribe: (listener) => committer.subscribe(listener),
    watch: (range, after, signal) => watchStore(store, range, after, signal),
    currentRevision,
    progress: (past) => committer.progress(past),
    observe(revision) {
      if (revision > revisionAt(clock.now()) + observeAheadMax) return false;
      revisions.observe(revision);
      return true;
    },
    isOfLostIncarnation,
    compact: (upTo) => housekeeping.compact(upTo),
    floor,
    sizeBytes: () => backend.sizeBytes?.() ?? 0,
    statistics: () => committer.statistics(),
    fault: () => committer.fault(),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
  async function close(): Promise<void> {
    await Promise.all([housekeeping.close(), committer.close()]);
    await backend.close();
  }
  return store;
}
