/**
 * What an engine does by itself: history is kept within an age and a size, and what has expired is
 * deleted by ordinary commits.
 */

import type { Revision } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
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
  return new Housekeeper(backend, committer, options);
}

class Housekeeper implements Housekeeping {
  readonly #backend: Backend;
  readonly #committer: Committer;
  readonly #options: HousekeepingOptions;
  #floor: Revision;
  #closed = false;
  #running: Promise<void> | undefined;
  #timer: Disposable;

  constructor(backend: Backend, committer: Committer, options: HousekeepingOptions) {
    this.#backend = backend;
    this.#committer = committer;
    this.#options = options;
    this.#floor = backend.state.floor;
    this.#timer = this.#setTimer();
  }

  floor(): Revision {
    return this.#floor;
  }

  async compact(wanted: Revision): Promise<void> {
    const target = Math.min(wanted, this.#committer.currentRevision()) as Revision;
    if (target <= this.#floor) return;
    this.#floor = target;
    for (;;) {
      const next = this.#pickOldest((revision) => revision <= target);
      await this.#committer.trim(next ?? target);
      if (next === undefined) return;
      await this.#options.pause();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer[Symbol.dispose]();
    await this.#running;
  }

  #setTimer(): Disposable {
    return this.#options.clock.setTimer(intervalMs, () => {
      this.#running = this.#round()
        // The disk is full or the like: commits say so to who waits; the next round tries again.
        .catch(() => undefined)
        .then(() => {
          this.#running = undefined;
          if (!this.#closed) this.#timer = this.#setTimer();
        });
    });
  }

  async #round(): Promise<void> {
    const { clock, historyMaxAgeMs, historyMaxBytes, pause } = this.#options;
    while (!this.#closed && (await this.#deleteExpired())) await pause();
    while (!this.#closed) {
      // History is what deletions write most of: where there is room for nothing else, none of it
      // is kept.
      const ageMs = this.#backend.refusesGrowth?.() === true ? 0 : historyMaxAgeMs;
      const oldest = Math.min(revisionAt(clock.now() - ageMs), this.#committer.currentRevision());
      const bytesOver = this.#backend.historyBytes() - historyMaxBytes;
      const next = this.#pickOldest((revision, before) => revision <= oldest || before < bytesOver);
      if (next === undefined) return;
      if (next > this.#floor) this.#floor = next;
      await this.#committer.trim(next);
      await pause();
    }
  }

  /** The last revision of the next step, or undefined when nothing is to be forgotten. */
  #pickOldest(isDue: (revision: Revision, bytesBefore: number) => boolean): Revision | undefined {
    let last: Revision | undefined;
    let count = 0;
    let bytes = 0;
    this.#backend.walkOldest((revision, size) => {
      if (!isDue(revision, bytes)) return false;
      last = revision;
      bytes += size;
      return ++count < stepMax;
    });
    return last;
  }

  /** True when there may be more. */
  async #deleteExpired(): Promise<boolean> {
    const now = this.#options.clock.now();
    const commits = this.#backend.expired(now, stepMax).flatMap((key) => {
      const entry = this.#committer.peek(key);
      // It may have been renewed meanwhile.
      if (entry === undefined || entry.expiresAt === 0 || entry.expiresAt > now) return [];
      const operation: Operation = { op: 'delete', key, expect: entry.revision };
      return [this.#committer.commit([operation])];
    });
    await Promise.all(commits);
    return commits.length === stepMax;
  }
}
