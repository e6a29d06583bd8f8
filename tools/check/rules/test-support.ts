import type { Finding } from '../finding.ts';
import type { Project } from '../project.ts';
import { isTestSupport } from '../project.ts';
import { packageName, resolveImport } from '../resolve-import.ts';

const testTools = new Set(['vitest', '@vitest/coverage-v8', 'fast-check']);

/**
 * What exists for tests is imported by tests alone: fixtures, contracts, libs/testing and the tools
 * of tests.
 */
export function checkTestSupport(project: Project): readonly Finding[] {
  return project.files
    .filter(({ path }) => !isTestSupport(path))
    .flatMap((file) =>
      file.imports.flatMap(({ specifier, line }): readonly Finding[] => {
        const target = resolveImport(project, file.path, specifier);
        const isForTests = target === undefined ? testTools.has(packageName(specifier)) : isTestSupport(target);
        if (!isForTests) return [];
        const message = `${specifier} is for tests: move what a program needs to the package it belongs to`;
        return [{ rule: 'test-support', path: file.path, line, message }];
      }),
    );
}
