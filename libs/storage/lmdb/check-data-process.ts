/**
 * Reads every key of a store and ends with 0; with 1 and the reason on standard error, or by a
 * signal, where that is not possible. See `check-data.ts`.
 */
import { readAllKeys } from './tables.ts';

const [path] = process.argv.slice(2);
if (path === undefined) throw new RangeError('Usage: check-data-process.ts <folder>');
try {
  readAllKeys(path);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
