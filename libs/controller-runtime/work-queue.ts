/**
 * The keys of one controller that wait to be reconciled, as client-go's work queue keeps them: a
 * key is in it at most once, and is never reconciled twice at a time. What is added while it is
 * reconciled waits until that is done.
 */
import type { Clock } from '@kcp-ts/base';
import type { WorkQueueMetrics } from './work-queue-metrics.ts';
import { createWorkQueueMetrics } from './work-queue-metrics.ts';

export interface WorkQueue extends Disposable {
  /** Adds a key, at once: a delayed add of the same key is dropped. */
  add(key: string): void;
  /** Adds a key after a while; `ready` is called then. */
  addAfter(key: string, delay: { readonly ms: number; readonly why: string }, ready: () => void): void;
  /** Takes the key that has waited longest; undefined where none waits. `done` must follow. */
  take(): string | undefined;
  /**
   * The key has been reconciled. Where it was added meanwhile, it waits again, and the answer is
   * true.
   */
  done(key: string): boolean;
  /** Keys that wait. */
  waiting(): number;
  /** Keys that are being reconciled. */
  working(): number;
  /** Keys whose add is delayed, with the reasons. */
  delayed(): ReadonlyMap<string, string>;
  readonly metrics: WorkQueueMetrics;
}

interface Delayed extends Disposable {
  readonly why: string;
}

export function createWorkQueue(clock: Pick<Clock, 'monotonic' | 'setTimer'>): WorkQueue {
  /** When each was added, the longest ago first. */
  const waiting = new Map<string, number>();
  /** When each was taken. */
  const working = new Map<string, number>();
  /** Added while they were reconciled, and when. */
  const readded = new Map<string, number>();
  const delayed = new Map<string, Delayed>();
  const metrics = createWorkQueueMetrics({
    depth: () => waiting.size + readded.size,
    startTimes: () => working.values(),
    now: clock.monotonic,
  });

  function cancelDelayed(key: string): void {
    delayed.get(key)?.[Symbol.dispose]();
    delayed.delete(key);
  }

  function add(key: string): void {
    cancelDelayed(key);
    const queue = working.has(key) ? readded : waiting;
    if (queue.has(key)) return;
    queue.set(key, clock.monotonic());
    metrics.added();
  }

  return {
    metrics,
    add,
    addAfter(key, { ms, why }, ready) {
      cancelDelayed(key);
      metrics.retried();
      const timer = clock.setTimer(ms, () => {
        add(key);
        ready();
      });
      delayed.set(key, { why, [Symbol.dispose]: () => timer[Symbol.dispose]() });
    },
    take() {
      const [first] = waiting;
      if (first === undefined) return undefined;
      const [key, addedAt] = first;
      const now = clock.monotonic();
      waiting.delete(key);
      working.set(key, now);
      metrics.taken(now - addedAt);
      return key;
    },
    done(key) {
      const takenAt = working.get(key);
      working.delete(key);
      if (takenAt !== undefined) metrics.worked(clock.monotonic() - takenAt);
      const addedAt = readded.get(key);
      if (addedAt === undefined) return false;
      readded.delete(key);
      waiting.set(key, addedAt);
      return true;
    },
    waiting: () => waiting.size,
    working: () => working.size,
    delayed: () => new Map([...delayed].map(([key, { why }]) => [key, why])),
    [Symbol.dispose]() {
      for (const key of [...delayed.keys()]) cancelDelayed(key);
      waiting.clear();
      readded.clear();
    },
  };
}
