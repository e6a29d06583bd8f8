/** What an engine does by itself: history is kept within an age and a size, and what has expired is deleted by ordinary commits. */
import type { Clock } from '@kcp-ts/base';
import type { Revision } from '@kcp-ts/meta';
import { revisionAt } from '../revision-clock.ts';
import type { Operation } from '../store.ts';
import type { Backend } from './backend.ts';
import type { Committer } from './committer.ts';

const intervalMs = 1_000;
/** Events forgotten, or keys deleted, in one step: well under 10 ms. */
const stepMax = 200;

export interface HousekeepingOptions {
  readonly clock: Clock;
  readonly historyMaxAgeMs: number;
  readonly historyMaxBytes: number;
  pause(): Promise<void>;
}

export interface Housekeeping {
  floor(): Revision;
  /** Raises the floor at once, and forgets in steps. */
  compact(floor: Revision): Promise<void>;
  /** Ends the timer and waits for the step under way. */
  close(): Promise<void>;
}

export function createHousekeeping(backend: Backend, committer: Committer, options: HousekeepingOptions): Housekeeping {
  const { clock } = options;
  let floor = backend.state.floor;
  let closed = false;
  let running: Promise<void> | undefined;
  let timer = clock.setTimer(intervalMs, tick);

  function tick(): void {
    if (closed) return;
    running ??= round()
      // The disk is full or the like: commits say so to who waits; the next round tries again.
      .catch(() => undefined)
      .finally(() => {
        running = undefined;
        if (!closed) timer = clock.setTimer(intervalMs, tick);
      });
  }

  async function round(): Promise<void> {
    while (!closed && (await deleteExpired())) await options.pause();
    while (!closed) {
      const oldest = Math.min(
        revisionAt(clock.now() - options.historyMaxAgeMs),
        committer.currentRevision(),
      ) as Revision;
      const bytesOver = backend.historyBytes() - options.historyMaxBytes;
      const next = pickOldest((revision, before) => revision <= oldest || before < bytesOver);
      if (next === undefined) return;
      await forget(next);
      await options.pause();
    }
  }

  /** The last revision of the next step, or undefined when nothing is to be forgotten. */
  function pickOldest(isDue: (revision: Revision, bytesBefore: number) => boolean): Revision | undefined {
    let last: Revision | undefined;
    let count = 0;
    let bytes = 0;
    backend.walkOldest((revision, size) => {
      if (!isDue(revision, bytes)) return false;
      last = revision;
      bytes += size;
      return ++count < stepMax;
    });
    return last;
  }

  async function forget(upTo: Revision): Promise<void> {
    if (upTo > floor) floor = upTo;
    await committer.trim(upTo);
  }

  /** True when there may be more. */
  async function deleteExpired(): Promise<boolean> {
    const now = clock.now();
    const keys = backend.expired(now, stepMax);
    const commits = keys.flatMap((key) => {
      const entry = committer.peek(key);
      // It may have been renewed meanwhile.
      if (entry === undefined || entry.expiresAt === 0 || entry.expiresAt > now) return [];
      const operation: Operation = { op: 'delete', key, expect: entry.revision };
      return [committer.commit([operation])];
    });
    await Promise.all(commits);
    return commits.length === stepMax;
  }

  return {
    floor: () => floor,
    async compact(wanted) {
      const target = Math.min(wanted, committer.currentRevision()) as Revision;
      if (target <= floor) return;
      floor = target;
      for (;;) {
        const next = pickOldest((revision) => revision <= target);
        await committer.trim(next ?? target);
        if (next === undefined) return;
        await options.pause();
      }
    },
    async close() {
      closed = true;
      timer[Symbol.dispose]();
      await running;
    },
  };
}
