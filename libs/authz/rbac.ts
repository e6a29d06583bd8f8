/**
 * Kubernetes' RBAC in one logical cluster: its own bindings, and the ClusterRoleBindings of
 * `system:admin`, which hold in every cluster. A binding may name a ClusterRole that only exists in
 * `system:admin`. What is compiled is kept per cluster in a bounded cache; a cluster that nobody
 * asks about holds nothing.
 */

import type { LogicalClusterName, UserInfo } from '@kcp-ts/api';
import type { Slices, Turns } from '@kcp-ts/base';
import { LRUCache } from 'lru-cache';
import type { Question } from './attributes.ts';
import type { CompiledBindings, ResolvedRole } from './compile-bindings.ts';
import { createBindings } from './compile-bindings.ts';
import { compileRules } from './compile-rules.ts';
import type { Binding, PolicyRule, RbacObject, Role, RoleRef, RuleSource } from './rule-source.ts';
import { bindingsMax } from './rule-source.ts';
import { systemAdminCluster } from './well-known.ts';

export interface Rbac {
  /**
   * Whether this very user may; scopes and warrants are not looked at. About a microsecond where
   * the cluster is compiled.
   */
  allows(user: UserInfo, cluster: LogicalClusterName, question: Question): boolean;
  /**
   * Compiles what questions about a cluster and a namespace of it ('' for none) need, with turns
   * for others between its bindings. Undefined where it is there, or has been made at once. Who
   * asks without it is answered as well, and compiles in one piece.
   */
  prepare(cluster: LogicalClusterName, namespace: string, turns: Turns): Promise<void> | undefined;
  /**
   * All rules that this very user has in a namespace ('' for the cluster as a whole): those of
   * `system:admin` first, each role once.
   */
  rulesFor(user: UserInfo, cluster: LogicalClusterName, namespace: string): readonly PolicyRule[];
  /**
   * The rules of every role that a binding's reference can come to mean: the cluster's own, and for
   * a ClusterRole the one of that name in `system:admin`, which the binding means where the cluster
   * has none. Undefined where there is neither.
   */
  roleRules(cluster: LogicalClusterName, namespace: string, reference: RoleRef): readonly PolicyRule[] | undefined;
  /**
   * Whether a ClusterRoleBinding of the cluster names consumers of an export, by the prefix of
   * today.
   */
  bindsConsumers(cluster: LogicalClusterName): boolean;
  /**
   * To be called when an RBAC object has changed, at a cost that depends on that object alone.
   * Without an object everything of the cluster is forgotten; of the namespace only, where one is
   * given.
   */
  invalidate(cluster: LogicalClusterName, namespace?: string, object?: RbacObject): void;
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

/** Bindings that are being compiled, and those that have changed since that began. */
interface Preparing {
  readonly changed: Set<string>;
  readonly done: Promise<void>;
}

const clustersMaxDefault = 5_000;
/** A cluster with more active namespaces than this forgets them all and compiles again. */
const namespacesMax = 500;

function resolved(role: Role | undefined): ResolvedRole | undefined {
  if (role === undefined) return undefined;
  const rules = role.rules ?? [];
  return { rules, compiled: compileRules(rules) };
}

// check-allow function-length -- one cache, and each function reads or invalidates it
export function createRbac(source: RuleSource, options: RbacOptions = {}): Rbac {
  const policies = new LRUCache<string, ClusterPolicy>({ max: options.clustersMax ?? clustersMaxDefault });
  /** Kept outside of the cache: every check needs it. */
  let systemPolicy: ClusterPolicy | undefined;
  const systemRoles = new Map<string, ResolvedRole>();
  /**
   * Counts changes of the ClusterRoles of `system:admin`, which bindings of every cluster may name.
   */
  let systemVersion = 0;
  /** By `preparingKey`. */
  const preparing = new Map<string, Preparing>();

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

  function clusterRole(cluster: LogicalClusterName, policy: ClusterPolicy, name: string): ResolvedRole | undefined {
    const local =
      cluster === systemAdminCluster ? undefined : once(policy.roles, name, () => source.clusterRole(cluster, name));
    return local ?? systemRole(name);
  }

  /** Sets one after the other. */
  function* fill(bindings: CompiledBindings, found: Iterable<Binding>): Generator<undefined, void> {
    let index = 0;
    for (const binding of found) {
      bindings.set(binding.metadata?.name ?? String(index).padStart(6, '0'), binding);
      index++;
      yield;
    }
  }

  function fillAtOnce(bindings: CompiledBindings, found: Iterable<Binding>): void {
    const steps = fill(bindings, found);
    while (steps.next().done !== true);
  }

  function emptyPolicy(cluster: LogicalClusterName): ClusterPolicy {
    const bindings = createBindings('', {
      resolve: ({ kind, name }) => (kind === 'ClusterRole' ? clusterRole(cluster, policy, name) : undefined),
      version: () => policy.version + systemVersion,
    });
    const policy: ClusterPolicy = { bindings, namespaces: new Map(), roles: new Map(), version: 0 };
    return policy;
  }

  function compile(cluster: LogicalClusterName): ClusterPolicy {
    const policy = emptyPolicy(cluster);
    fillAtOnce(policy.bindings, source.clusterRoleBindings(cluster));
    return policy;
  }

  function emptyNamespace(cluster: LogicalClusterName, policy: ClusterPolicy, namespace: string): NamespacePolicy {
    const roles = new Map<string, ResolvedRole | undefined>();
    const bindings = createBindings(namespace, {
      resolve({ kind, name }) {
        if (kind === 'Role') return once(roles, name, () => source.role(cluster, namespace, name));
        return kind === 'ClusterRole' ? clusterRole(cluster, policy, name) : undefined;
      },
      version: () => policy.version + systemVersion,
    });
    return { bindings, roles };
  }

  function policyOf(cluster: LogicalClusterName): ClusterPolicy {
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

  function namespaceBindings(cluster: LogicalClusterName, policy: ClusterPolicy, namespace: string): CompiledBindings {
    const known = policy.namespaces.get(namespace);
    if (known !== undefined) return known.bindings;
    const compiled = emptyNamespace(cluster, policy, namespace);
    fillAtOnce(compiled.bindings, source.roleBindings(cluster, namespace));
    keepNamespace(policy, namespace, compiled);
    return compiled.bindings;
  }

  function keepNamespace(policy: ClusterPolicy, namespace: string, compiled: NamespacePolicy): void {
    if (policy.namespaces.size >= namespacesMax) policy.namespaces.clear();
    policy.namespaces.set(namespace, compiled);
  }

  function preparingKey(cluster: LogicalClusterName, namespace: string): string {
    return `${cluster}/${namespace}`;
  }

  /** Goes on with the steps; a promise where others get their turns first. */
  function inSlices(steps: Iterator<undefined, void>, slices: Slices): Promise<void> | undefined {
    while (steps.next().done !== true) {
      const pause = slices.pause();
      if (pause !== undefined) return pause.then(() => inSlices(steps, slices));
    }
    return undefined;
  }

  interface Wanted {
    readonly bindings: CompiledBindings;
    readonly found: Iterable<Binding>;
    one(name: string): Binding | undefined;
    keep(): void;
  }

  /**
   * Other callers that ask meanwhile wait for the same. What changes meanwhile is read again at the
   * end; what is forgotten meanwhile is not kept.
   */
  function prepareBindings(key: string, slices: Slices, wanted: Wanted): Promise<void> | undefined {
    const known = preparing.get(key);
    if (known !== undefined) return known.done;
    const { bindings, found, one, keep } = wanted;
    const waiting = inSlices(fill(bindings, found), slices);
    if (waiting === undefined) {
      keep();
      return undefined;
    }
    const changed = new Set<string>();
    const finish = () => {
      if (preparing.get(key) !== own) return;
      preparing.delete(key);
      for (const name of changed) bindings.set(name, one(name));
      // Of more than there may be, those that were read first count until one changes again.
      keep();
    };
    const failed = (error: unknown) => {
      if (preparing.get(key) === own) preparing.delete(key);
      throw error;
    };
    const own: Preparing = { changed, done: waiting.then(finish).catch(failed) };
    preparing.set(key, own);
    return own.done;
  }

  function prepareCluster(cluster: LogicalClusterName, slices: Slices): Promise<void> | undefined {
    if (policies.get(cluster) !== undefined) return undefined;
    const policy = emptyPolicy(cluster);
    return prepareBindings(preparingKey(cluster, ''), slices, {
      bindings: policy.bindings,
      found: source.clusterRoleBindings(cluster),
      one: (name) => source.clusterRoleBinding(cluster, name),
      keep: () => void policies.set(cluster, policy),
    });
  }

  function prepareNamespace(cluster: LogicalClusterName, namespace: string, slices: Slices): Promise<void> | undefined {
    const policy = policies.get(cluster);
    if (policy === undefined || namespace === '' || policy.namespaces.has(namespace)) return undefined;
    const compiled = emptyNamespace(cluster, policy, namespace);
    return prepareBindings(preparingKey(cluster, namespace), slices, {
      bindings: compiled.bindings,
      found: source.roleBindings(cluster, namespace),
      one: (name) => source.roleBinding(cluster, namespace, name),
      keep() {
        if (policies.peek(cluster) === policy) keepNamespace(policy, namespace, compiled);
      },
    });
  }

  /**
   * Bindings that are being compiled get what changes, or are forgotten with all that is known of a
   * cluster or namespace.
   */
  function tellPreparing(cluster: LogicalClusterName, namespace: string, object: RbacObject | undefined): void {
    if (preparing.size === 0) return;
    if (object !== undefined) {
      if (object.resource.endsWith('bindings'))
        preparing.get(preparingKey(cluster, namespace))?.changed.add(object.name);
    } else if (namespace !== '') preparing.delete(preparingKey(cluster, namespace));
    else for (const key of preparing.keys()) if (key.startsWith(`${cluster}/`)) preparing.delete(key);
  }

  function allowedIn(user: UserInfo, cluster: LogicalClusterName, question: Question): boolean {
    const policy = policyOf(cluster);
    if (policy.bindings.allow(user, question)) return true;
    if (question.kind !== 'resource' || question.namespace === '') return false;
    return namespaceBindings(cluster, policy, question.namespace).allow(user, question);
  }

  function rulesIn(user: UserInfo, cluster: LogicalClusterName, namespace: string): readonly PolicyRule[] {
    const policy = policyOf(cluster);
    const roles = [...policy.bindings.rolesOf(user)];
    if (namespace !== '') roles.push(...namespaceBindings(cluster, policy, namespace).rolesOf(user));
    return roles.flatMap((role) => role.rules);
  }

  function forget(cluster: LogicalClusterName, namespace: string): void {
    const policy = cluster === systemAdminCluster ? systemPolicy : policies.peek(cluster);
    if (namespace !== '') policy?.namespaces.delete(namespace);
    else if (cluster !== systemAdminCluster) policies.delete(cluster);
    else {
      systemPolicy = undefined;
      systemRoles.clear();
      policies.clear();
    }
  }

  /** More bindings than a cluster may have: which of them count is decided again. */
  function setBinding(bindings: CompiledBindings, name: string, binding: Binding | undefined): boolean {
    bindings.set(name, binding);
    return bindings.size < bindingsMax;
  }

  function change(
    policy: ClusterPolicy,
    cluster: LogicalClusterName,
    namespace: string,
    { resource, name }: RbacObject,
  ): boolean {
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
    prepare(cluster, namespace, turns) {
      if (cluster === systemAdminCluster) return undefined;
      const known = policies.get(cluster);
      if (known !== undefined && (namespace === '' || known.namespaces.has(namespace))) return undefined;
      const slices = turns.begin();
      const first = prepareCluster(cluster, slices);
      if (first === undefined) return prepareNamespace(cluster, namespace, slices);
      return first.then(() => prepareNamespace(cluster, namespace, slices));
    },
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
      tellPreparing(cluster, namespace, object);
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
