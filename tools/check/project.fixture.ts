/** Small projects for the tests of rules. */
import type { Finding } from './finding.ts';
import { formatFinding } from './finding.ts';
import { layers } from './layers.ts';
import type { Project } from './project.ts';
import { readPackage } from './project.ts';
import { parseSource } from './source-file.ts';

export interface PackageFixture {
  readonly dependencies?: readonly string[];
  readonly devDependencies?: readonly string[];
}

function asRecord(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [`@kcp-ts/${name}`, '*']));
}

const folders = [
  'libs/base',
  'libs/api',
  'libs/testing',
  'libs/http',
  'libs/registry',
  'libs/client',
  'services/shard',
];
const everything = ['base', 'api', 'http', 'registry', 'client', 'shard'];

/** A project of these files; a package that is not described depends on every other one. */
export function projectOf(
  files: Readonly<Record<string, string>>,
  packages: Readonly<Record<string, PackageFixture>> = {},
): Project {
  return {
    files: Object.entries(files).map(([path, text]) => parseSource(path, text)),
    packages: [...new Set([...folders, ...Object.keys(packages)])].map((folder) => {
      const { dependencies = everything, devDependencies = ['testing'] } = packages[folder] ?? {};
      const json = {
        name: `@kcp-ts/${folder.split('/').at(-1)}`,
        exports: { '.': './index.ts', './contract': './contract/index.ts' },
        dependencies: asRecord(dependencies),
        devDependencies: asRecord(devDependencies),
      };
      return readPackage(folder, JSON.stringify(json));
    }),
  };
}

/** A project with a file in each package of the table of layers. */
export function wholeProject(): Project {
  const all = Object.keys(layers);
  return projectOf(
    Object.fromEntries([...all, 'services/shard'].map((folder) => [`${folder}/index.ts`, ''])),
    Object.fromEntries(all.map((folder) => [folder, {}])),
  );
}

export function texts(findings: readonly Finding[]): readonly string[] {
  return findings.map(formatFinding);
}
