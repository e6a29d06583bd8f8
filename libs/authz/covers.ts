/** Whether rules that somebody holds include others, as Kubernetes' rule validation compares them. */
import type { PolicyRule } from './rule-source.ts';

/** Breaking rules up makes their product; a rule larger than this must be covered by a single one. */
const brokenDownMax = 10_000;

/** A rule for each single resource, verb and name, so that each may be covered by another rule. */
export function breakDown(rule: PolicyRule): readonly PolicyRule[] {
  const names = rule.resourceNames ?? [];
  const single: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const base = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (names.length === 0) single.push(base);
        else for (const name of names) single.push({ ...base, resourceNames: [name] });
        if (single.length > brokenDownMax) return [rule];
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? [])
    for (const verb of rule.verbs) single.push({ nonResourceURLs: [url], verbs: [verb] });
  return single;
}

function includesAll(held: readonly string[] | undefined, asked: readonly string[] | undefined): boolean {
  const list = held ?? [];
  return list.includes('*') || (asked ?? []).every((value) => list.includes(value));
}

function coversResources(held: readonly string[] | undefined, asked: readonly string[] | undefined): boolean {
  const list = held ?? [];
  if (list.includes('*')) return true;
  return (asked ?? []).every((resource) => {
    if (list.includes(resource)) return true;
    const slash = resource.indexOf('/');
    return slash >= 0 && list.includes(`*${resource.slice(slash)}`);
  });
}

function coversUrls(held: readonly string[] | undefined, asked: readonly string[] | undefined): boolean {
  return (asked ?? []).every((url) =>
    (held ?? []).some((owned) => owned === url || (owned.endsWith('*') && url.startsWith(owned.replace(/\*+$/, '')))),
  );
}

function coversNames(held: readonly string[] | undefined, asked: readonly string[] | undefined): boolean {
  const list = held ?? [];
  if ((asked ?? []).length === 0) return list.length === 0;
  return list.length === 0 || (asked ?? []).every((name) => list.includes(name));
}

function ruleCovers(held: PolicyRule, asked: PolicyRule): boolean {
  return (
    includesAll(held.verbs, asked.verbs) &&
    includesAll(held.apiGroups, asked.apiGroups) &&
    coversResources(held.resources, asked.resources) &&
    coversUrls(held.nonResourceURLs, asked.nonResourceURLs) &&
    coversNames(held.resourceNames, asked.resourceNames)
  );
}

/** What of `asked` no rule of `held` covers, broken down. */
export function uncoveredRules(held: readonly PolicyRule[], asked: readonly PolicyRule[]): readonly PolicyRule[] {
  return asked
    .flatMap((rule) => (held.some((own) => ruleCovers(own, rule)) ? [] : breakDown(rule)))
    .filter((single) => !held.some((own) => ruleCovers(own, single)));
}

/** Joins rules that differ in nothing but their verbs. */
export function compactRules(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const joined = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const rule of rules) {
    if (rule.apiGroups?.length !== 1 || rule.resources?.length !== 1 || (rule.resourceNames?.length ?? 0) > 1) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames ?? []]);
    const known = joined.get(key);
    joined.set(key, known === undefined ? rule : { ...known, verbs: [...known.verbs, ...rule.verbs] });
  }
  return [...others, ...joined.values()];
}

/** Go's `%q` of a list of strings. */
export function quotedList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

/** `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}` */
export function formatRule(rule: PolicyRule): string {
  const fields: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const parts = fields.flatMap(([field, values]) =>
    values === undefined || values.length === 0 ? [] : [`${field}:${quotedList(values)}`],
  );
  return `{${parts.join(', ')}}`;
}
