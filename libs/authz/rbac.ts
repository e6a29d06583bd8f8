/**
 * Kubernetes' RBAC in one logical cluster: its own bindings, and the ClusterRoleBindings of `system:admin`, which hold in every cluster. A binding may name a
 * ClusterRole that only exists in `system:admin`. What is compiled is kept per cluster in a bounded cache; a cluster that nobody asks about holds nothing.
 */
import type { UserInfo } from '@kcp-ts/meta';
import { LRUCache } from 'lru-cache';
import type { Question } from './attributes.ts';
import type { CompiledBindings, ResolvedRole } from './compile-bindings.ts';
import { bindingsAllow, compileBindings, noBindings, rolesOf } from './compile-bindings.ts';
import { compileRules } from './compile-rules.ts';
import type { PolicyRule, Role, RoleRef, RuleSource } from './rule-source.ts';
import { systemAdminCluster } from './well-known.ts';

export interface Rbac {
  /** Whether this very user may; scopes and warrants are not looked at. About a microsecond where the cluster is compiled. */
  allows(user: UserInfo, cluster: string, question: Question): boolean;
  /** All rules that this very user has in a namespace ('' for the cluster as a whole): those of `system:admin` first, each role once. */
  rulesFor(user: UserInfo, cluster: string, namespace: string): readonly PolicyRule[];
  /**
   * The rules of every role that a binding's reference can come to mean: the cluster's own, and for a ClusterRole the one of that name in `system:admin`, which
   * the binding means where the cluster has none. Undefined where there is neither.
   */
  roleRules(cluster: string, namespace: string, reference: RoleRef): readonly PolicyRule[] | undefined;
  /** Whether a ClusterRoleBinding of the cluster names a user or group that begins so. */
  bindsPrefix(cluster: string, prefix: string): boolean;
  /** To be called when an RBAC object of the cluster has changed; of that namespace only, where one is given. */
  invalidate(cluster: string, namespace?: string): void;
  /** How many clusters are compiled. */
  size(): number;
}

export interface RbacOptions {
  readonly clustersMax?: number;
}

interface ClusterPolicy {
  readonly bindings: CompiledBindings;
  /** By namespace, compiled when first asked about. */
  readonly namespaces: Map<string, CompiledBindings>;
  /** ClusterRoles that bindings named, undefined where they do not exist. */
  readonly roles: Map<string, ResolvedRole | undefined>;
}

const clustersMaxDefault = 5_000;
/** A cluster with more active namespaces than this forgets them all and compiles again. */
const namespacesMax = 500;

function resolved(role: Role | undefined): ResolvedRole | undefined {
  if (role === undefined) return undefined;
  const rules = role.rules ?? [];
  return { rules, compiled: compileRules(rules) };
}

export function createRbac(source: RuleSource, options: RbacOptions = {}): Rbac {
  const policies = new LRUCache<string, ClusterPolicy>({ max: options.clustersMax ?? clustersMaxDefault });
  /** Kept outside of the cache: every check needs it. */
  let systemPolicy: ClusterPolicy | undefined;
  const systemRoles = new Map<string, ResolvedRole | undefined>();

  function systemRole(name: string): ResolvedRole | undefined {
    const known = systemRoles.get(name);
    if (known !== undefined) return known;
    const role = resolved(source.clusterRole(systemAdminCluster, name));
    if (role !== undefined) systemRoles.set(name, role);
    return role;
  }

  function clusterRole(
    cluster: string,
    roles: Map<string, ResolvedRole | undefined>,
    name: string,
  ): ResolvedRole | undefined {
    if (roles.has(name)) return roles.get(name);
    const local = cluster === systemAdminCluster ? undefined : resolved(source.clusterRole(cluster, name));
    const role = local ?? systemRole(name);
    roles.set(name, role);
    return role;
  }

  function compile(cluster: string): ClusterPolicy {
    const roles = new Map<string, ResolvedRole | undefined>();
    const bindings = compileBindings(source.clusterRoleBindings(cluster), '', (reference) =>
      reference.kind === 'ClusterRole' ? clusterRole(cluster, roles, reference.name) : undefined,
    );
    return { bindings, namespaces: new Map(), roles };
  }

  function policyOf(cluster: string): ClusterPolicy {
    if (cluster === systemAdminCluster) {
      systemPolicy ??= compile(cluster);
      return systemPolicy;
    }
    const known = policies.get(cluster);
    if (known !== undefined) return known;
    const policy = compile(cluster);
    policies.set(cluster, policy);
    return policy;
  }

  function namespaceBindings(cluster: string, policy: ClusterPolicy, namespace: string): CompiledBindings {
    if (namespace === '') return noBindings;
    const known = policy.namespaces.get(namespace);
    if (known !== undefined) return known;
    const compiled = compileBindings(source.roleBindings(cluster, namespace), namespace, (reference) => {
      if (reference.kind === 'Role') return resolved(source.role(cluster, namespace, reference.name));
      return reference.kind === 'ClusterRole' ? clusterRole(cluster, policy.roles, reference.name) : undefined;
    });
    if (policy.namespaces.size >= namespacesMax) policy.namespaces.clear();
    policy.namespaces.set(namespace, compiled);
    return compiled;
  }

  function allowedIn(user: UserInfo, cluster: string, question: Question): boolean {
    const policy = policyOf(cluster);
    if (bindingsAllow(policy.bindings, user, question)) return true;
    if (question.kind !== 'resource' || question.namespace === '') return false;
    return bindingsAllow(namespaceBindings(cluster, policy, question.namespace), user, question);
  }

  function rulesIn(user: UserInfo, cluster: string, namespace: string): readonly PolicyRule[] {
    const policy = policyOf(cluster);
    const roles = [...rolesOf(policy.bindings, user), ...rolesOf(namespaceBindings(cluster, policy, namespace), user)];
    return roles.flatMap((role) => role.rules);
  }

  return {
    allows: (user, cluster, question) =>
      bindingsAllow(policyOf(systemAdminCluster).bindings, user, question) || allowedIn(user, cluster, question),
    rulesFor(user, cluster, namespace) {
      if (cluster === systemAdminCluster) return rulesIn(user, cluster, namespace);
      return [...rulesIn(user, systemAdminCluster, ''), ...rulesIn(user, cluster, namespace)];
    },
    roleRules(cluster, namespace, { kind, name }) {
      const roles =
        kind === 'Role'
          ? [source.role(cluster, namespace, name)]
          : [...new Set([cluster, systemAdminCluster])].map((place) => source.clusterRole(place, name));
      const found = roles.filter((role) => role !== undefined);
      return found.length === 0 ? undefined : found.flatMap((role) => role.rules ?? []);
    },
    bindsPrefix(cluster, prefix) {
      const { byUser, byGroup } = policyOf(cluster).bindings;
      for (const subjects of [byUser, byGroup])
        for (const name of subjects.keys()) if (name.startsWith(prefix)) return true;
      return false;
    },
    invalidate(cluster, namespace = '') {
      if (namespace !== '') {
        (cluster === systemAdminCluster ? systemPolicy : policies.peek(cluster))?.namespaces.delete(namespace);
        return;
      }
      if (cluster !== systemAdminCluster) {
        policies.delete(cluster);
        return;
      }
      systemPolicy = undefined;
      systemRoles.clear();
      policies.clear();
    },
    size: () => policies.size,
  };
}
