/**
 * Numbers about the code that are cheap to take: not rules, but worth looking at when they move.
 */
import type { Project } from './project.ts';
import { isGenerated, isTestSupport } from './project.ts';
import { countsOf } from './rules/counts.ts';
import { fileLinesMax, functionLinesMax } from './rules/sizes.ts';

export interface Measurement {
  readonly what: string;
  readonly value: string;
}

const likeLines = 6;
const crowdedEntryPoint = 40;

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/**
 * Pairs of places that share six or more like lines; blank lines, comments, imports and closing
 * brackets do not count.
 */
export function countLikePlaces(files: readonly { readonly path: string; readonly text: string }[]): number {
  const seen = new Map<string, number>();
  let pairs = 0;
  for (const file of files) {
    const lines = file.text
      .replaceAll(/^(?:import|export)(?: type)? \{[^}]*\} from .*;$/gm, '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.length > 3 && !/^(import|export (type )?\{|\/\/|\/?\*)/.test(line));
    let inRun = false;
    for (let start = 0; start + likeLines <= lines.length; start += 1) {
      const window = lines.slice(start, start + likeLines).join('\n');
      const before = seen.get(window) ?? 0;
      if (before > 0 && !inRun) pairs += before;
      inRun = before > 0;
      seen.set(window, before + 1);
    }
  }
  return pairs;
}

export function measure(project: Project): readonly Measurement[] {
  const code = project.files.filter((file) => !isTestSupport(file.path) && !isGenerated(file.path));
  const tests = project.files.filter((file) => isTestSupport(file.path));
  const sum = (files: readonly { readonly lines: number }[]): number =>
    files.reduce((total, file) => total + file.lines, 0);
  const below = (folder: string) => code.filter((file) => file.path.startsWith(`${folder}/`));
  const plumbing = sum(below('libs/controller-runtime')) / Math.max(1, sum(below('libs/controllers')));
  const crowded = project.files.filter((file) => file.path.endsWith('/index.ts') && file.exported > crowdedEntryPoint);
  const long = code
    .flatMap((file) => file.functions.map((each) => each.lines))
    .filter((lines) => lines > functionLinesMax);
  return [
    { what: 'files, lines (code)', value: `${code.length}, ${sum(code)}` },
    { what: 'files, lines (tests)', value: `${tests.length}, ${sum(tests)}` },
    { what: 'plumbing : meaning in controllers', value: plumbing.toFixed(2) },
    { what: 'median file length', value: String(median(code.map((file) => file.lines))) },
    { what: 'longest file', value: String(Math.max(0, ...code.map((file) => file.lines))) },
    { what: `functions over ${functionLinesMax} lines`, value: `${long.length}, longest ${Math.max(0, ...long)}` },
    {
      what: `files over ${fileLinesMax} lines`,
      value: String(code.filter((file) => file.lines > fileLinesMax).length),
    },
    { what: 'waivers', value: String(project.files.reduce((total, file) => total + file.waivers.length, 0)) },
    ...countsOf(project),
    {
      what: `entry points of more than ${crowdedEntryPoint} names`,
      value: crowded.length === 0 ? '0' : crowded.map((file) => `${file.path} (${file.exported})`).join(', '),
    },
    { what: `pairs of places sharing ${likeLines} like lines`, value: String(countLikePlaces(code)) },
  ];
}
