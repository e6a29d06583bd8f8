/**
 * Rules turned into tests that are made once: a check then compares strings and allocates nothing.
 */
import type { Question } from './attributes.ts';
import type { PolicyRule } from './rule-source.ts';

type Test = (value: string) => boolean;

/** What a rule says of a resource, apart from which resource. */
export interface ResourceRule {
  readonly verb: Test;
  readonly group: Test;
  /** Undefined means every name, also none. */
  readonly name: Test | undefined;
}

export interface PathRule {
  readonly verb: Test;
  readonly path: Test;
}

/** A set of rules by the resource that they speak of: `*`, `pods`, `pods/log` or `*` + `/log`. */
export interface CompiledRules {
  readonly byResource: ReadonlyMap<string, readonly ResourceRule[]>;
  readonly paths: readonly PathRule[];
}

const always: Test = () => true;
/** Up to here a list is searched faster than a set is. */
const searchedListMax = 8;

function oneOf(values: readonly string[]): Test {
  const [only] = values;
  if (only !== undefined && values.length === 1) return (value) => value === only;
  if (values.length <= searchedListMax) return (value) => values.includes(value);
  const set = new Set(values);
  return (value) => set.has(value);
}

function oneOfOrAll(values: readonly string[]): Test {
  return values.includes('*') ? always : oneOf(values);
}

function pathTest(urls: readonly string[]): Test {
  if (urls.includes('*')) return always;
  const exact = oneOf(urls);
  const prefixes = urls.filter((url) => url.endsWith('*')).map((url) => url.replace(/\*+$/, ''));
  if (prefixes.length === 0) return exact;
  return (path) => exact(path) || prefixes.some((prefix) => path.startsWith(prefix));
}

const noRules: CompiledRules = { byResource: new Map(), paths: [] };

/** A rule may speak of resources or of paths; what it lacks it does not allow. */
export function compileRules(rules: readonly PolicyRule[]): CompiledRules {
  if (rules.length === 0) return noRules;
  const byResource = new Map<string, ResourceRule[]>();
  const paths: PathRule[] = [];
  for (const rule of rules) {
    const verb = oneOfOrAll(rule.verbs ?? []);
    const urls = rule.nonResourceURLs ?? [];
    if (urls.length > 0) paths.push({ verb, path: pathTest(urls) });
    const resources = rule.resources ?? [];
    if (resources.length === 0) continue;
    const names = rule.resourceNames ?? [];
    const compiled = {
      verb,
      group: oneOfOrAll(rule.apiGroups ?? []),
      name: names.length === 0 ? undefined : oneOf(names),
    };
    for (const resource of new Set(resources)) {
      const known = byResource.get(resource);
      if (known === undefined) byResource.set(resource, [compiled]);
      else known.push(compiled);
    }
  }
  return { byResource, paths };
}

/** All rules of several roles as one set, so that a user with many roles is asked about once. */
export function joinRules(parts: readonly CompiledRules[]): CompiledRules {
  const [first] = parts;
  if (first === undefined) return noRules;
  if (parts.length === 1) return first;
  const byResource = new Map<string, ResourceRule[]>();
  for (const part of parts) {
    for (const [resource, rules] of part.byResource) {
      const known = byResource.get(resource);
      if (known === undefined) byResource.set(resource, [...rules]);
      else for (const rule of rules) known.push(rule);
    }
  }
  return { byResource, paths: parts.flatMap((part) => part.paths) };
}

function someAllow(rules: readonly ResourceRule[] | undefined, verb: string, group: string, name: string): boolean {
  if (rules === undefined) return false;
  for (const rule of rules) {
    if (rule.verb(verb) && rule.group(group) && (rule.name === undefined || rule.name(name))) return true;
  }
  return false;
}

/** Kubernetes' RBAC rule semantics. */
export function rulesAllow(rules: CompiledRules, question: Question): boolean {
  const { verb } = question;
  if (question.kind === 'non-resource') {
    for (const rule of rules.paths) if (rule.verb(verb) && rule.path(question.path)) return true;
    return false;
  }
  const { byResource } = rules;
  const { group, name, resource, subresource } = question;
  if (someAllow(byResource.get('*'), verb, group, name)) return true;
  if (subresource === '') return someAllow(byResource.get(resource), verb, group, name);
  return (
    someAllow(byResource.get(`${resource}/${subresource}`), verb, group, name) ||
    someAllow(byResource.get(`*/${subresource}`), verb, group, name)
  );
}
