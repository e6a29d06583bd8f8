/** Where rules and bindings are read from; synchronous, since every request asks. */
import type { LabelSelectorSpec, LogicalClusterName } from '@kcp-ts/api';
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
  readonly metadata?: { readonly name: string };
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
  /** Each is read when it is asked for: a cluster may have many, and large ones. */
  clusterRoleBindings(cluster: LogicalClusterName): Iterable<Binding>;
  roleBindings(cluster: LogicalClusterName, namespace: string): Iterable<Binding>;
  clusterRoleBinding(cluster: LogicalClusterName, name: string): Binding | undefined;
  roleBinding(cluster: LogicalClusterName, namespace: string, name: string): Binding | undefined;
  clusterRole(cluster: LogicalClusterName, name: string): Role | undefined;
  role(cluster: LogicalClusterName, namespace: string, name: string): Role | undefined;
}

/**
 * Above these many bindings in one workspace or namespace, those last by name grant nothing: a
 * bound on what one check may cost.
 */
export const bindingsMax = 10_000;

/** Read at once. */
const pieceEntries = 250;

/** Reads the newest durable objects of a store. */
export function createStoreRuleSource(store: Pick<Store, 'get' | 'scan'>): RuleSource {
  function key(resource: string, cluster: LogicalClusterName, namespace: string, name: string): string {
    return formatKey({ group: rbacGroup, resource, identity: '-', cluster, namespace, name });
  }
  function* all<T>(resource: string, cluster: LogicalClusterName, namespace: string): Generator<T> {
    // A request's path may name, encoded, what no key holds.
    if (namespace.includes('/')) return;
    const prefix = key(resource, cluster, namespace, '');
    let after: string | undefined;
    for (let left = bindingsMax; left > 0; left -= pieceEntries) {
      const piece = store.scan({ prefix }, Math.min(left, pieceEntries), after);
      for (const { value } of piece) yield parseStored<T>(value);
      if (piece.length < pieceEntries) return;
      after = piece.at(-1)?.key;
    }
  }
  function one<T>(resource: string, cluster: LogicalClusterName, namespace: string, name: string): T | undefined {
    const entry = store.get(key(resource, cluster, namespace, name));
    return entry === undefined ? undefined : parseStored<T>(entry.value);
  }
  return {
    clusterRoleBindings: (cluster) => all<Binding>('clusterrolebindings', cluster, ''),
    roleBindings: (cluster, namespace) => all<Binding>('rolebindings', cluster, namespace),
    clusterRoleBinding: (cluster, name) => one<Binding>('clusterrolebindings', cluster, '', name),
    roleBinding: (cluster, namespace, name) => one<Binding>('rolebindings', cluster, namespace, name),
    clusterRole: (cluster, name) => one<Role>('clusterroles', cluster, '', name),
    role: (cluster, namespace, name) => one<Role>('roles', cluster, namespace, name),
  };
}

const rbacKeyStart = `${rbacGroup}/`;

/** `clusterroles`, `clusterrolebindings`, `roles` or `rolebindings`, and the name. */
export interface RbacObject {
  readonly resource: string;
  readonly name: string;
}

export interface RbacChange {
  readonly cluster: LogicalClusterName;
  /** '' for what is cluster-scoped. */
  readonly namespace: string;
  readonly object: RbacObject;
}

/** Which RBAC object is under a key. Undefined for keys of other groups. */
export function rbacChangeOf(key: string): RbacChange | undefined {
  if (!key.startsWith(rbacKeyStart)) return undefined;
  const { cluster, namespace, resource, name } = parseKey(key);
  return { cluster, namespace, object: { resource, name } };
}
