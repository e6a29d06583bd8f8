/** Where an import leads, inside the project. */
import { posix } from 'node:path';
import type { Project } from './project.ts';

export const scope = '@kcp-ts/';

/** `@kcp-ts/storage/contract` is the package `@kcp-ts/storage`. */
export function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The file's path, or undefined when it leads out of the project or nowhere. */
export function resolveImport(project: Project, from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(from), specifier));
  if (!specifier.startsWith(scope)) return undefined;
  const name = packageName(specifier);
  const target = project.packages.find((candidate) => candidate.name === name);
  const entryPoint = target?.entryPoints[`.${specifier.slice(name.length)}`];
  return target === undefined || entryPoint === undefined ? undefined : posix.join(target.folder, entryPoint);
}
