/**
 * Marks what other shards must know of a workspace that others bind to or take types from: its LogicalCluster, and the ClusterRoles and bindings that say
 * who may. The mark is an annotation with the reasons, as in kcp (facts, 9); what carries it leaves the shard with its feed.
 */

import type { KubeObject } from '@kcp-ts/api';
import type { Binding, PolicyRule, Role } from '@kcp-ts/authz';
import { bindingPrefix, earlierBindingPrefix } from '@kcp-ts/authz';
import type { Controller } from '@kcp-ts/controller-runtime';
import { exportsPrefix } from '@kcp-ts/sharing';
import type { Decision, Entry, Reads, StoreEvent } from '@kcp-ts/storage';
import { parseKey, parseStored } from '@kcp-ts/storage';
import { hasText } from './has-text.ts';
import type { ControllerDependencies } from './writer.ts';
import { commitOrAgain, keysToResume, objectOf, replaceOperation } from './writer.ts';

export const replicateAnnotation = 'internal.kcp.io/replicate';

export interface ReplicateDependencies extends ControllerDependencies {
  /** `tenancy.kcp.io/workspacetypes/<identity>/`. */
  typesPrefix(): string;
  logicalClusterKey(cluster: string): string;
}

const rolesPrefix = 'rbac.authorization.k8s.io/clusterroles/-/';
const roleBindingsPrefix = 'rbac.authorization.k8s.io/clusterrolebindings/-/';
/** How a maximal permission policy names consumers, today and in the earlier draft of the API. */
const consumerPrefixes = [bindingPrefix, earlierBindingPrefix];
const systemRolesPrefix = `${rolesPrefix}system:admin//`;
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

type MarkReads = Pick<Reads, 'get' | 'scan'>;

export interface ReplicateMarks {
  /** Puts the annotation on an object as it is to be, or takes it off; true where that changed it. */
  mark(reads: MarkReads, key: string, object: KubeObject): boolean;
  holdsOf(reads: MarkReads, cluster: string): Holds;
}

/** What the annotation says, by what the workspace holds now: for the controller, and for whoever writes an object in the first place. */
export function createReplicateMarks(deps: Pick<ReplicateDependencies, 'typesPrefix'>): ReplicateMarks {
  const any = (reads: MarkReads, prefix: string) => reads.scan({ prefix }, 1).length > 0;

  function holdsOf(reads: MarkReads, cluster: string): Holds {
    return {
      exports: any(reads, `${exportsPrefix}${cluster}/`),
      types: any(reads, `${deps.typesPrefix()}${cluster}/`),
    };
  }

  /** Asked at each write of a role or binding: of the others, which may be many and large, only those are parsed that can name a consumer. */
  function consumersBindingsOf(reads: MarkReads, cluster: string): readonly Binding[] {
    return reads
      .scan({ prefix: `${roleBindingsPrefix}${cluster}/` }, objectsMax)
      .filter(({ value }) => consumerPrefixes.some((prefix) => hasText(value, prefix)))
      .map(({ value }) => parseStored<Binding>(value))
      .filter(isConsumersBinding);
  }

  function roleOf(reads: MarkReads, cluster: string, name: string): Role | undefined {
    const entry = reads.get(`${rolesPrefix}${cluster}//${name}`) ?? reads.get(`${systemRolesPrefix}${name}`);
    return entry === undefined ? undefined : parseStored<Role>(entry.value);
  }

  function reasonsOfRole(reads: MarkReads, cluster: string, role: Role, holds: Holds): string[] {
    const rules = role.rules ?? [];
    const forConsumers = () =>
      consumersBindingsOf(reads, cluster).some((binding) => binding.roleRef.name === role.metadata.name);
    return [
      ...(holds.exports && (rules.some(aboutExports) || forConsumers()) ? ['apis.kcp.io'] : []),
      ...(rules.some(aboutAccess) ? ['core.kcp.io'] : []),
      ...(holds.types && rules.some(aboutTypes) ? ['tenancy.kcp.io'] : []),
    ];
  }

  function reasonsOf(reads: MarkReads, key: string, object: KubeObject): string[] {
    const { cluster } = parseKey(key);
    const holds = holdsOf(reads, cluster);
    if (!holds.exports && !holds.types) return [];
    if (key.startsWith(rolesPrefix)) {
      const reasons = reasonsOfRole(reads, cluster, object as KubeObject & Role, holds);
      // A role with the name of one of system:admin always leaves: without it, a shard that knows a binding to it would take the other role for what is meant.
      const shadows = reads.get(`${systemRolesPrefix}${object.metadata.name}`) !== undefined;
      return shadows && reasons.length === 0 ? ['core.kcp.io'] : reasons;
    }
    if (!key.startsWith(roleBindingsPrefix))
      return [...(holds.exports ? ['apis.kcp.io'] : []), ...(holds.types ? ['tenancy.kcp.io'] : [])];
    const binding = object as unknown as Binding;
    const role = roleOf(reads, cluster, binding.roleRef.name);
    const reasons = role === undefined ? [] : reasonsOfRole(reads, cluster, role, holds);
    return holds.exports && isConsumersBinding(binding) ? [...new Set(['apis.kcp.io', ...reasons])] : reasons;
  }

  return {
    holdsOf,
    mark(reads, key, object) {
      const wanted = reasonsOf(reads, key, object).join(',');
      const { [replicateAnnotation]: before = '', ...others } = object.metadata.annotations ?? {};
      if (before === wanted) return false;
      object.metadata.annotations = wanted === '' ? others : { ...others, [replicateAnnotation]: wanted };
      return true;
    },
  };
}

