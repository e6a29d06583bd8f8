/**
 * Definitions are large, and checking one takes long: so it is done step by step, and a caller that
 * waits for the result decides whether others get turns in between.
 */
import type { Slices } from '@kcp-ts/base';

/** Yields between steps and returns what was found. */
export type Checking<Result> = Generator<undefined, Result, undefined>;

/** All at once. */
export function checkNow<Result>(checking: Checking<Result>): Result {
  for (;;) {
    const step = checking.next();
    if (step.done === true) return step.value;
  }
}

/** So many steps pass between two looks at the clock. */
const stepsPerLook = 16;

/**
 * As many steps as make sure that the clock is looked at: behind something that took long at once.
 */
export function* pause(): Checking<void> {
  for (let step = 0; step < stepsPerLook; step++) yield;
}

/** In slices. */
export async function checkInSlices<Result>(checking: Checking<Result>, slices: Slices): Promise<Result> {
  for (let steps = 1; ; steps++) {
    const step = checking.next();
    if (step.done === true) return step.value;
    if (steps % stepsPerLook !== 0) continue;
    const pause = slices.pause();
    if (pause !== undefined) await pause;
  }
}
