/**
 * Annotates what other shards must know of a workspace that others bind to or take types from: its
 * LogicalCluster, and the ClusterRoles and bindings that say who may. The annotation says the
 * reasons, as in kcp (facts, 9); what carries it leaves the shard with its feed.
 */

import type { KubeObject, LogicalClusterName } from '@kcp-ts/api';
import type { Binding, PolicyRule, Role } from '@kcp-ts/authz';
import { bindingPrefix, earlierBindingPrefix } from '@kcp-ts/authz';
import type { Controller, Outcome, Watch } from '@kcp-ts/controller-runtime';
import { commit, nothing } from '@kcp-ts/controller-runtime';
import { exportsPrefix, isReplicated, replicateAnnotation } from '@kcp-ts/sharing';
import type { Entry, Reads, StoreEvent } from '@kcp-ts/storage';
import { hasText, parseKey, parseStored } from '@kcp-ts/storage';
import { logicalClusterKey } from '@kcp-ts/tenancy';
import { clusterRoleBindingsPrefix, clusterRolesPrefix } from './key-prefixes.ts';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation } from './writer.ts';

export interface ReplicateDependencies extends ControllerDependencies {
  /** `tenancy.kcp.io/workspacetypes/<identity>/`. */
  typesPrefix(): string;
}

/** How a maximal permission policy names consumers, today and in the earlier draft of the API. */
const consumerPrefixes = [bindingPrefix, earlierBindingPrefix];
const systemRolesPrefix = `${clusterRolesPrefix}system:admin//`;
const objectsMax = 5_000;

interface Holds {
  readonly exports: boolean;
  readonly types: boolean;
}

function has(list: readonly string[] | undefined, ...any: readonly string[]): boolean {
  return list?.includes('*') === true || any.some((text) => list?.includes(text) === true);
}

function aboutExports({ verbs, apiGroups, resources }: PolicyRule): boolean {
  if (!has(apiGroups, 'apis.kcp.io')) return false;
  return (has(resources, 'apiexports') && has(verbs, 'bind')) || has(resources, 'apiexports/content');
}

function aboutTypes({ verbs, apiGroups, resources }: PolicyRule): boolean {
  return (
    has(apiGroups, 'tenancy.kcp.io') && has(resources, 'workspacetypes') && has(verbs, 'use', 'initialize', 'terminate')
  );
}

function aboutAccess({ verbs, nonResourceURLs }: PolicyRule): boolean {
  return nonResourceURLs !== undefined && has(nonResourceURLs, '/') && has(verbs, 'access');
}

function isConsumersBinding(binding: Binding): boolean {
  return (binding.subjects ?? []).some(({ name }) => consumerPrefixes.some((prefix) => name.startsWith(prefix)));
}

type AnnotatorReads = Pick<Reads, 'get' | 'scan'>;

export interface ReplicateAnnotator {
  /**
   * Puts the annotation on an object as it is to be, or takes it off; true where that changed it.
   */
  annotate(reads: AnnotatorReads, key: string, object: KubeObject): boolean;
  holdsOf(reads: AnnotatorReads, cluster: LogicalClusterName): Holds;
}

/**
 * What the annotation says, by what the workspace holds now: for the controller, and for admission
 * when it writes an object in the first place.
 */
