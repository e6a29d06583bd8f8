/** The bindings of one cluster or namespace by whom they bind. */
import type { UserInfo } from '@kcp-ts/meta';
import type { Question } from './attributes.ts';
import type { CompiledRules } from './compile-rules.ts';
import { joinRules, rulesAllow } from './compile-rules.ts';
import type { Binding, PolicyRule, RoleRef } from './rule-source.ts';
import { serviceAccountPrefix } from './well-known.ts';

/** A role's rules as they are written, and compiled. */
export interface ResolvedRole {
  readonly rules: readonly PolicyRule[];
  readonly compiled: CompiledRules;
}

interface Grant {
  readonly roles: ResolvedRole[];
  /** Joined when it is first asked about: most subjects never are. */
  joined: CompiledRules | undefined;
}

export interface CompiledBindings {
  readonly byUser: ReadonlyMap<string, Grant>;
  readonly byGroup: ReadonlyMap<string, Grant>;
}

export const noBindings: CompiledBindings = { byUser: new Map(), byGroup: new Map() };

function add(grants: Map<string, Grant>, subject: string, role: ResolvedRole): void {
  const grant = grants.get(subject);
  if (grant === undefined) grants.set(subject, { roles: [role], joined: undefined });
  else if (!grant.roles.includes(role)) grant.roles.push(role);
}

/** A binding to a role that is nowhere grants nothing. `namespace` ('' for bindings of a whole cluster) is that of service accounts without one. */
export function compileBindings(
  bindings: readonly Binding[],
  namespace: string,
  resolve: (reference: RoleRef) => ResolvedRole | undefined,
): CompiledBindings {
  if (bindings.length === 0) return noBindings;
  const byUser = new Map<string, Grant>();
  const byGroup = new Map<string, Grant>();
  for (const { roleRef, subjects } of bindings) {
    const role = resolve(roleRef);
    if (role === undefined) continue;
    for (const subject of subjects ?? []) {
      if (subject.kind === 'User') add(byUser, subject.name, role);
      else if (subject.kind === 'Group') add(byGroup, subject.name, role);
      else if (subject.kind === 'ServiceAccount') {
        const home = subject.namespace === undefined || subject.namespace === '' ? namespace : subject.namespace;
        if (home !== '') add(byUser, `${serviceAccountPrefix}${home}:${subject.name}`, role);
      }
    }
  }
  return { byUser, byGroup };
}

function grantAllows(grant: Grant | undefined, question: Question): boolean {
  if (grant === undefined) return false;
  grant.joined ??= joinRules(grant.roles.map((role) => role.compiled));
  return rulesAllow(grant.joined, question);
}

export function bindingsAllow(bindings: CompiledBindings, user: UserInfo, question: Question): boolean {
  if (bindings.byUser.size > 0 && grantAllows(bindings.byUser.get(user.name), question)) return true;
  if (bindings.byGroup.size === 0) return false;
  for (const group of user.groups) if (grantAllows(bindings.byGroup.get(group), question)) return true;
  return false;
}

/** The roles that a user has here, each once. */
export function rolesOf(bindings: CompiledBindings, user: UserInfo): ReadonlySet<ResolvedRole> {
  const roles = new Set<ResolvedRole>(bindings.byUser.get(user.name)?.roles);
  for (const group of user.groups) for (const role of bindings.byGroup.get(group)?.roles ?? []) roles.add(role);
  return roles;
}
