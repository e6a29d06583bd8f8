/** One thing that a rule found. The message says what is wrong and how to correct it. */
export interface Finding {
  /** The rule's name, as a waiver gives it: `// check-allow <rule> -- reason`. */
  readonly rule: RuleName;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Of a whole file: a waiver anywhere in the file allows it. */
const rulesOfFiles = ['file-length'] as const;

/** What a waiver can name. */
export const ruleNames = [
  ...rulesOfFiles,
  'function-length',
  'layer',
  'entry-point',
  'dependency',
  'package',
  'test-support',
  'module-owner',
  'global',
  'import-circle',
  'key-literal',
  'cluster-name',
  'spread-literal',
  'comment-width',
  'waiver',
  'lock-file',
  'decision',
  'journey',
] as const;

export type RuleName = (typeof ruleNames)[number];

export function isRuleOfFiles(rule: RuleName): boolean {
  return rulesOfFiles.some((name) => name === rule);
}

export function formatFinding(finding: Finding): string {
  return `${finding.path}:${finding.line}: ${finding.message} (${finding.rule})`;
}
