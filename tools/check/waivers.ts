/**
 * A waiver is a comment beside the code, `// check-allow <rule> -- reason`: in the line of what the
 * rule finds or right above it; for a rule about a whole file, anywhere in the file.
 */
import type { Finding } from './finding.ts';
import { isRuleOfFiles, ruleNames } from './finding.ts';
import type { Project } from './project.ts';
import type { Waiver } from './source-file.ts';

function allows(waiver: Waiver, { rule, line }: Finding): boolean {
  return waiver.rule === rule && (isRuleOfFiles(rule) || waiver.line === line || waiver.line === line - 1);
}

function faultOf(waiver: Waiver, used: boolean): string | undefined {
  if (!ruleNames.some((name) => name === waiver.rule)) return `There is no rule ${waiver.rule}`;
  if (waiver.reason === '') return 'A waiver needs a reason: // check-allow <rule> -- reason';
  return used ? undefined : `Nothing here needs a waiver of ${waiver.rule}: remove it`;
}

/**
 * The findings that no waiver allows, and one for each waiver that is unused, unknown or without a
 * reason.
 */
export function applyWaivers(project: Project, findings: readonly Finding[]): readonly Finding[] {
  const waivers = new Map(project.files.map((file) => [file.path, file.waivers]));
  const used = new Set<Waiver>();
  const left = findings.filter((finding) => {
    const waiver = waivers.get(finding.path)?.find((candidate) => allows(candidate, finding));
    if (waiver !== undefined) used.add(waiver);
    return waiver === undefined;
  });
  const faults = project.files.flatMap(({ path, waivers: own }) =>
    own.flatMap((waiver): readonly Finding[] => {
      const message = faultOf(waiver, used.has(waiver));
      return message === undefined ? [] : [{ rule: 'waiver', path, line: waiver.line, message }];
    }),
  );
  return [...left, ...faults];
}
