import { compileLabelSelector, labelSelectorOf } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import type { PolicyRule, Role } from './rule-source.ts';

/** Equal for equal rules, whatever the order of their fields. */
function textOf({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): string {
  return JSON.stringify([verbs, apiGroups ?? 0, resources ?? 0, resourceNames ?? 0, nonResourceURLs ?? 0]);
}

/** Together, as JSON: what one object can hold, with room for its metadata. */
const rulesBytesMax = 1_000_000;

type Matches = ReturnType<typeof compileLabelSelector>;

async function compiled(role: Role, slices: Slices): Promise<readonly Matches[]> {
  const all: Matches[] = [];
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    if (slices.due) await slices.pause();
    all.push(compileLabelSelector(labelSelectorOf(selector)));
  }
  return all;
}

async function firstMatch(all: readonly Matches[], { metadata }: Role, slices: Slices): Promise<number> {
  for (const [index, matches] of all.entries()) {
    if (matches(metadata.labels)) return index;
    if (index % 64 === 63) await slices.pause();
  }
  return -1;
}

/**
 * The rules of an aggregating ClusterRole: those of every other role of its cluster that a selector
 * picks, each once; selector by selector, of each in the order of `others`, which is by name.
 * Beyond a megabyte those last in that order are left out: the role grants less then, not more.
 * Undefined for roles that do not aggregate.
 * (k8s.io/kubernetes/pkg/controller/clusterroleaggregation)
 */
export async function aggregatedRules(
  role: Role,
  others: Iterable<Role> | AsyncIterable<Role>,
  slices: Slices,
): Promise<readonly PolicyRule[] | undefined> {
  if (role.aggregationRule?.clusterRoleSelectors === undefined) return undefined;
  const selectors = await compiled(role, slices);
  const picked: Map<string, PolicyRule>[] = selectors.map(() => new Map());
  for await (const other of others) {
    if (slices.due) await slices.pause();
    if (other.metadata.name === role.metadata.name) continue;
    const found = picked[await firstMatch(selectors, other, slices)];
    if (found === undefined) continue;
    for (const rule of other.rules ?? []) found.set(textOf(rule), rule);
  }
  const rules = new Map<string, PolicyRule>();
  let bytes = 0;
  for (const [text, rule] of picked.flatMap((of) => [...of])) {
    if (slices.due) await slices.pause();
    if (rules.has(text)) continue;
    bytes += Buffer.byteLength(text) + Object.keys(rule).join().length;
    if (bytes > rulesBytesMax) break;
    rules.set(text, rule);
  }
  return [...rules.values()];
}
