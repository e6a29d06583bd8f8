/**
 * Whether the rules that a user has include others, as Kubernetes' rule validation compares them: a
 * rule is covered by a single rule that includes it whole, or piece by piece, a piece being one
 * resource of one group with one verb and one name. What is held is indexed, so that a piece costs
 * some look-ups however many rules are held, and what is found missing is bounded: it ends as an
 * error's text.
 */
import { Budget, StatusError } from '@kcp-ts/api';
import type { PolicyRule } from './rule-source.ts';

/**
 * Breaking rules up makes their product; a rule larger than this must be covered by a single one.
 */
const brokenDownMax = 10_000;
/** At most so many missing pieces are named. */
const missingMax = 2_000;
/** Some tens of milliseconds. */
const stepsMax = 500_000;

function tooLarge(): StatusError {
  return new StatusError(
    'RequestEntityTooLarge',
    'Request entity is too large: comparing the rules with those that are held takes too long; split them over several roles',
  );
}

interface Values {
  readonly all: boolean;
  readonly set: ReadonlySet<string>;
}

function valuesOf(list: readonly string[] | undefined): Values {
  const set = new Set(list);
  return { all: set.has('*'), set };
}

function hasValue({ all, set }: Values, value: string): boolean {
  return all || set.has(value);
}

interface HeldRule {
  readonly verbs: Values;
  readonly groups: Values;
  readonly resources: Values;
  readonly urls: ReadonlySet<string>;
  readonly urlPrefixes: readonly string[];
  /** Undefined means every name. */
  readonly names: ReadonlySet<string> | undefined;
}

function heldRuleOf(rule: PolicyRule): HeldRule {
  const names = rule.resourceNames ?? [];
  const urls = rule.nonResourceURLs ?? [];
  return {
    verbs: valuesOf(rule.verbs),
    groups: valuesOf(rule.apiGroups),
    resources: valuesOf(rule.resources),
    urls: new Set(urls),
    urlPrefixes: urls.filter((url) => url.endsWith('*')).map((url) => url.replace(/\*+$/, '')),
    names: names.length === 0 ? undefined : new Set(names),
  };
}

function includesAll(held: Values, asked: readonly string[] | undefined, budget: Budget): boolean {
  if (held.all) return true;
  for (const value of asked ?? []) {
    budget.spend(1);
    if (!held.set.has(value)) return false;
  }
  return true;
}

/** `*` followed by the subresource, which covers it of every resource. */
function anyParentOf(resource: string): string | undefined {
  const slash = resource.indexOf('/');
  return slash < 0 ? undefined : `*${resource.slice(slash)}`;
}

function coversResource({ all, set }: Values, resource: string): boolean {
  if (all || set.has(resource)) return true;
  const parent = anyParentOf(resource);
  return parent !== undefined && set.has(parent);
}

function coversUrl({ urls, urlPrefixes }: HeldRule, url: string, budget: Budget): boolean {
  budget.spend(1 + urlPrefixes.length);
  return urls.has(url) || urlPrefixes.some((prefix) => url.startsWith(prefix));
}

/** Whether one rule includes another whole. */
function ruleCovers(held: HeldRule, asked: PolicyRule, budget: Budget): boolean {
  budget.spend(1);
  if (!includesAll(held.verbs, asked.verbs, budget)) return false;
  if (!includesAll(held.groups, asked.apiGroups, budget)) return false;
  for (const resource of asked.resources ?? []) {
    budget.spend(1);
    if (!coversResource(held.resources, resource)) return false;
  }
  for (const url of asked.nonResourceURLs ?? []) if (!coversUrl(held, url, budget)) return false;
  const names = asked.resourceNames ?? [];
  if (held.names === undefined) return true;
  if (names.length === 0) return false;
  budget.spend(names.length);
  return names.every((name) => held.names?.has(name));
}

/** What all held rules together say of one resource of one group. */
interface HeldVerbs {
  /** With every name. */
  readonly always: Values;
  /** By name, where a rule gives names. */
  readonly named: ReadonlyMap<string, Values>;
}

interface Held {
  readonly rules: readonly HeldRule[];
  /**
   * The rules that speak of a resource, of `*` or of a subresource of every resource, by what they
   * say.
   */
  readonly byResource: ReadonlyMap<string, readonly HeldRule[]>;
  readonly verbs: Map<string, HeldVerbs>;
}

