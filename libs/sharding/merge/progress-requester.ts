/**
 * Requests progress from shards: one request is in flight for each, however many streams and lists
 * wait for it.
 */

import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { ShardRecord } from '../membership/membership.ts';
import type { AskProgress, ShardProgress } from './shard-progress.ts';

export interface ProgressRequester {
  /**
   * Fire and forget: progress arrives on the shard's streams. What fails is not repeated: a stream
   * that still waits requests it again.
   */
  requestProgress(shard: ShardRecord, past: Revision): void;
  /**
   * Resolves once the shard's progress is past a revision. Rejects when it cannot be reached, or
   * does not get there in time.
   */
  reach(shard: ShardRecord, past: Revision): Promise<void>;
  /**
   * A request of its own, sent now: its answer holds for everything that was acknowledged before.
   */
  ask(shard: ShardRecord): Promise<ShardProgress>;
  /** The largest progress that a shard has promised to anyone here. */
  progressOf(name: string): Revision | undefined;
}

interface Waiter {
  readonly past: Revision;
  readonly untilMs: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** What is requested of one shard. */
interface Queue {
  inFlight: boolean;
  wanted: Revision;
  reached: Revision;
  waiters: Waiter[];
}

/** A shard whose clock is behind the revision that it is asked for gets there by waiting. */
const againMs = 20;
const reachMs = 3_000;

export function createProgressRequester(askProgress: AskProgress, clock: Clock): ProgressRequester {
  const queues = new Map<string, Queue>();

  function queueOf(name: string): Queue {
    let queue = queues.get(name);
    if (queue === undefined) {
      queue = { inFlight: false, wanted: revisionZero, reached: revisionZero, waiters: [] };
      queues.set(name, queue);
    }
    return queue;
  }

  function advance(queue: Queue, progress: Revision): void {
    if (progress > queue.reached) queue.reached = progress;
    const waiting = queue.waiters;
    if (waiting.length === 0) return;
    const now = clock.monotonic();
    queue.waiters = waiting.filter((waiter) => waiter.past > queue.reached && now < waiter.untilMs);
    for (const waiter of waiting) {
      if (waiter.past <= queue.reached) waiter.resolve();
      else if (now >= waiter.untilMs) waiter.reject(new Error('the shard does not get there in time'));
    }
  }

  function send(shard: ShardRecord, queue: Queue): void {
    queue.inFlight = true;
    askProgress(shard, queue.wanted).then(
      ({ progress }) => {
        queue.inFlight = false;
        advance(queue, progress);
        if (queue.wanted <= queue.reached) return;
        clock.setTimer(againMs, () => next(shard, queue));
      },
      (error: unknown) => {
        queue.inFlight = false;
        queue.wanted = queue.reached;
        const { waiters } = queue;
        queue.waiters = [];
        for (const waiter of waiters) waiter.reject(error);
      },
    );
  }

  function next(shard: ShardRecord, queue: Queue): void {
    if (!queue.inFlight && queue.wanted > queue.reached) send(shard, queue);
  }

  function want(shard: ShardRecord, past: Revision): Queue {
    const queue = queueOf(shard.name);
    if (past > queue.wanted) queue.wanted = past;
    next(shard, queue);
    return queue;
  }

  return {
    requestProgress: (shard, past) => void want(shard, past),
    reach(shard, past) {
      if (queueOf(shard.name).reached >= past) return Promise.resolve();
      return new Promise((resolve, reject) => {
        queueOf(shard.name).waiters.push({ past, untilMs: clock.monotonic() + reachMs, resolve, reject });
        want(shard, past);
      });
    },
    async ask(shard) {
      const said = await askProgress(shard, revisionZero);
      advance(queueOf(shard.name), said.progress);
      return said;
    },
    progressOf: (name) => queues.get(name)?.reached,
  };
}
