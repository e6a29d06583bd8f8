/** Asks shards to move on: one question in flight for each, however many streams and lists wait for it. */

import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { ShardRecord } from '../membership/membership.ts';
import type { AskProgress, ShardProgress } from './shard-progress.ts';

export interface ProgressRequester {
  /** Nothing to wait for: the shard's streams will say it. What fails is not repeated: whoever still waits asks again. */
  requestProgress(shard: ShardRecord, past: Revision): void;
  /** Resolves once the shard's progress is past a revision. Rejects when it cannot be reached, or does not get there in time. */
  reach(shard: ShardRecord, past: Revision): Promise<void>;
  /** A question of its own, put now: what it answers holds for everything that was acknowledged before. */
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

interface Line {
  inFlight: boolean;
  wanted: Revision;
  reached: Revision;
  waiters: Waiter[];
}

/** A shard whose clock is behind the revision that it is asked for gets there by waiting. */
const againMs = 20;
const reachMs = 3_000;

export function createProgressRequester(askProgress: AskProgress, clock: Clock): ProgressRequester {
  const lines = new Map<string, Line>();

  function lineOf(name: string): Line {
    let line = lines.get(name);
    if (line === undefined) {
      line = { inFlight: false, wanted: revisionZero, reached: revisionZero, waiters: [] };
      lines.set(name, line);
    }
    return line;
  }

  function advance(line: Line, progress: Revision): void {
    if (progress > line.reached) line.reached = progress;
    const waiting = line.waiters;
    if (waiting.length === 0) return;
    const now = clock.monotonic();
    line.waiters = waiting.filter((waiter) => waiter.past > line.reached && now < waiter.untilMs);
    for (const waiter of waiting) {
      if (waiter.past <= line.reached) waiter.resolve();
      else if (now >= waiter.untilMs) waiter.reject(new Error('the shard does not get there in time'));
    }
  }

  function send(shard: ShardRecord, line: Line): void {
    line.inFlight = true;
    askProgress(shard, line.wanted).then(
      ({ progress }) => {
        line.inFlight = false;
        advance(line, progress);
        if (line.wanted <= line.reached) return;
        clock.setTimer(againMs, () => next(shard, line));
      },
      (error: unknown) => {
        line.inFlight = false;
        line.wanted = line.reached;
        const { waiters } = line;
        line.waiters = [];
        for (const waiter of waiters) waiter.reject(error);
      },
    );
  }

  function next(shard: ShardRecord, line: Line): void {
    if (!line.inFlight && line.wanted > line.reached) send(shard, line);
  }

  function want(shard: ShardRecord, past: Revision): Line {
    const line = lineOf(shard.name);
    if (past > line.wanted) line.wanted = past;
    next(shard, line);
    return line;
  }

  return {
    requestProgress: (shard, past) => void want(shard, past),
    reach(shard, past) {
      if (lineOf(shard.name).reached >= past) return Promise.resolve();
      return new Promise((resolve, reject) => {
        lineOf(shard.name).waiters.push({ past, untilMs: clock.monotonic() + reachMs, resolve, reject });
        want(shard, past);
      });
    },
    async ask(shard) {
      const said = await askProgress(shard, revisionZero);
      advance(lineOf(shard.name), said.progress);
      return said;
    },
    progressOf: (name) => lines.get(name)?.reached,
  };
}