export function createReplicateAnnotator(deps: Pick<ReplicateDependencies, 'typesPrefix'>): ReplicateAnnotator {
  const any = (reads: AnnotatorReads, prefix: string) => reads.scan({ prefix }, 1).length > 0;

  function holdsOf(reads: AnnotatorReads, cluster: LogicalClusterName): Holds {
    return {
      exports: any(reads, `${exportsPrefix}${cluster}/`),
      types: any(reads, `${deps.typesPrefix()}${cluster}/`),
    };
  }

  /**
   * Asked at each write of a role or binding: of the others, which may be many and large, only
   * those are parsed that can name a consumer.
   */
  function consumersBindingsOf(reads: AnnotatorReads, cluster: LogicalClusterName): readonly Binding[] {
    return reads
      .scan({ prefix: `${clusterRoleBindingsPrefix}${cluster}/` }, objectsMax)
      .filter(({ value }) => consumerPrefixes.some((prefix) => hasText(value, prefix)))
      .map(({ value }) => parseStored<Binding>(value))
      .filter(isConsumersBinding);
  }

  function roleOf(reads: AnnotatorReads, cluster: LogicalClusterName, name: string): Role | undefined {
    const entry = reads.get(`${clusterRolesPrefix}${cluster}//${name}`) ?? reads.get(`${systemRolesPrefix}${name}`);
    return entry === undefined ? undefined : parseStored<Role>(entry.value);
  }

  function reasonsOfRole(reads: AnnotatorReads, cluster: LogicalClusterName, role: Role, holds: Holds): string[] {
    const rules = role.rules ?? [];
    const forConsumers = () =>
      consumersBindingsOf(reads, cluster).some((binding) => binding.roleRef.name === role.metadata.name);
    return [
      ...(holds.exports && (rules.some(aboutExports) || forConsumers()) ? ['apis.kcp.io'] : []),
      ...(rules.some(aboutAccess) ? ['core.kcp.io'] : []),
      ...(holds.types && rules.some(aboutTypes) ? ['tenancy.kcp.io'] : []),
    ];
  }

  function reasonsOf(reads: AnnotatorReads, key: string, object: KubeObject): string[] {
    const { cluster } = parseKey(key);
    const holds = holdsOf(reads, cluster);
    if (!holds.exports && !holds.types) return [];
    if (key.startsWith(clusterRolesPrefix)) {
      const reasons = reasonsOfRole(reads, cluster, object as KubeObject & Role, holds);
      // A role with the name of one of system:admin always leaves: without it, a shard that knows a
      // binding to it would take the other role for what is meant.
      const shadows = reads.get(`${systemRolesPrefix}${object.metadata.name}`) !== undefined;
      return shadows && reasons.length === 0 ? ['core.kcp.io'] : reasons;
    }
    if (!key.startsWith(clusterRoleBindingsPrefix))
      return [...(holds.exports ? ['apis.kcp.io'] : []), ...(holds.types ? ['tenancy.kcp.io'] : [])];
    const binding = object as unknown as Binding;
    const role = roleOf(reads, cluster, binding.roleRef.name);
    const reasons = role === undefined ? [] : reasonsOfRole(reads, cluster, role, holds);
    return holds.exports && isConsumersBinding(binding) ? [...new Set(['apis.kcp.io', ...reasons])] : reasons;
  }

  return {
    holdsOf,
    annotate(reads, key, object) {
      const wanted = reasonsOf(reads, key, object).join(',');
      const { [replicateAnnotation]: before = '', ...others } = object.metadata.annotations ?? {};
      if (before === wanted) return false;
      object.metadata.annotations = wanted === '' ? others : { ...others, [replicateAnnotation]: wanted };
      return true;
    },
  };
}

/** Whether a change took an object's annotation, or the object with it. */
function lostAnnotation({ type, value, previous }: Pick<StoreEvent, 'type' | 'value' | 'previous'>): boolean {
  if (type === 'delete') return isReplicated(value);
  return previous !== undefined && isReplicated(previous.value) && !isReplicated(value);
}

