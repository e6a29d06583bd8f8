import { isDeepStrictEqual } from 'node:util';
import { labelSelectorOf, matchesLabels } from '@kcp-ts/meta';
import type { PolicyRule, Role } from './rule-source.ts';

/** The rules of an aggregating ClusterRole: those of every other role of its cluster that a selector picks, by name, each once. Undefined for other roles. */
export function aggregatedRules(role: Role, others: readonly Role[]): readonly PolicyRule[] | undefined {
  const selectors = role.aggregationRule?.clusterRoleSelectors;
  if (selectors === undefined) return undefined;
  const named = others
    .filter((other) => other.metadata.name !== role.metadata.name)
    .sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const selector of selectors.map(labelSelectorOf)) {
    for (const other of named) {
      if (!matchesLabels(selector, other.metadata.labels)) continue;
      for (const rule of other.rules ?? [])
        if (!rules.some((known) => isDeepStrictEqual(known, rule))) rules.push(rule);
    }
  }
  return rules;
}
