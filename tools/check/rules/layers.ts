import type { Finding } from '../finding.ts';
import { layerOf } from '../layers.ts';
import type { Package, Project } from '../project.ts';
import { isTestSupport, packageOf } from '../project.ts';
import { packageName, resolveImport, scope } from '../resolve-import.ts';
import type { Import, SourceFile } from '../source-file.ts';

/** Imports go down, packages say what they import, and each package has one door. */
export function checkLayers(project: Project): readonly Finding[] {
  const homeless = project.packages
    .filter((candidate) => layerOf(candidate.folder) === undefined)
    .map((candidate) => ({
      path: `${candidate.folder}/package.json`,
      line: 1,
      message: 'This package has no layer: add it to tools/check/layers.ts',
    }));
  const wrong = project.files.flatMap((file) => {
    const home = packageOf(project, file.path);
    return home === undefined ? [] : file.imports.flatMap((entry) => checkImport(project, file, home, entry));
  });
  return [...homeless, ...wrong];
}

function checkImport(project: Project, file: SourceFile, home: Package, entry: Import): readonly Finding[] {
  const at = (message: string): readonly Finding[] => [{ path: file.path, line: entry.line, message }];
  if (entry.everything) return at('"export *" hides what a door offers: name each export');
  if (/\.test\.ts$/.test(entry.specifier))
    return at('A test file is imported: move what is shared to a *.fixture.ts beside it or to libs/testing');
  if (entry.specifier.startsWith('.')) return checkRelative(project, file, home, entry, at);
  if (!entry.specifier.startsWith(scope)) return [];
  const name = packageName(entry.specifier);
  if (name === home.name)
    return at(`A package does not go out by its own door: import the file itself instead of ${entry.specifier}`);
  const target = project.packages.find((candidate) => candidate.name === name);
  if (target === undefined) return at(`There is no package ${name}`);
  if (resolveImport(project, file.path, entry.specifier) === undefined) {
    return at(
      `${name} has no door ${entry.specifier}: import from ${name}, or add the path to the exports of ${target.folder}/package.json`,
    );
  }
  const support = isTestSupport(file.path);
  if (!home.dependencies.has(name) && !(support && home.devDependencies.has(name))) {
    return at(
      `${home.folder}/package.json does not name ${name}: add it to its ${support ? 'devDependencies' : 'dependencies'}`,
    );
  }
  return checkLayer(home, target, support).flatMap(at);
}

function checkRelative(
  project: Project,
  file: SourceFile,
  home: Package,
  entry: Import,
  at: (message: string) => readonly Finding[],
): readonly Finding[] {
  const target = resolveImport(project, file.path, entry.specifier);
  if (target === undefined || !target.startsWith(`${home.folder}/`))
    return at(`${entry.specifier} leads out of ${home.folder}: import the package by its name`);
  const isOwnEntryPoint = Object.values(home.entryPoints).some(
    (entryPoint) => `${home.folder}/${entryPoint.slice(2)}` === target,
  );
  return isOwnEntryPoint && target.endsWith('/index.ts')
    ? at(`${entry.specifier} is a door, for those outside: import the file that declares the name`)
    : [];
}

function checkLayer(home: Package, target: Package, support: boolean): readonly string[] {
  const from = layerOf(home.folder);
  const to = layerOf(target.folder);
  if (from === undefined || to === undefined) return [];
  if (target.folder === 'libs/testing') {
    return support ? [] : ['libs/testing is for tests: move what a program needs to the package it belongs to'];
  }
  if (to < from) return [];
  const where = to === from ? `beside it on layer ${to}` : `above it, layer ${to} over ${from}`;
  return [
    `${home.folder} may not import ${target.folder}, ${where}: move the shared part below both, or pass it in as a parameter`,
  ];
}