/** Whether a stored object carries the annotation, without parsing those that cannot. */
export function isMarked(value: Uint8Array): boolean {
  if (!hasText(value, replicateAnnotation)) return false;
  return parseStored<KubeObject>(value).metadata.annotations?.[replicateAnnotation] !== undefined;
}

/** Whether a change took an object's mark from it, or the object with its mark. */
function lostMark({ type, value, previous }: Pick<StoreEvent, 'type' | 'value' | 'previous'>): boolean {
  if (type === 'delete') return isMarked(value);
  return previous !== undefined && isMarked(previous.value) && !isMarked(value);
}

export function createReplicateAnnotations(deps: ReplicateDependencies): Controller {
  const marks = createReplicateMarks(deps);

  function servedOf(key: string) {
    if (key.startsWith(rolesPrefix)) return deps.served('rbac.authorization.k8s.io', 'clusterroles');
    if (key.startsWith(roleBindingsPrefix)) return deps.served('rbac.authorization.k8s.io', 'clusterrolebindings');
    return deps.served('core.kcp.io', 'logicalclusters');
  }

  /** Where the role of its own cluster is that a binding names. */
  function roleKeyOf(key: string, binding: Uint8Array): string {
    return `${rolesPrefix}${parseKey(key).cluster}//${parseStored<Binding>(binding).roleRef.name}`;
  }

  /** Whether the role stands before one of system:admin while a binding to it still leaves the shard. */
  function mustStay(decision: Reads, role: Entry): boolean {
    const { cluster, name } = parseKey(role.key);
    if (decision.get(`${systemRolesPrefix}${name}`) === undefined) return false;
    return decision
      .scan({ prefix: `${roleBindingsPrefix}${cluster}/` }, objectsMax)
      .some(({ value }) => isMarked(value) && parseStored<Binding>(value).roleRef.name === name);
  }

  /**
   * A binding never leaves the shard without its role: the role's mark is put on before the binding's and taken off after it. Otherwise another shard would
   * take a role of the same name in `system:admin` for what the binding means.
   */
  async function mark(decision: Decision, entry: Entry): Promise<number | undefined> {
    const served = servedOf(entry.key);
    const object = objectOf<KubeObject>(served, entry);
    if (object.metadata.deletionTimestamp !== undefined) return undefined;
    if (!marks.mark(decision, entry.key, object)) return undefined;
    const marked = object.metadata.annotations?.[replicateAnnotation] !== undefined;
    if (marked && entry.key.startsWith(roleBindingsPrefix)) {
      const role = decision.peek(roleKeyOf(entry.key, entry.value));
      const waitMs = role === undefined ? undefined : await mark(decision, role);
      if (waitMs !== undefined) return waitMs;
    }
    // The last such binding wakes the role when it loses its own mark.
    if (!marked && entry.key.startsWith(rolesPrefix) && mustStay(decision, entry)) return undefined;
    return commitOrAgain(decision, [replaceOperation(deps, served, entry, object)]);
  }

  function keysOfCluster(cluster: string): string[] {
    const keys = (prefix: string) => deps.store.scan({ prefix }, objectsMax).map((entry) => entry.key);
    return [
      deps.logicalClusterKey(cluster),
      ...keys(`${rolesPrefix}${cluster}/`),
      ...keys(`${roleBindingsPrefix}${cluster}/`),
    ];
  }

  function isHolder(key: string): boolean {
    return key.startsWith(exportsPrefix) || key.startsWith(deps.typesPrefix());
  }

  return {
    name: 'replicate-annotations',
    wake({ event, parts }) {
      const { key, type, previous } = event;
      if (isHolder(key)) return type === 'delete' || previous === undefined ? keysOfCluster(parts.cluster) : [];
      const isRole = key.startsWith(rolesPrefix);
      if (!isRole && !key.startsWith(roleBindingsPrefix)) return [];
      const { exports, types } = marks.holdsOf(deps.store, parts.cluster);
      if (!exports && !types) return isRole || !lostMark(event) ? [] : [roleKeyOf(key, event.value)];
      // A role decides about its bindings, and a binding for consumers about its role.
      if (isRole || isConsumersBinding(parseStored<Binding>(event.value))) return keysOfCluster(parts.cluster);
      return lostMark(event) ? [key, roleKeyOf(key, event.value)] : [key];
    },
    async *resume() {
      const clusters = new Set<string>();
      for (const prefix of [exportsPrefix, deps.typesPrefix()])
        for await (const key of keysToResume(deps.store, prefix, () => true)) clusters.add(parseKey(key).cluster);
      for (const cluster of clusters) yield* keysOfCluster(cluster);
    },
    async reconcile(key, decision) {
      const entry = decision.peek(key);
      return entry === undefined ? undefined : mark(decision, entry);
    },
  };
}
