/**
 * Sums up a run: `count.ts <exit code of make check> {<report of vitest> <exit code>}...` prints
 * `N passed, N failed` and exits with 1 if anything failed. The check counts as one; so does a test
 * file that could not even be loaded, and a run that failed with no test to blame.
 */
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

interface Sum {
  readonly passed: number;
  readonly failed: number;
}

const noReport: Report = { numPassedTests: 0, numFailedTests: 0, testResults: [] };

function sumOf(path: string, exitCode: string): Sum {
  const report = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report) : noReport;
  const unloadable = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const failed = report.numFailedTests + unloadable;
  return { passed: report.numPassedTests, failed: failed === 0 && exitCode !== '0' ? 1 : failed };
}

const [checked = '1', ...runs] = process.argv.slice(2);
const sums = [checked === '0' ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }];
for (let i = 0; i < runs.length; i += 2) sums.push(sumOf(runs[i] ?? '', runs[i + 1] ?? '1'));
const passed = sums.reduce((total, sum) => total + sum.passed, 0);
const failed = sums.reduce((total, sum) => total + sum.failed, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
