/** Turns that are timed, and what their times come to. */
import { createSystemClock, pauseAlive } from '@kcp-ts/base';

export interface Times {
  readonly perSecond: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

const clock = createSystemClock();

export function pause(ms: number): Promise<void> {
  return pauseAlive(clock, ms);
}

/**
 * A bench whose condition takes longer will wait for ever: a server that gave up, or a name that
 * nothing has.
 */
const patienceMs = 120_000;

/**
 * Asks every few milliseconds, or with 0 at once again, until `holds`; throws, naming `what`, after
 * two minutes.
 */
export async function waitFor(what: string, holds: () => boolean | Promise<boolean>, everyMs = 2): Promise<void> {
  for (const since = performance.now(); !(await holds()); ) {
    if (performance.now() - since > patienceMs) throw new Error(`waited ${patienceMs / 1000} s for ${what}`);
    if (everyMs > 0) await pause(everyMs);
  }
}

/** 0 of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
}

/**
 * `count` turns, so many at once. A turn that answers with a number says itself how many
 * milliseconds it took.
 */
export async function timed(count: number, atOnce: number, turn: (i: number) => Promise<unknown>): Promise<Times> {
  const took: number[] = [];
  const start = performance.now();
  let next = 0;
  const work = async () => {
    while (next < count) {
      const begun = performance.now();
      const measured = await turn(next++);
      took.push(typeof measured === 'number' ? measured : performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const seconds = (performance.now() - start) / 1000;
  return {
    seconds,
    perSecond: round(count / seconds, 1),
    p50Ms: percentile(took, 0.5),
    p99Ms: percentile(took, 0.99),
  };
}
