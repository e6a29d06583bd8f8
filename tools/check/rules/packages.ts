import type { Finding } from '../finding.ts';
import { layerOf, layers } from '../layers.ts';
import type { Project } from '../project.ts';

const table = 'tools/check/layers.ts';

/** Every package has a layer and files, and every entry of the table of layers is a package. */
export function checkPackages(project: Project): readonly Finding[] {
  const folders = new Set(project.packages.map(({ folder }) => folder));
  const found = project.packages.flatMap(({ folder }): readonly Finding[] => {
    const at = (message: string): Finding => ({ rule: 'package', path: `${folder}/package.json`, line: 1, message });
    return [
      ...(layerOf(folder) === undefined ? [at(`This package has no layer: add it to ${table}`)] : []),
      ...(project.files.some(({ path }) => path.startsWith(`${folder}/`))
        ? []
        : [at('This package has no files: remove it, or add its content')]),
    ];
  });
  const missing = Object.keys(layers)
    .filter((folder) => !folders.has(folder))
    .map((folder): Finding => ({ rule: 'package', path: table, line: 1, message: `There is no package ${folder}` }));
  return [...found, ...missing];
}
