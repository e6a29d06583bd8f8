/** For bounds that are a promise: what work costs, whatever else the machine does meanwhile. */
import process from 'node:process';

/** Milliseconds of CPU that this thread has used so far. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
