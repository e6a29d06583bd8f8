/** One thing that a rule found. The message says what is wrong and how to mend it. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export function formatFinding(finding: Finding): string {
  return `${finding.path}:${finding.line}: ${finding.message}`;
}
