/**
 * Brings an APIBinding to Bound and keeps it there: finds what it refers to, keeps copies of the
 * schemas, labels what its claims show or hide, and on deletion removes the instances before it
 * lets the binding go.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Condition, KubeObject, LogicalClusterName, Revision } from '@kcp-ts/api';
import { isTrueCondition, parseIdentityHash, withCondition } from '@kcp-ts/api';
import type { Turns } from '@kcp-ts/base';
import { lazy } from '@kcp-ts/base';
import type { Controller, Outcome } from '@kcp-ts/controller-runtime';
import { commit, conflict, nothing, wait } from '@kcp-ts/controller-runtime';
import type { ServedResource } from '@kcp-ts/registry';
import type {
  ApiBinding,
  ApiExport,
  BindingReader,
  BoundResourceStatus,
  ClaimKey,
  ClaimTables,
  CustomResourceDefinition,
} from '@kcp-ts/sharing';
import {
  bindingFinalizer,
  bindingKey,
  bindingsPrefix,
  boundSchemaKey,
  clusterOfKey,
  definitionsPrefix,
  evaluateBinding,
  exportHash,
  exportKey,
  exportsPrefix,
  formatLocks,
  nameOfKey,
  parseLocks,
  resourceLocksAnnotation,
  schemaKey,
  schemasPrefix,
  withBindings,
} from '@kcp-ts/sharing';
import type { Decision, Entry, Operation, ParsedReader, Reads } from '@kcp-ts/storage';
import { flagDeleting, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import { logicalClusterKey } from '@kcp-ts/tenancy';
import type { BindingIndex } from './binding-index.ts';
import type { Successor } from './binding-successors.ts';
import { successorsOf } from './binding-successors.ts';
import { deleteInstances } from './delete-instances.ts';
import { relabelClaimed } from './relabel-claimed.ts';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation, timestamp } from './writer.ts';

export interface ApiBindingDependencies extends ControllerDependencies {
  readonly reader: ParsedReader;
  /** A binding may have thousands of claims: others get their turns before it is judged. */
  readonly turns: Turns;
  readonly bindings: BindingIndex;
  readonly claims: ClaimTables;
  resolve(path: string): string | undefined;
  /** Exports of a cluster, wherever it is. */
  exportsOf(cluster: LogicalClusterName): readonly ApiExport[];
  /** A decision that has read nothing: what is committed by it relies on nothing. */
  decide(): Decision;
  /** The operation that keeps a copy of a schema, where there is none yet. */
  keepSchema(schema: import('@kcp-ts/sharing').ApiResourceSchema): Operation | undefined;
  /** The resources of a workspace that a claim is about. */
  claimedResources(cluster: LogicalClusterName, claim: ClaimKey): readonly ServedResource[];
}

const definitionsMax = 5_000;
const identityHashLength = 64;
/**
 * Instances with finalizers go when others say so; a watch sees their deletion, this is in case.
 */
const remainingRetryMs = 5_000;

interface Writable extends KubeObject {
  spec?: NonNullable<ApiBinding['spec']>;
  status?: NonNullable<ApiBinding['status']>;
}

/** What is left to a successor. */
interface Handed extends Pick<Successor, 'exportCluster'> {
  readonly resources: readonly BoundResourceStatus[];
}

/** Reads of an own store's object are recorded; of one of another shard, that it is not here. */
function bindingReader(
  deps: ApiBindingDependencies,
  decision: Reads,
  cluster: LogicalClusterName,
  own: string,
): BindingReader {
  const read = <T>(key: string): T | undefined => {
    decision.head(key);
    return deps.reader.get<T>(key);
  };
  const scan = <T>(prefix: string) =>
    decision.scan({ prefix: `${prefix}${cluster}/` }, definitionsMax).map((entry) => deps.reader.parse<T>(entry));
  return {
    resolve: deps.resolve,
    export: (exportCluster, name) => read(exportKey(exportCluster, name)),
    schema: (exportCluster, name) => read(schemaKey(exportCluster, name)),
    boundSchema: (uid) => read(boundSchemaKey(uid)),
    // Both are asked twice: for resources, and for names.
    otherBindings: lazy(() => scan<ApiBinding>(bindingsPrefix).filter(({ metadata }) => metadata.name !== own)),
    definitions: lazy(() => scan<CustomResourceDefinition>(definitionsPrefix)),
  };
}

