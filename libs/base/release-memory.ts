/**
 * Gives memory back after a burst. V8 keeps the pages of a heap that has shrunk until its next full
 * collection, and a server that has become idle never gets there: so one is asked for, once after
 * each burst of writes, when the event loop has nothing else to do.
 */
import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from './clock.ts';
import { every } from './every.ts';

export interface ReleaseMemoryDependencies {
  readonly clock: Clock;
  /** What has been done so far: commits, requests, messages. */
  operations(): number;
  /** Part of the time, from 0 to 1, that the event loop was busy since the last call. */
  busy(): number;
  collect(): void;
}

const checkMs = 5_000;
/** Fewer writes leave too little behind to be worth a collection. */
const burstOperations = 5_000;
const idleBelow = 0.1;
/**
 * Of a heap of this size even the thorough collection, which also gives back the space of young
 * objects, takes some tens of milliseconds.
 */
const smallHeapBytes = 64 * 1024 * 1024;

interface Collection {
  readonly type: 'major';
  readonly execution: 'async';
  readonly flavor: 'regular' | 'last-resort';
}

/** Looks every five seconds, until disposed of. */
export function releaseMemory({ clock, operations, busy, collect }: ReleaseMemoryDependencies): Disposable {
  // A start leaves much behind as well.
  let collectedAt = operations() - burstOperations;
  const check = () => {
    const now = operations();
    if (busy() < idleBelow && now - collectedAt >= burstOperations) {
      collectedAt = now;
      collect();
    }
  };
  return every(clock, checkMs, check);
}

/** How busy this process's event loop is, and its collector. */
export function processMemory(): Pick<ReleaseMemoryDependencies, 'busy' | 'collect'> {
  let last = performance.eventLoopUtilization();
  return {
    busy() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
    collect() {
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc') as (options: Collection) => Promise<void>;
      const flavor = getHeapStatistics().used_heap_size < smallHeapBytes ? 'last-resort' : 'regular';
      void gc({ type: 'major', execution: 'async', flavor });
    },
  };
}
