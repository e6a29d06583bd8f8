/** The repository as the rules see it: source files and packages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceFile } from './source-file.ts';
import { parseSource } from './source-file.ts';

export interface Package {
  /** `@kcp-ts/api`. */
  readonly name: string;
  /** `libs/api`. */
  readonly folder: string;
  /** Import path to file, from the package's `exports`: `.` to `./index.ts`. */
  readonly entryPoints: Readonly<Record<string, string>>;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

export interface Project {
  readonly files: readonly SourceFile[];
  readonly packages: readonly Package[];
}

interface PackageJson {
  readonly name: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/**
 * Tests, benches and what only they use: `x.test.ts`, `x.bench.ts`, `x.fixture.ts`, a `contract/`,
 * a `testing/`, and the folder of tests.
 */
export function isTestSupport(path: string): boolean {
  return /\.(test|bench|fixture)\.ts$|\/(contract|testing)\/|^tests\//.test(path);
}

/** Written by a generator, and judged where it is generated. */
export function isGenerated(path: string): boolean {
  return /_pb\.ts$/.test(path);
}

export function packageOf(project: Project, path: string): Package | undefined {
  return project.packages.find((candidate) => path.startsWith(`${candidate.folder}/`));
}

export function readPackage(folder: string, json: string): Package {
  const parsed = JSON.parse(json) as PackageJson;
  return {
    name: parsed.name,
    folder,
    entryPoints: parsed.exports ?? {},
    dependencies: new Set(Object.keys(parsed.dependencies ?? {})),
    devDependencies: new Set(Object.keys(parsed.devDependencies ?? {})),
  };
}

function* filesBelow(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && entry.name !== 'node_modules') yield* filesBelow(root, path);
    else if (entry.isFile()) yield path;
  }
}

/** Reads `libs`, `services`, `tools` and `tests` below `root`. */
export function readProject(root: string): Project {
  const files: SourceFile[] = [];
  const packages: Package[] = [];
  for (const top of ['libs', 'services', 'tools', 'tests']) {
    for (const path of filesBelow(root, top)) {
      if (path.endsWith('/package.json'))
        packages.push(readPackage(path.slice(0, -'/package.json'.length), readFileSync(join(root, path), 'utf8')));
      else if (path.endsWith('.ts') && !path.endsWith('.d.ts'))
        files.push(parseSource(path, readFileSync(join(root, path), 'utf8')));
    }
  }
  return { files, packages };
}