/** Resources that any claim of the binding is or was about. */
function claimsToVisit(binding: Writable, before: ApiBinding['status']): readonly ClaimKey[] {
  const all = [
    ...(binding.spec?.permissionClaims ?? []),
    ...(binding.status?.exportPermissionClaims ?? []),
    ...(before?.appliedPermissionClaims ?? []),
  ];
  const seen = new Map(
    all.map((claim) => [`${claim.group ?? ''}/${claim.resource}/${claim.identityHash ?? ''}`, claim]),
  );
  return [...seen.values()];
}

/** What decides which objects are labelled: when it changes, they must be visited. */
function grantOf(status: ApiBinding['status'], binding: Writable): unknown {
  return [
    status?.appliedPermissionClaims ?? [],
    status?.exportPermissionClaims ?? [],
    binding.metadata.annotations?.['apis.v1alpha2.kcp.io/v1alpha1-permission-claims'],
  ];
}

// check-allow function-length -- one reconciler: its functions are the steps of a bind
export function createApiBinding(deps: ApiBindingDependencies): Controller {
  const served = () => deps.served('apis.kcp.io', 'apibindings');
  /**
   * Since when what they grant holds that objects have been labelled for, by binding; a restart
   * begins with none and visits again what is not applied.
   */
  const labelled = new Map<string, Revision>();

  /** False where what it was decided on has changed meanwhile. */
  async function label(
    decision: Decision,
    cluster: LogicalClusterName,
    binding: Writable,
    before: ApiBinding['status'],
  ): Promise<boolean> {
    for (const claim of claimsToVisit(binding, before)) {
      for (const resource of deps.claimedResources(cluster, claim))
        if (!(await relabelClaimed(deps, decision, deps.claims, resource, cluster))) return false;
    }
    return true;
  }

  /** Notes on the LogicalCluster what bindings have from now on. */
  function lock(decision: Decision, cluster: LogicalClusterName, bindings: readonly ApiBinding[]): Operation[] {
    const entry = decision.peek(logicalClusterKey(cluster));
    if (entry === undefined || (storedFlags(entry.value) & flagDeleting) !== 0) return [];
    const logicalClusters = deps.served('core.kcp.io', 'logicalclusters');
    const object = objectOf<KubeObject>(logicalClusters, entry);
    const before = object.metadata.annotations?.[resourceLocksAnnotation];
    const text = formatLocks(withBindings(parseLocks(before), bindings));
    if (text === before) return [];
    object.metadata.annotations = { ...object.metadata.annotations, [resourceLocksAnnotation]: text };
    return [replaceOperation(deps, logicalClusters, entry, object)];
  }

  /**
   * Where what is granted changes, and also where it was rejected and accepted again before anybody
   * looked: objects were written meanwhile.
   */
  function mustLabel(
    key: string,
    cluster: LogicalClusterName,
    binding: Writable,
    after: ApiBinding['status'],
    before: ApiBinding['status'],
  ): boolean {
    if (labelled.get(key) !== deps.claims.since(cluster, nameOfKey(key))) return true;
    return !isDeepStrictEqual(grantOf(after, binding), grantOf(before, binding));
  }

  async function bind(decision: Decision, key: string, cluster: LogicalClusterName, entry: Entry): Promise<Outcome> {
    const slices = deps.turns.begin();
    const binding = objectOf<Writable>(served(), entry);
    const before = binding.status;
    // Not later: between what is found here and its commit nobody else writes.
    if (slices.due) await slices.pause();
    const hasClaims = claimsToVisit(binding, before).length > 0;
    const applied = !hasClaims || (isTrueCondition(before?.conditions, 'PermissionClaimsApplied') && labelled.has(key));
    const outcome = evaluateBinding(
      binding,
      cluster,
      bindingReader(deps, decision, cluster, nameOfKey(key)),
      timestamp(deps),
      applied,
    );
    const changed = hasClaims && (!applied || mustLabel(key, cluster, binding, outcome.status, before));
    const conditions = changed
      ? withoutCondition(outcome.status.conditions, 'PermissionClaimsApplied')
      : (outcome.status.conditions ?? []);
    binding.status = { ...outcome.status, conditions };
    const noted = outcome.annotations !== binding.metadata.annotations;
    if (noted && outcome.annotations !== undefined) binding.metadata.annotations = { ...outcome.annotations };
    const operations: Operation[] = [];
    if (noted || !isDeepStrictEqual(binding.status, before))
      operations.push(replaceOperation(deps, served(), entry, binding), ...lock(decision, cluster, [binding]));
    // First, once for each shard, and each by itself: an export may have more, and larger ones,
    // than a commit holds. A copy is right whatever else changes.
    const schemas = outcome.schemas.flatMap((schema) => deps.keepSchema(schema) ?? []);
    await Promise.all(schemas.map((keep) => deps.decide().commit([keep])));
    if (!changed) return commit(operations);
    return commit(operations, async () => {
      const since = deps.claims.since(cluster, nameOfKey(key));
      if (!(await label(decision, cluster, binding, before))) return conflict;
      labelled.set(key, since);
      return setApplied(decision, key);
    });
  }

  function setApplied(decision: Reads, key: string): Outcome {
    const entry = decision.peek(key);
    if (entry === undefined) return nothing;
    const binding = objectOf<Writable>(served(), entry);
    const now = timestamp(deps);
    binding.status = {
      ...binding.status,
      conditions: withCondition(
        binding.status?.conditions ?? [],
        { type: 'PermissionClaimsApplied', status: 'True' },
        now,
      ),
    };
    return commit([replaceOperation(deps, served(), entry, binding)]);
  }

  /**
   * The successors with what they take over: from the commit on that removes the binding it is
   * theirs, and goes with them if nobody follows.
   */
  function handOver(
    decision: Decision,
    cluster: LogicalClusterName,
    gone: ApiBinding,
    handed: ReadonlyMap<string, Handed>,
  ): Operation[] {
    const successors: Writable[] = [];
    const operations: Operation[] = [...handed].flatMap(([name, { exportCluster, resources }]) => {
      const entry = decision.peek(bindingKey(cluster, name));
      if (entry === undefined) return [];
      const successor = objectOf<Writable>(served(), entry);
      const before = successor.status?.boundResources ?? [];
      const taken = resources.filter(
        ({ group, resource }) => !before.some((bound) => bound.group === group && bound.resource === resource),
      );
      // It may not have been looked at yet: what it has now is of this export.
      successor.status = {
        ...successor.status,
        apiExportClusterName: successor.status?.apiExportClusterName ?? exportCluster,
        boundResources: [...before, ...taken],
      };
      successors.push(successor);
      return replaceOperation(deps, served(), entry, successor);
    });
    const without = { ...gone, status: { ...gone.status, boundResources: [] } };
    return [...operations, ...lock(decision, cluster, [without, ...successors])];
  }

  async function unbind(decision: Decision, key: string, cluster: LogicalClusterName, entry: Entry): Promise<Outcome> {
    const binding = objectOf<Writable>(served(), entry);
    const reader = bindingReader(deps, decision, cluster, nameOfKey(key));
    const remaining: string[] = [];
    const finalizers: string[] = [];
    const handed = new Map<string, Handed>();
    const successorFor = successorsOf(reader, cluster);
    for (const bound of binding.status?.boundResources ?? []) {
      const successor = successorFor(bound);
      if (successor !== undefined) {
        const { name, exportCluster } = successor;
        handed.set(name, { exportCluster, resources: [...(handed.get(name)?.resources ?? []), bound] });
        continue;
      }
      const identity = parseIdentityHash(bound.schema.identityHash);
      if (identity === undefined) continue;
      const left = await deleteInstances(deps, decision, bound.group, bound.resource, identity, cluster);
      if (left === 'conflict') return conflict;
      const name = bound.group === '' ? bound.resource : `${bound.resource}.${bound.group}`;
      if (left.count > 0) remaining.push(`${name} has ${left.count} resource instances`);
      for (const [text, count] of left.finalizers) finalizers.push(`${text} in ${count} resource instances`);
    }
    if (remaining.length > 0) return reportRemaining(entry, binding, remaining, finalizers);
    if (!(await label(decision, cluster, binding, binding.status))) return conflict;
    const now = decision.peek(key);
    if (now === undefined) return nothing;
    const object = objectOf<Writable>(served(), now);
    labelled.delete(key);
    return commit([...withoutFinalizer(now, object), ...handOver(decision, cluster, binding, handed)]);
  }

  /** Nothing if only finalizers of others are left: each commit of the binding reconciles it. */
  function withoutFinalizer(entry: Entry, object: Writable): Operation[] {
    const before = object.metadata.finalizers ?? [];
    const left = before.filter((text) => text !== bindingFinalizer);
    if (left.length === 0) return [{ op: 'delete', key: entry.key, expect: entry.revision }];
    if (left.length === before.length) return [];
    object.metadata.finalizers = left;
    return [replaceOperation(deps, served(), entry, object)];
  }

  function reportRemaining(
    entry: Entry,
    binding: Writable,
    remaining: readonly string[],
    finalizers: readonly string[],
  ): Outcome {
    const before = binding.status?.conditions ?? [];
    const blocked = finalizers.length > 0;
    const reason = blocked ? 'SomeFinalizersRemain' : 'SomeResourcesRemain';
    const message = blocked
      ? `Some content in the workspace has finalizers remaining: ${finalizers.join(', ')}`
      : `Some resources are remaining: ${remaining.join(', ')}`;
    const conditions = withCondition(
      before,
      { type: 'BindingResourceDeleteSuccess', status: 'False', severity: 'Error', reason, message },
      timestamp(deps),
    );
    const again = wait(remainingRetryMs, 'instances remain');
    if (isDeepStrictEqual(conditions, before)) return again;
    binding.status = { ...binding.status, conditions };
    return commit([replaceOperation(deps, served(), entry, binding)], () => again);
  }

  /** Bindings of a workspace that wait for something, or go away. */
  function unsettled(cluster: LogicalClusterName): string[] {
    return deps.store.scan({ prefix: `${bindingsPrefix}${cluster}/` }, definitionsMax).flatMap((entry) => {
      const { metadata, status } = deps.reader.parse<ApiBinding>(entry);
      return metadata.deletionTimestamp !== undefined || !isTrueCondition(status?.conditions, 'BindingUpToDate')
        ? [entry.key]
        : [];
    });
  }

  function bindingsToExport(cluster: LogicalClusterName, name: string): readonly string[] {
    return [...deps.bindings.bindings(exportHash(cluster, name))];
  }

  function bindingsToSchema(key: string): readonly string[] {
    const cluster = clusterOfKey(key, schemasPrefix);
    return deps.exportsOf(cluster).flatMap((source) => {
      const refers = (source.spec?.resources ?? []).some((resource) => resource.schema === nameOfKey(key));
      return refers ? bindingsToExport(cluster, source.metadata.name) : [];
    });
  }

  return {
    name: 'apibinding',
    watches: [
      {
        prefix: bindingsPrefix,
        initial: ({ key, value }) => (isSettled(parseStored<ApiBinding>(value)) ? [] : [key]),
        keys: ({ event, parts }) => (event.type === 'put' ? [event.key] : unsettled(parts.cluster)),
      },
      { prefix: exportsPrefix, keys: ({ parts }) => bindingsToExport(parts.cluster, parts.name) },
      { prefix: schemasPrefix, keys: ({ event }) => (event.type === 'put' ? bindingsToSchema(event.key) : []) },
      { prefix: definitionsPrefix, keys: ({ parts }) => unsettled(parts.cluster) },
      {
        prefix: '',
        // The last instance of a bound resource may be what a deleted binding waits for.
        keys: (change) =>
          change.event.type === 'delete' && change.parts.identity.length === identityHashLength
            ? unsettled(change.parts.cluster)
            : [],
      },
    ],
    reconcile(key, decision) {
      const entry = decision.peek(key);
      if (entry === undefined) {
        labelled.delete(key);
        return nothing;
      }
      const { cluster } = parseKey(key);
      return (storedFlags(entry.value) & flagDeleting) !== 0
        ? unbind(decision, key, cluster, entry)
        : bind(decision, key, cluster, entry);
    },
  };
}

function withoutCondition(conditions: readonly Condition[] | undefined, type: string): Condition[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

function isSettled({ metadata, status, spec }: ApiBinding): boolean {
  if (metadata.deletionTimestamp !== undefined || !isTrueCondition(status?.conditions, 'BindingUpToDate')) return false;
  // Objects were labelled before the condition was set; but what changed while nobody looked is not
  // known.
  return (spec?.permissionClaims ?? []).length === 0 && (status?.exportPermissionClaims ?? []).length === 0;
}
