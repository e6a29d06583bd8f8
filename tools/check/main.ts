/** `make check`: format, lint, types, dead code, and the rules of this project. Says what is wrong and how to mend it; exits with 1 if anything is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { missingOptional } from './complete-lock.ts';
import { longFunctions } from './exceptions.ts';
import type { Finding } from './finding.ts';
import { formatFinding } from './finding.ts';
import { measure } from './measure.ts';
import { readProject } from './project.ts';
import { checkCircles } from './rules/circles.ts';
import { checkLayers } from './rules/layers.ts';
import { checkPlaces } from './rules/places.ts';
import { checkSizes } from './rules/sizes.ts';
import type { Step, StepResult } from './run-tool.ts';
import { runStep } from './run-tool.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const steps: readonly Step[] = [
  { name: 'types', command: ['tsc', '-p', '.'], cure: 'Mend the types; the flags stay as strict as they are.' },
  {
    name: 'floating promises',
    command: ['oxlint', '--type-aware', '--deny-warnings', 'libs', 'services', 'tools', 'tests'],
    cure: 'Await the promise, or say void and why it may be left alone.',
  },
  {
    name: 'format and lint',
    command: ['biome', 'check', '.'],
    cure: 'Most of it mends itself: npx biome check --write .',
  },
  {
    name: 'dead code',
    command: ['knip', '--no-progress', '--no-config-hints'],
    cure: 'Remove what nobody uses; what a door must offer is exported from its index.ts.',
  },
];

function checkLock(): readonly Finding[] {
  const missing = Object.keys(missingOptional(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))));
  if (missing.length === 0) return [];
  return [
    {
      path: 'package-lock.json',
      line: 1,
      message: `${missing.length} packages for other platforms are missing, and npm ci will refuse it: run node tools/check/complete-lock.ts`,
    },
  ];
}

function projectRules(): readonly StepResult[] {
  const project = readProject(root);
  const rules: readonly (readonly [string, readonly Finding[]])[] = [
    ['layers, entry points, dependencies', checkLayers(project)],
    ['places', checkPlaces(project)],
    ['import circles', checkCircles(project)],
    ['sizes', checkSizes(project, longFunctions)],
    ['lock file', checkLock()],
  ];
  for (const { what, value } of measure(project)) process.stdout.write(`  ${what.padEnd(42)} ${value}\n`);
  return rules.map(([name, findings]) => ({
    name,
    passed: findings.length === 0,
    output: findings.map(formatFinding).join('\n'),
  }));
}

const results = [...projectRules(), ...(await Promise.all(steps.map((step) => runStep(root, step))))];
for (const { name, passed, output } of results)
  process.stdout.write(`${passed ? 'ok    ' : 'FAILED'} ${name}\n${output === '' ? '' : `${output}\n`}`);
process.exitCode = results.every((result) => result.passed) ? 0 : 1;
