import { compileLabelSelector, labelSelectorOf } from '@kcp-ts/meta';
import type { PolicyRule, Role } from './rule-source.ts';

/** Equal for equal rules, whatever the order of their fields. */
function textOf({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): string {
  return JSON.stringify([verbs, apiGroups ?? 0, resources ?? 0, resourceNames ?? 0, nonResourceURLs ?? 0]);
}

/** The rules of an aggregating ClusterRole: those of every other role of its cluster that a selector picks, by name, each once. Undefined for other roles. */
export function aggregatedRules(role: Role, others: readonly Role[]): readonly PolicyRule[] | undefined {
  const selectors = role.aggregationRule?.clusterRoleSelectors;
  if (selectors === undefined) return undefined;
  const named = others
    .filter((other) => other.metadata.name !== role.metadata.name)
    .sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
  const rules: PolicyRule[] = [];
  const known = new Set<string>();
  for (const selector of selectors) {
    const matches = compileLabelSelector(labelSelectorOf(selector));
    for (const other of named) {
      if (!matches(other.metadata.labels)) continue;
      for (const rule of other.rules ?? []) {
        const text = textOf(rule);
        if (known.has(text)) continue;
        known.add(text);
        rules.push(rule);
      }
    }
  }
  return rules;
}
