import type { Finding, RuleName } from '../finding.ts';
import { layerOf } from '../layers.ts';
import type { Package, Project } from '../project.ts';
import { isTestSupport, packageOf } from '../project.ts';
import { packageName, resolveImport, scope } from '../resolve-import.ts';
import type { Import, SourceFile } from '../source-file.ts';

type Report = (rule: RuleName, message: string) => readonly Finding[];

/**
 * Imports go to lower layers, packages name what they import, and each package has one entry point.
 */
export function checkLayers(project: Project): readonly Finding[] {
  return project.files.flatMap((file) => {
    const home = packageOf(project, file.path);
    return home === undefined ? [] : file.imports.flatMap((entry) => checkImport(project, file, home, entry));
  });
}

function checkImport(project: Project, file: SourceFile, home: Package, entry: Import): readonly Finding[] {
  const at: Report = (rule, message) => [{ rule, path: file.path, line: entry.line, message }];
  if (entry.everything) return at('entry-point', '"export *" hides what an entry point offers: name each export');
  if (/\.test\.ts$/.test(entry.specifier)) {
    return at(
      'test-support',
      'A test file is imported: move what is shared to a *.fixture.ts beside it or to libs/testing',
    );
  }
  if (entry.specifier.startsWith('.')) return checkRelative(project, file, home, entry, at);
  if (!entry.specifier.startsWith(scope)) return [];
  const name = packageName(entry.specifier);
  if (name === home.name) {
    return at(
      'entry-point',
      `A package does not import its own entry point: import the file itself instead of ${entry.specifier}`,
    );
  }
  const target = project.packages.find((candidate) => candidate.name === name);
  if (target === undefined) return at('dependency', `There is no package ${name}`);
  if (resolveImport(project, file.path, entry.specifier) === undefined) {
    return at(
      'entry-point',
      `${name} has no entry point ${entry.specifier}: import from ${name}, or add the path to the exports of ${target.folder}/package.json`,
    );
  }
  const support = isTestSupport(file.path);
  if (!home.dependencies.has(name) && !(support && home.devDependencies.has(name))) {
    return at(
      'dependency',
      `${home.folder}/package.json does not name ${name}: add it to its ${support ? 'devDependencies' : 'dependencies'}`,
    );
  }
  return checkLayer(home, target).flatMap((message) => at('layer', message));
}

function checkRelative(
  project: Project,
  file: SourceFile,
  home: Package,
  entry: Import,
  at: Report,
): readonly Finding[] {
  const target = resolveImport(project, file.path, entry.specifier);
  if (target === undefined || !target.startsWith(`${home.folder}/`))
    return at('entry-point', `${entry.specifier} leads out of ${home.folder}: import the package by its name`);
  const isOwnEntryPoint = Object.values(home.entryPoints).some(
    (entryPoint) => `${home.folder}/${entryPoint.slice(2)}` === target,
  );
  return isOwnEntryPoint && target.endsWith('/index.ts')
    ? at(
        'entry-point',
        `${entry.specifier} is the entry point for other packages: import the file that declares the name`,
      )
    : [];
}

function checkLayer(home: Package, target: Package): readonly string[] {
  const from = layerOf(home.folder);
  const to = layerOf(target.folder);
  if (from === undefined || to === undefined) return [];
  // Any test may use it; code that does is found by checkTestSupport.
  if (target.folder === 'libs/testing') return [];
  if (to < from) return [];
  const where = to === from ? `on the same layer ${to}` : `on layer ${to}, above its own layer ${from}`;
  return [
    `${home.folder} may not import ${target.folder}, ${where}: move the shared part below both, or pass it in as a parameter`,
  ];
}
