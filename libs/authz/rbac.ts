/**
 * Kubernetes' RBAC in one logical cluster: its own bindings, and the ClusterRoleBindings of `system:admin`, which hold in every cluster. A binding may name a
 * ClusterRole that only exists in `system:admin`. What is compiled is kept per cluster in a bounded cache; a cluster that nobody asks about holds nothing.
 */
import type { UserInfo } from '@kcp-ts/meta';
import { LRUCache } from 'lru-cache';
import type { Question } from './attributes.ts';
import type { CompiledBindings, ResolvedRole } from './compile-bindings.ts';
import { createBindings } from './compile-bindings.ts';
import { compileRules } from './compile-rules.ts';
import type { Binding, PolicyRule, RbacObject, Role, RoleRef, RuleSource } from './rule-source.ts';
import { bindingsMax } from './rule-source.ts';
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
  /** Whether a ClusterRoleBinding of the cluster names consumers of an export, by the prefix of today. */
  bindsConsumers(cluster: string): boolean;
  /**
   * To be called when an RBAC object has changed, at a cost that depends on that object alone. Without an object everything of the cluster is forgotten; of
   * the namespace only, where one is given.
   */
  invalidate(cluster: string, namespace?: string, object?: RbacObject): void;
  /** How many clusters are compiled. */
  size(): number;
}

export interface RbacOptions {
  readonly clustersMax?: number;
}

interface NamespacePolicy {
  readonly bindings: CompiledBindings;
  /** Roles that bindings named, undefined where they do not exist. */
  readonly roles: Map<string, ResolvedRole | undefined>;
}

interface ClusterPolicy {
  readonly bindings: CompiledBindings;
  /** By namespace, compiled when first asked about. */
  readonly namespaces: Map<string, NamespacePolicy>;
  /** The cluster's own ClusterRoles that bindings named, undefined where they do not exist. */
  readonly roles: Map<string, ResolvedRole | undefined>;
  /** Counts changes of its roles. */
  version: number;
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
  const systemRoles = new Map<string, ResolvedRole>();
  /** Counts changes of the ClusterRoles of `system:admin`, which bindings of every cluster may name. */
  let systemVersion = 0;

  function systemRole(name: string): ResolvedRole | undefined {
    const known = systemRoles.get(name);
    if (known !== undefined) return known;
    const role = resolved(source.clusterRole(systemAdminCluster, name));
    if (role !== undefined) systemRoles.set(name, role);
    return role;
  }

  function once(
    roles: Map<string, ResolvedRole | undefined>,
    name: string,
    read: () => Role | undefined,
  ): ResolvedRole | undefined {
    if (roles.has(name)) return roles.get(name);
    const role = resolved(read());
    roles.set(name, role);
    return role;
  }

  function clusterRole(cluster: string, policy: ClusterPolicy, name: string): ResolvedRole | undefined {
    const local =
      cluster === systemAdminCluster ? undefined : once(policy.roles, name, () => source.clusterRole(cluster, name));
    return local ?? systemRole(name);
  }

  function nameOf(binding: Binding, index: number): string {
    return binding.metadata?.name ?? String(index).padStart(6, '0');
  }

  function compile(cluster: string): ClusterPolicy {
    const bindings = createBindings('', {
      resolve: ({ kind, name }) => (kind === 'ClusterRole' ? clusterRole(cluster, policy, name) : undefined),
      version: () => policy.version + systemVersion,
    });
    const policy: ClusterPolicy = { bindings, namespaces: new Map(), roles: new Map(), version: 0 };
    for (const [index, binding] of source.clusterRoleBindings(cluster).entries())
      bindings.set(nameOf(binding, index), binding);
    return policy;
  }

  function compileNamespace(cluster: string, policy: ClusterPolicy, namespace: string): NamespacePolicy {
    const roles = new Map<string, ResolvedRole | undefined>();
    const bindings = createBindings(namespace, {
      resolve({ kind, name }) {
        if (kind === 'Role') return once(roles, name, () => source.role(cluster, namespace, name));
        return kind === 'ClusterRole' ? clusterRole(cluster, policy, name) : undefined;
      },
      version: () => policy.version + systemVersion,
    });
    for (const [index, binding] of source.roleBindings(cluster, namespace).entries())
      bindings.set(nameOf(binding, index), binding);
    return { bindings, roles };
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
    const known = policy.namespaces.get(namespace);
    if (known !== undefined) return known.bindings;
    const compiled = compileNamespace(cluster, policy, namespace);
    if (policy.namespaces.size >= namespacesMax) policy.namespaces.clear();
    policy.namespaces.set(namespace, compiled);
    return compiled.bindings;
  }

  function allowedIn(user: UserInfo, cluster: string, question: Question): boolean {
    const policy = policyOf(cluster);
    if (policy.bindings.allow(user, question)) return true;
    if (question.kind !== 'resource' || question.namespace === '') return false;
    return namespaceBindings(cluster, policy, question.namespace).allow(user, question);
  }

  function rulesIn(user: UserInfo, cluster: string, namespace: string): readonly PolicyRule[] {
    const policy = policyOf(cluster);
    const roles = [...policy.bindings.rolesOf(user)];
    if (namespace !== '') roles.push(...namespaceBindings(cluster, policy, namespace).rolesOf(user));
    return roles.flatMap((role) => role.rules);
  }

  function forget(cluster: string, namespace: string): void {
    const policy = cluster === systemAdminCluster ? systemPolicy : policies.peek(cluster);
    if (namespace !== '') policy?.namespaces.delete(namespace);
    else if (cluster !== systemAdminCluster) policies.delete(cluster);
    else {
      systemPolicy = undefined;
      systemRoles.clear();
      policies.clear();
    }
  }

  /** More bindings than a cluster may have: which of them count is decided anew. */
  function setBinding(bindings: CompiledBindings, name: string, binding: Binding | undefined): boolean {
    bindings.set(name, binding);
    return bindings.size < bindingsMax;
  }

  function change(policy: ClusterPolicy, cluster: string, namespace: string, { resource, name }: RbacObject): boolean {
    switch (resource) {
      case 'clusterrolebindings':
        return setBinding(policy.bindings, name, source.clusterRoleBinding(cluster, name));
      case 'clusterroles':
        policy.roles.delete(name);
        policy.version++;
        return true;
      case 'rolebindings': {
        const known = policy.namespaces.get(namespace);
        return known === undefined || setBinding(known.bindings, name, source.roleBinding(cluster, namespace, name));
      }
      case 'roles':
        policy.namespaces.get(namespace)?.roles.delete(name);
        policy.version++;
        return true;
      default:
        return false;
    }
  }

  return {
    allows: (user, cluster, question) =>
      policyOf(systemAdminCluster).bindings.allow(user, question) || allowedIn(user, cluster, question),
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
    bindsConsumers: (cluster) => policyOf(cluster).bindings.bindsConsumers,
    invalidate(cluster, namespace = '', object = undefined) {
      if (object === undefined) {
        forget(cluster, namespace);
        return;
      }
      if (cluster === systemAdminCluster && object.resource === 'clusterroles') {
        systemRoles.delete(object.name);
        systemVersion++;
        return;
      }
      const policy = cluster === systemAdminCluster ? systemPolicy : policies.peek(cluster);
      if (policy !== undefined && !change(policy, cluster, namespace, object)) forget(cluster, namespace);
    },
    size: () => policies.size,
  };
}
