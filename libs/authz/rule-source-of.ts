/** Roles and bindings given as plain values: for tests and benches. */
import type { Binding, PolicyRule, Role, RuleSource } from './rule-source.ts';

type Roles = Readonly<Record<string, readonly PolicyRule[]>>;

/** By cluster, or by `cluster/namespace` for what is namespaced. */
export interface RbacFixture {
  readonly clusterRoles?: Readonly<Record<string, Roles>>;
  readonly roles?: Readonly<Record<string, Roles>>;
  readonly clusterRoleBindings?: Readonly<Record<string, readonly Binding[]>>;
  readonly roleBindings?: Readonly<Record<string, readonly Binding[]>>;
}

function roleNamed(roles: Roles | undefined, name: string): Role | undefined {
  const rules = roles?.[name];
  return rules === undefined ? undefined : { metadata: { name }, rules };
}

/** Reads the fixture again at each call, so that a test may change it. */
export function ruleSourceOf(fixture: RbacFixture): RuleSource {
  const named = (bindings: readonly Binding[] | undefined, name: string) =>
    bindings?.find(({ metadata }) => metadata?.name === name);
  return {
    clusterRoleBinding: (cluster, name) => named(fixture.clusterRoleBindings?.[cluster], name),
    roleBinding: (cluster, namespace, name) => named(fixture.roleBindings?.[`${cluster}/${namespace}`], name),
    clusterRoleBindings: (cluster) => fixture.clusterRoleBindings?.[cluster] ?? [],
    roleBindings: (cluster, namespace) => fixture.roleBindings?.[`${cluster}/${namespace}`] ?? [],
    clusterRole: (cluster, name) => roleNamed(fixture.clusterRoles?.[cluster], name),
    role: (cluster, namespace, name) => roleNamed(fixture.roles?.[`${cluster}/${namespace}`], name),
  };
}
