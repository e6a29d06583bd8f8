/** What the code is being rid of step by step: each has a limit that may only be lowered. */
import type { Finding, RuleName } from '../finding.ts';
import type { Project } from '../project.ts';
import { isGenerated, isTestSupport } from '../project.ts';
import type { SourceFile } from '../source-file.ts';

export interface Limits {
  readonly keyLiterals: number;
  readonly clusterStrings: number;
  readonly spreadLiterals: number;
  readonly wideComments: number;
}

/** Lower a number when `make check` prints a smaller one. */
const limits: Limits = { keyLiterals: 0, clusterStrings: 3, spreadLiterals: 0, wideComments: 0 };

interface Counted {
  readonly rule: RuleName;
  readonly limit: keyof Limits;
  readonly what: string;
  readonly cure: string;
  readonly linesOf: (file: SourceFile) => readonly number[];
}

/**
 * `core/namespaces/`, `core.kcp.io/logicalclusters/-/`: as a string, or as the beginning of a
 * template.
 */
const keyPrefix = /^(?:core|apps|batch|(?:[a-z]+\.)+(?:kcp|k8s)\.io)\/[a-z]+\/(?:-\/.*)?$/;

const commentWidthMax = 100;

/** Lines of comments of their own; an address may be longer. */
function wideComments({ path, text }: SourceFile): readonly number[] {
  if (isGenerated(path)) return [];
  return text.split('\n').flatMap((line, index) => {
    const wide = line.length > commentWidthMax && /^\s*(?:\/\/|\/?\*)/.test(line) && !line.includes('://');
    return wide ? [index + 1] : [];
  });
}

function isProgramCode({ path }: SourceFile): boolean {
  return !isTestSupport(path) && !path.startsWith('tools/');
}

const counted: readonly Counted[] = [
  {
    rule: 'comment-width',
    limit: 'wideComments',
    what: `comments wider than ${commentWidthMax} columns`,
    cure: `break their lines at ${commentWidthMax} columns`,
    linesOf: wideComments,
  },
  {
    rule: 'key-literal',
    limit: 'keyLiterals',
    what: 'keys as literals outside storage',
    cure: 'make the key with kindPrefix, resourcePrefix or formatKey of @kcp-ts/storage',
    linesOf: (file) =>
      isProgramCode(file) && !file.path.startsWith('libs/storage/')
        ? file.texts.filter(({ text }) => keyPrefix.test(text)).map(({ line }) => line)
        : [],
  },
  {
    rule: 'cluster-name',
    limit: 'clusterStrings',
    what: 'names of clusters as plain strings',
    cure: 'declare it as a ClusterName of @kcp-ts/api, or as a LogicalClusterName where it is not checked',
    linesOf: (file) => (isProgramCode(file) && !isGenerated(file.path) ? file.clusterStrings : []),
  },
  {
    rule: 'spread-literal',
    limit: 'spreadLiterals',
    what: 'object literals spread into another one',
    cure: 'write their fields in the object itself',
    linesOf: (file) => file.spreadLiterals,
  },
];

function placesOf({ files }: Project, { linesOf }: Counted): readonly { path: string; line: number }[] {
  return files.flatMap((file) => linesOf(file).map((line) => ({ path: file.path, line })));
}

/** Each place that the rule counts, as `path:line`. */
export function placesOfRule(project: Project, rule: string): readonly string[] {
  return counted
    .filter((entry) => entry.rule === rule)
    .flatMap((entry) => placesOf(project, entry).map(({ path, line }) => `${path}:${line}`));
}

/** The counts as lines to print. */
export function countsOf(project: Project, max = limits): readonly { what: string; value: string }[] {
  return counted.map((entry) => {
    const count = placesOf(project, entry).length;
    const limit = max[entry.limit];
    return {
      what: entry.what,
      value: count < limit ? `${count}: lower the limit of ${limit} in tools/check/rules/counts.ts` : String(count),
    };
  });
}

/**
 * One finding where there are more places than the limit allows; which of them is new is not known.
 */
export function checkCounts(project: Project, max = limits): readonly Finding[] {
  return counted.flatMap((entry): readonly Finding[] => {
    const count = placesOf(project, entry).length;
    const limit = max[entry.limit];
    if (count <= limit) return [];
    const list = `node tools/check/main.ts --places ${entry.rule}`;
    const message = `${entry.what}: ${count}, and ${limit} are allowed: ${entry.cure}. ${list} shows all`;
    return [{ rule: entry.rule, path: 'tools/check/rules/counts.ts', line: 1, message }];
  });
}
