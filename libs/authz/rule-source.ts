/** Where rules and bindings are read from; synchronous, since every request asks. */
import type { LabelSelectorSpec } from '@kcp-ts/meta';
import type { Store } from '@kcp-ts/storage';
import { formatKey, parseKey, parseStored } from '@kcp-ts/storage';

export const rbacGroup = 'rbac.authorization.k8s.io';

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface RbacSubject {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface RoleRef {
  readonly apiGroup?: string;
  readonly kind: string;
  readonly name: string;
}

/** A RoleBinding or ClusterRoleBinding. */
export interface Binding {
  readonly subjects?: readonly RbacSubject[] | null;
  readonly roleRef: RoleRef;
}

/** A Role or ClusterRole. */
export interface Role {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly rules?: readonly PolicyRule[] | null;
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelectorSpec[] };
}

export interface RuleSource {
  clusterRoleBindings(cluster: string): readonly Binding[];
  roleBindings(cluster: string, namespace: string): readonly Binding[];
  clusterRole(cluster: string, name: string): Role | undefined;
  role(cluster: string, namespace: string, name: string): Role | undefined;
  /** For aggregation. */
  clusterRoles(cluster: string): readonly Role[];
}

/** Above these many bindings in one workspace or namespace, those last by name grant nothing: a bound on what one check may cost. */
const bindingsMax = 10_000;

/** Reads the newest durable objects of a store. */
export function createStoreRuleSource(store: Pick<Store, 'get' | 'scan'>): RuleSource {
  function key(resource: string, cluster: string, namespace: string, name: string): string {
    return formatKey({ group: rbacGroup, resource, identity: '-', cluster, namespace, name });
  }
  function all<T>(resource: string, cluster: string, namespace: string): readonly T[] {
    return store
      .scan({ prefix: key(resource, cluster, namespace, '') }, bindingsMax)
      .map((entry) => parseStored<T>(entry.value));
  }
  function one(resource: string, cluster: string, namespace: string, name: string): Role | undefined {
    const entry = store.get(key(resource, cluster, namespace, name));
    return entry === undefined ? undefined : parseStored<Role>(entry.value);
  }
  return {
    clusterRoleBindings: (cluster) => all<Binding>('clusterrolebindings', cluster, ''),
    roleBindings: (cluster, namespace) => all<Binding>('rolebindings', cluster, namespace),
    clusterRole: (cluster, name) => one('clusterroles', cluster, '', name),
    role: (cluster, namespace, name) => one('roles', cluster, namespace, name),
    clusterRoles: (cluster) => all<Role>('clusterroles', cluster, ''),
  };
}

const rbacKeyStart = `${rbacGroup}/`;

/** What to forget when the object under a key has changed: one namespace's bindings, or all of its cluster ('' as namespace). Undefined for keys of other groups. */
export function rbacChangeOf(key: string): { readonly cluster: string; readonly namespace: string } | undefined {
  if (!key.startsWith(rbacKeyStart)) return undefined;
  const { cluster, namespace } = parseKey(key);
  return { cluster, namespace };
}
