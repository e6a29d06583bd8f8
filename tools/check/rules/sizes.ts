import type { LongFunction } from '../exceptions.ts';
import type { Finding } from '../finding.ts';
import type { Project } from '../project.ts';
import { isGenerated, isTestSupport } from '../project.ts';
import type { FunctionSize, SourceFile } from '../source-file.ts';

const maxFileLines = 400;
const maxTestLines = 600;
const maxFunctionLines = 70;

/** Files and functions that fit on a screen or a few; an exception is a number that may only go down. */
export function checkSizes(project: Project, exceptions: readonly LongFunction[]): readonly Finding[] {
  const files = project.files.filter((file) => !isGenerated(file.path));
  const unused = new Set(exceptions);
  const found = files.flatMap((file) => [
    ...checkFile(file),
    ...(isTestSupport(file.path) ? [] : checkFunctions(file, exceptions, unused)),
  ]);
  const stale = [...unused].map((entry) => ({
    path: 'tools/check/exceptions.ts',
    line: 1,
    message: `${entry.name} in ${entry.path} is within ${maxFunctionLines} lines or gone: remove its exception`,
  }));
  return [...found, ...stale];
}

function checkFile(file: SourceFile): readonly Finding[] {
  const limit = isTestSupport(file.path) ? maxTestLines : maxFileLines;
  if (file.lines <= limit) return [];
  return [
    {
      path: file.path,
      line: 1,
      message: `${file.lines} lines, and ${limit} are allowed: give each idea a file of its own`,
    },
  ];
}

function checkFunctions(
  file: SourceFile,
  exceptions: readonly LongFunction[],
  unused: Set<LongFunction>,
): readonly Finding[] {
  return file.functions
    .filter((candidate) => candidate.lines > maxFunctionLines)
    .flatMap((candidate) => {
      const exception = exceptions.find((entry) => entry.path === file.path && entry.name === candidate.name);
      if (exception !== undefined) unused.delete(exception);
      return checkLength(file.path, candidate, exception);
    });
}

function checkLength(path: string, long: FunctionSize, exception: LongFunction | undefined): readonly Finding[] {
  if (exception?.lines === long.lines) return [];
  const cure =
    exception === undefined
      ? `and ${maxFunctionLines} are allowed: take steps out of it and name them`
      : long.lines > exception.lines
        ? `more than the ${exception.lines} of its exception: an exception may only shrink`
        : `fewer than the ${exception.lines} of its exception: lower the number in tools/check/exceptions.ts`;
  return [{ path, line: long.line, message: `${long.name} has ${long.lines} lines, ${cure}` }];
}
