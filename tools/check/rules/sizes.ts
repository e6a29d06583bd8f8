import type { Finding } from '../finding.ts';
import type { Project } from '../project.ts';
import { isGenerated, isTestSupport } from '../project.ts';
import type { SourceFile } from '../source-file.ts';

export const fileLinesMax = 400;
const testLinesMax = 600;
export const functionLinesMax = 100;

/**
 * Files and functions that are far longer than most: each is better in parts, or has a waiver that
 * says why it is not.
 */
export function checkSizes(project: Project): readonly Finding[] {
  return project.files
    .filter((file) => !isGenerated(file.path))
    .flatMap((file) => [...checkFile(file), ...(isTestSupport(file.path) ? [] : checkFunctions(file))]);
}

function checkFile(file: SourceFile): readonly Finding[] {
  const limit = isTestSupport(file.path) ? testLinesMax : fileLinesMax;
  if (file.lines <= limit) return [];
  const message = `${file.lines} lines, more than ${limit}: give each idea a file of its own, or say why they belong together`;
  return [{ rule: 'file-length', path: file.path, line: 1, message }];
}

function checkFunctions(file: SourceFile): readonly Finding[] {
  return file.functions
    .filter(({ lines }) => lines > functionLinesMax)
    .map(({ name, line, lines }) => ({
      rule: 'function-length',
      path: file.path,
      line,
      message: `${name} has ${lines} lines, more than ${functionLinesMax}: take steps out of it and name them, or say why it is one piece`,
    }));
}
