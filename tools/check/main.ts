/**
 * `make check`: format, lint, types, dead code, and the rules of this project. Says what is wrong
 * and how to correct it; exits with 1 if anything is. `--places <rule>` lists what a rule of
 * counts.ts counts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { missingOptional } from './complete-lock.ts';
import type { Finding } from './finding.ts';
import { formatFinding } from './finding.ts';
import { measure } from './measure.ts';
import type { Project } from './project.ts';
import { readProject } from './project.ts';
import { checkCircles } from './rules/circles.ts';
import { checkCounts, placesOfRule } from './rules/counts.ts';
import { checkDecisions } from './rules/decisions.ts';
import { checkDependencies } from './rules/dependencies.ts';
import { checkJourneys } from './rules/journeys.ts';
import { checkLayers } from './rules/layers.ts';
import { checkOwners } from './rules/owners.ts';
import { checkPackages } from './rules/packages.ts';
import { checkSizes } from './rules/sizes.ts';
import { checkTestSupport } from './rules/test-support.ts';
import type { Step, StepResult } from './run-tool.ts';
import { runStep } from './run-tool.ts';
import { applyWaivers } from './waivers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const steps: readonly Step[] = [
  { name: 'types', command: ['tsc', '-p', '.'], cure: 'Correct the types; the flags stay as strict as they are.' },
  {
    name: 'floating promises',
    command: ['oxlint', '--type-aware', '--deny-warnings', 'libs', 'services', 'tools', 'tests'],
    cure: 'Await the promise, or say void and why it may be left alone.',
  },
  {
    name: 'format and lint',
    command: ['biome', 'check', '.'],
    cure: 'Most of it is corrected by: npx biome check --write .',
  },
  {
    name: 'dead code',
    command: ['knip', '--no-progress', '--no-config-hints'],
    cure: 'Remove what no file uses; what other packages use is exported from the index.ts.',
  },
];

function checkLock(): readonly Finding[] {
  const missing = Object.keys(missingOptional(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))));
  if (missing.length === 0) return [];
  return [
    {
      rule: 'lock-file',
      path: 'package-lock.json',
      line: 1,
      message: `${missing.length} packages for other platforms are missing, and npm ci will refuse it: run node tools/check/complete-lock.ts`,
    },
  ];
}

function checkDecisionPages(): readonly Finding[] {
  const folder = join(root, 'docs/decisions');
  const textOf = (file: string) => readFileSync(join(folder, file), 'utf8');
  const files = readdirSync(folder).filter((file) => /^\d{4}-/.test(file));
  return checkDecisions(
    files.sort().map((file) => ({ file, text: textOf(file) })),
    textOf('README.md'),
  );
}

function checkArchitecture(project: Project): readonly Finding[] {
  const document = 'ARCHITECTURE.md';
  return checkJourneys(project, document, readFileSync(join(root, document), 'utf8'));
}

const rules: readonly (readonly [name: string, check: (project: Project) => readonly Finding[]])[] = [
  ['layers, entry points, dependencies', checkLayers],
  ['unused dependencies', checkDependencies],
  ['packages', checkPackages],
  ['test support', checkTestSupport],
  ['owners of modules and globals', checkOwners],
  ['import circles', checkCircles],
  ['sizes', checkSizes],
  ['counts that may only shrink', checkCounts],
  ['lock file', checkLock],
  ['index of decisions', checkDecisionPages],
  ['journeys', checkArchitecture],
];

function projectRules(): readonly StepResult[] {
  const project = readProject(root);
  for (const { what, value } of measure(project)) process.stdout.write(`  ${what.padEnd(42)} ${value}\n`);
  const found = rules.map(([name, check]) => ({ name, findings: check(project) }));
  const left = applyWaivers(
    project,
    found.flatMap(({ findings }) => findings),
  );
  const named = [...found, { name: 'waivers', findings: left.filter(({ rule }) => rule === 'waiver') }];
  return named.map(({ name, findings }) => {
    const remaining = findings.filter((finding) => left.includes(finding));
    return { name, passed: remaining.length === 0, output: remaining.map(formatFinding).join('\n') };
  });
}

if (process.argv[2] === '--places') {
  const places = placesOfRule(readProject(root), process.argv[3] ?? '');
  process.stdout.write(places.map((place) => `${place}\n`).join(''));
  process.exit();
}

const results = [...projectRules(), ...(await Promise.all(steps.map((step) => runStep(root, step))))];
for (const { name, passed, output } of results)
  process.stdout.write(`${passed ? 'ok    ' : 'FAILED'} ${name}\n${output === '' ? '' : `${output}\n`}`);
process.exitCode = results.every((result) => result.passed) ? 0 : 1;
