/**
 * The bindings of one cluster or namespace by the subjects that they bind. One binding that changes
 * costs as much as it has subjects, whatever else there is: what all roles of a subject allow
 * together is joined when the subject is asked about, and joined again after a role has changed.
 */
import type { UserInfo } from '@kcp-ts/api';
import type { Question } from './attributes.ts';
import type { CompiledRules } from './compile-rules.ts';
import { joinRules, rulesAllow } from './compile-rules.ts';
import type { Binding, PolicyRule, RbacSubject, RoleRef } from './rule-source.ts';
import { bindingPrefix, serviceAccountPrefix } from './well-known.ts';

/** A role's rules as they are written, and compiled. */
export interface ResolvedRole {
  readonly rules: readonly PolicyRule[];
  readonly compiled: CompiledRules;
}

export interface Roles {
  /** Undefined for a role that is nowhere: a binding to it grants nothing. */
  resolve(reference: RoleRef): ResolvedRole | undefined;
  /** Another number after any role has changed that may have been resolved. */
  version(): number;
}

interface Bound {
  readonly name: string;
  readonly roleRef: RoleRef;
  readonly subjects: readonly (readonly ['user' | 'group', string])[];
}

/** What the bindings of one subject grant, by the bindings' names. */
interface Grant {
  readonly bindings: Bound[];
  joined: CompiledRules | undefined;
  /** The version of the roles that were joined. */
  version: number;
}

export interface CompiledBindings {
  /** Puts a binding in the place of the one of that name; undefined removes it. */
  set(name: string, binding: Binding | undefined): void;
  allow(user: UserInfo, question: Question): boolean;
  /** The roles that a user has here, each once, in the order of the bindings' names. */
  rolesOf(user: UserInfo): ReadonlySet<ResolvedRole>;
  /** Whether it binds a consumer of an export: by `bindingPrefix`. */
  readonly bindsConsumers: boolean;
  readonly size: number;
}

function subjectOf(subject: RbacSubject, namespace: string): readonly ['user' | 'group', string] | undefined {
  switch (subject.kind) {
    case 'User':
      return ['user', subject.name];
    case 'Group':
      return ['group', subject.name];
    case 'ServiceAccount': {
      const home = subject.namespace === undefined || subject.namespace === '' ? namespace : subject.namespace;
      return home === '' ? undefined : ['user', `${serviceAccountPrefix}${home}:${subject.name}`];
    }
    default:
      return undefined;
  }
}

function boundOf(name: string, { roleRef, subjects }: Binding, namespace: string): Bound {
  const found = new Map<string, readonly ['user' | 'group', string]>();
  for (const each of subjects ?? []) {
    const subject = subjectOf(each, namespace);
    if (subject !== undefined) found.set(`${subject[0]} ${subject[1]}`, subject);
  }
  return { name, roleRef, subjects: [...found.values()] };
}

function byName(a: Bound, b: Bound): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** `namespace` ('' for bindings of a whole cluster) is that of service accounts without one. */
export function createBindings(namespace: string, roles: Roles): CompiledBindings {
  const all = new Map<string, Bound>();
  const grants = { user: new Map<string, Grant>(), group: new Map<string, Grant>() };
  let consumers = 0;

  function count(name: string, by: 1 | -1): void {
    if (name.startsWith(bindingPrefix)) consumers += by;
  }

  function remove(bound: Bound): void {
    for (const [kind, name] of bound.subjects) {
      const grant = grants[kind].get(name);
      if (grant === undefined) continue;
      if (grant.bindings.length === 1) {
        grants[kind].delete(name);
        count(name, -1);
      } else grant.bindings.splice(grant.bindings.indexOf(bound), 1);
      grant.joined = undefined;
    }
  }

  function add(bound: Bound): void {
    for (const [kind, name] of bound.subjects) {
      const grant = grants[kind].get(name);
      if (grant === undefined) {
        grants[kind].set(name, { bindings: [bound], joined: undefined, version: 0 });
        count(name, 1);
      } else {
        grant.bindings.push(bound);
        grant.joined = undefined;
      }
    }
  }

  function resolved(grant: Grant): Set<ResolvedRole> {
    const found = new Set<ResolvedRole>();
    for (const { roleRef } of grant.bindings) {
      const role = roles.resolve(roleRef);
      if (role !== undefined) found.add(role);
    }
    return found;
  }

  function grantAllows(grant: Grant | undefined, question: Question): boolean {
    if (grant === undefined) return false;
    const version = roles.version();
    if (grant.joined === undefined || grant.version !== version) {
      grant.joined = joinRules([...resolved(grant)].map((role) => role.compiled));
      grant.version = version;
    }
    return rulesAllow(grant.joined, question);
  }

  function grantsOf(user: UserInfo): Grant[] {
    const found = [grants.user.get(user.name), ...user.groups.map((group) => grants.group.get(group))];
    return found.filter((grant) => grant !== undefined);
  }

  return {
    set(name, binding) {
      const before = all.get(name);
      if (before !== undefined) remove(before);
      if (binding === undefined) all.delete(name);
      else {
        const bound = boundOf(name, binding, namespace);
        all.set(name, bound);
        add(bound);
      }
    },
    allow(user, question) {
      if (grants.user.size > 0 && grantAllows(grants.user.get(user.name), question)) return true;
      if (grants.group.size === 0) return false;
      for (const group of user.groups) if (grantAllows(grants.group.get(group), question)) return true;
      return false;
    },
    rolesOf(user) {
      const found = new Set<ResolvedRole>();
      for (const grant of grantsOf(user)) {
        grant.bindings.sort(byName);
        for (const role of resolved(grant)) found.add(role);
      }
      return found;
    },
    get bindsConsumers() {
      return consumers > 0;
    },
    get size() {
      return all.size;
    },
  };
}
