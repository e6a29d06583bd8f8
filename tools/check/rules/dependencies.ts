import type { Finding } from '../finding.ts';
import type { Package, Project } from '../project.ts';
import { isTestSupport } from '../project.ts';
import { packageName } from '../resolve-import.ts';

/** What the files of a package import, by whether a program needs it or its tests alone. */
interface Imported {
  readonly byCode: ReadonlySet<string>;
  readonly byTests: ReadonlySet<string>;
}

function importedBy(project: Project, { folder }: Package): Imported {
  const byCode = new Set<string>();
  const byTests = new Set<string>();
  // All files of these packages are test support, so that their dependencies are ordinary ones.
  const isForTests = isTestSupport(`${folder}/index.ts`);
  for (const file of project.files.filter(({ path }) => path.startsWith(`${folder}/`))) {
    const names = isTestSupport(file.path) && !isForTests ? byTests : byCode;
    for (const { specifier } of file.imports) names.add(packageName(specifier));
  }
  return { byCode, byTests };
}

function cureOf(name: string, kind: 'dependencies' | 'devDependencies', { byCode, byTests }: Imported) {
  if (kind === 'devDependencies')
    return byTests.has(name) || byCode.has(name) ? undefined : 'and no test imports it: remove it';
  if (byCode.has(name)) return undefined;
  return byTests.has(name)
    ? 'and only tests import it: move it to devDependencies'
    : 'and no file imports it: remove it';
}

/** A package names what its files import, and nothing else. */
export function checkDependencies(project: Project): readonly Finding[] {
  return project.packages.flatMap((candidate) => {
    const imported = importedBy(project, candidate);
    return (['dependencies', 'devDependencies'] as const).flatMap((kind) =>
      [...candidate[kind]].flatMap((name): readonly Finding[] => {
        const cure = cureOf(name, kind, imported);
        if (cure === undefined) return [];
        const message = `${name} is named in ${kind}, ${cure}`;
        return [{ rule: 'dependency', path: `${candidate.folder}/package.json`, line: 1, message }];
      }),
    );
  });
}