export function createReplicateAnnotations(deps: ReplicateDependencies): Controller {
  const annotator = createReplicateAnnotator(deps);

  function servedOf(key: string) {
    if (key.startsWith(clusterRolesPrefix)) return deps.served('rbac.authorization.k8s.io', 'clusterroles');
    if (key.startsWith(clusterRoleBindingsPrefix))
      return deps.served('rbac.authorization.k8s.io', 'clusterrolebindings');
    return deps.served('core.kcp.io', 'logicalclusters');
  }

  /** Where the role of its own cluster is that a binding names. */
  function roleKeyOf(key: string, binding: Uint8Array): string {
    return `${clusterRolesPrefix}${parseKey(key).cluster}//${parseStored<Binding>(binding).roleRef.name}`;
  }

  /**
   * Whether the role stands before one of system:admin while a binding to it still leaves the
   * shard.
   */
  function mustStay(decision: Reads, role: Entry): boolean {
    const { cluster, name } = parseKey(role.key);
    if (decision.get(`${systemRolesPrefix}${name}`) === undefined) return false;
    return decision
      .scan({ prefix: `${clusterRoleBindingsPrefix}${cluster}/` }, objectsMax)
      .some(({ value }) => isReplicated(value) && parseStored<Binding>(value).roleRef.name === name);
  }

  /**
   * A binding never leaves the shard without its role: the role's annotation is set before the
   * binding's and taken off after it. Otherwise another shard would take a role of the same name in
   * `system:admin` for what the binding means.
   */
  function annotate(decision: Reads, entry: Entry): Outcome {
    const served = servedOf(entry.key);
    const object = objectOf<KubeObject>(served, entry);
    if (object.metadata.deletionTimestamp !== undefined) return nothing;
    if (!annotator.annotate(decision, entry.key, object)) return nothing;
    const isAnnotated = object.metadata.annotations?.[replicateAnnotation] !== undefined;
    // The last such binding has the role reconciled when it loses its own annotation.
    if (!isAnnotated && entry.key.startsWith(clusterRolesPrefix) && mustStay(decision, entry)) return nothing;
    const own = commit([replaceOperation(deps, served, entry, object)]);
    if (!isAnnotated || !entry.key.startsWith(clusterRoleBindingsPrefix)) return own;
    const role = decision.peek(roleKeyOf(entry.key, entry.value));
    const first = role === undefined ? nothing : annotate(decision, role);
    return first.do === 'commit' ? { ...first, next: () => own } : own;
  }

  function keysOfCluster(cluster: LogicalClusterName): string[] {
    const keys = (prefix: string) => deps.store.scan({ prefix }, objectsMax).map((entry) => entry.key);
    return [
      logicalClusterKey(cluster),
      ...keys(`${clusterRolesPrefix}${cluster}/`),
      ...keys(`${clusterRoleBindingsPrefix}${cluster}/`),
    ];
  }

  function isHolding(cluster: LogicalClusterName): boolean {
    const { exports, types } = annotator.holdsOf(deps.store, cluster);
    return exports || types;
  }

  /**
   * What decides whether its cluster's objects are replicated: an export or a type, the first and
   * the last.
   */
  const holders = (prefix: Watch['prefix']): Watch => ({
    prefix,
    initial: { perCluster: keysOfCluster },
    keys: ({ event, parts }) =>
      event.type === 'delete' || event.previous === undefined ? keysOfCluster(parts.cluster) : [],
  });

  return {
    name: 'replicate-annotations',
    watches: [
      holders(exportsPrefix),
      holders(deps.typesPrefix),
      {
        prefix: clusterRolesPrefix,
        // A role decides about its bindings.
        keys: ({ parts: { cluster } }) => (isHolding(cluster) ? keysOfCluster(cluster) : []),
      },
      {
        prefix: clusterRoleBindingsPrefix,
        keys({ event, parts: { cluster } }) {
          const lost = lostAnnotation(event) ? [roleKeyOf(event.key, event.value)] : [];
          if (!isHolding(cluster)) return lost;
          // A binding for consumers decides about its role.
          return isConsumersBinding(parseStored<Binding>(event.value)) ? keysOfCluster(cluster) : [event.key, ...lost];
        },
      },
    ],
    reconcile(key, decision) {
      const entry = decision.peek(key);
      return entry === undefined ? nothing : annotate(decision, entry);
    },
  };
}
