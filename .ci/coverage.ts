/**
 * Prints how much of each package the tests cover: `coverage.ts <coverage-summary.json of vitest>`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import process from 'node:process';

interface Covered {
  readonly total: number;
  readonly covered: number;
}

interface FileCoverage {
  readonly lines: Covered;
  readonly branches: Covered;
}

const [path = ''] = process.argv.slice(2);
const files: Readonly<Record<string, FileCoverage>> = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
const packages = new Map<string, readonly FileCoverage[]>();
for (const [file, coverage] of Object.entries(files)) {
  const name = file === 'total' ? 'all' : relative(process.cwd(), file).split('/').slice(0, 2).join('/');
  packages.set(name, [...(packages.get(name) ?? []), coverage]);
}

function percent(all: readonly FileCoverage[], what: keyof FileCoverage): string {
  const sum = (of: keyof Covered) => all.reduce((result, file) => result + file[what][of], 0);
  return sum('total') === 0 ? '-' : `${((100 * sum('covered')) / sum('total')).toFixed(1)} %`;
}

process.stdout.write(`${'covered by unit tests'.padEnd(32)} ${'lines'.padStart(8)} ${'branches'.padStart(8)}\n`);
for (const [name, all] of [...packages].sort(([a], [b]) => a.localeCompare(b, 'en')))
  process.stdout.write(
    `${name.padEnd(32)} ${percent(all, 'lines').padStart(8)} ${percent(all, 'branches').padStart(8)}\n`,
  );