function indexHeld(rules: readonly PolicyRule[], budget: Budget): Held {
  const byResource = new Map<string, HeldRule[]>();
  const compiled = rules.map((rule) => {
    const { verbs, apiGroups = [], resources = [], resourceNames = [] } = rule;
    budget.spend(verbs.length + apiGroups.length + resources.length + resourceNames.length);
    const held = heldRuleOf(rule);
    for (const resource of held.resources.set) {
      const known = byResource.get(resource);
      if (known === undefined) byResource.set(resource, [held]);
      else known.push(held);
    }
    return held;
  });
  return { rules: compiled, byResource, verbs: new Map() };
}

function heldVerbsOf(held: Held, group: string, resource: string, budget: Budget): HeldVerbs {
  const key = `${group}\0${resource}`;
  const known = held.verbs.get(key);
  if (known !== undefined) return known;
  const always = { all: false, set: new Set<string>() };
  const named = new Map<string, { all: boolean; set: Set<string> }>();
  const join = (into: { all: boolean; set: Set<string> }, from: Values) => {
    budget.spend(1 + from.set.size);
    into.all ||= from.all;
    for (const verb of from.set) into.set.add(verb);
  };
  for (const speaksOf of new Set([resource, anyParentOf(resource) ?? resource, '*'])) {
    for (const rule of held.byResource.get(speaksOf) ?? []) {
      budget.spend(1);
      if (!hasValue(rule.groups, group)) continue;
      if (rule.names === undefined) join(always, rule.verbs);
      else {
        for (const name of rule.names) {
          const into = named.get(name) ?? { all: false, set: new Set<string>() };
          join(into, rule.verbs);
          named.set(name, into);
        }
      }
    }
  }
  const found = { always, named };
  held.verbs.set(key, found);
  return found;
}

function sizeOf(rule: PolicyRule): number {
  const names = Math.max(1, rule.resourceNames?.length ?? 0);
  return (rule.apiGroups?.length ?? 0) * (rule.resources?.length ?? 0) * rule.verbs.length * names;
}

/** Adds the pieces of a rule that are not held. */
function addMissing(held: Held, rule: PolicyRule, missing: PolicyRule[], budget: Budget): void {
  if (sizeOf(rule) > brokenDownMax) {
    missing.push(rule);
    return;
  }
  const names = rule.resourceNames ?? [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      const { always, named } = heldVerbsOf(held, group, resource, budget);
      for (const verb of rule.verbs) {
        if (missing.length >= missingMax) return;
        budget.spend(1 + names.length);
        if (hasValue(always, verb)) continue;
        const piece = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (names.length === 0) missing.push(piece);
        for (const name of names) {
          const verbs = named.get(name);
          if (verbs === undefined || !hasValue(verbs, verb)) missing.push({ ...piece, resourceNames: [name] });
        }
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) {
      if (missing.length >= missingMax) return;
      const piece = { nonResourceURLs: [url], verbs: [verb] };
      if (!held.rules.some((own) => ruleCovers(own, piece, budget))) missing.push(piece);
    }
  }
}

/**
 * What of `asked` is not held, in pieces: the first of them where they are many, never none where
 * something is missing. Throws StatusError RequestEntityTooLarge where it takes too long to tell.
 */
export function uncoveredRules(held: readonly PolicyRule[], asked: readonly PolicyRule[]): readonly PolicyRule[] {
  const budget = new Budget(stepsMax, tooLarge);
  const index = indexHeld(held, budget);
  const missing: PolicyRule[] = [];
  for (const rule of asked) {
    if (missing.length >= missingMax) break;
    if (!index.rules.some((own) => ruleCovers(own, rule, budget))) addMissing(index, rule, missing, budget);
  }
  return missing;
}

/** Joins rules that differ in nothing but their verbs. */
export function compactRules(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const joined = new Map<string, PolicyRule & { readonly verbs: string[] }>();
  const others: PolicyRule[] = [];
  for (const rule of rules) {
    if (rule.apiGroups?.length !== 1 || rule.resources?.length !== 1 || (rule.resourceNames?.length ?? 0) > 1) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames ?? []]);
    const known = joined.get(key);
    if (known === undefined) joined.set(key, { ...rule, verbs: [...rule.verbs] });
    else known.verbs.push(...rule.verbs);
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
