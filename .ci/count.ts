/**
 * Sums up a run: `count.ts <report of vitest> <exit code of make check> <exit code of make test>` prints `N passed, N failed` and exits with 1
 * if anything failed. The check counts as one; so does a test file that could not even be loaded, and a run that failed with no test to blame.
 */
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const [path = '', checked = '1', tested = '1'] = process.argv.slice(2);
const empty: Report = { numPassedTests: 0, numFailedTests: 0, testResults: [] };
const report = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report) : empty;
const unloadable = report.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
).length;
const failedTests = report.numFailedTests + unloadable;
const blameless = failedTests === 0 && tested !== '0' ? 1 : 0;
const passed = report.numPassedTests + (checked === '0' ? 1 : 0);
const failed = failedTests + blameless + (checked === '0' ? 0 : 1);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
