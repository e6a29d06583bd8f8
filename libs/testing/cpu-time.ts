/** For bounds that are a promise: what work costs, whatever else the machine does meanwhile. */
import process from 'node:process';

/** Milliseconds of CPU that this thread has used so far. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/**
 * The least that work costs in some tries, in milliseconds of this thread: the first one also pays
 * for compiling, and any one for what other tests left to the garbage collector.
 */
export function leastCpuMs(work: () => void, tries = 3): number {
  let least = Number.POSITIVE_INFINITY;
  for (let count = 0; count < tries; count++) {
    const begin = threadCpuMs();
    work();
    least = Math.min(least, threadCpuMs() - begin);
  }
  return least;
}
