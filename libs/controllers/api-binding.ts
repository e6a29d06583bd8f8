/**
 * Brings an APIBinding to Bound and keeps it there: finds what it refers to, keeps copies of the schemas, labels what its claims show or hide, and on
 * deletion removes the instances before it lets the binding go.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Turns } from '@kcp-ts/base';
import type { Controller } from '@kcp-ts/controller';
import type { Condition, KubeObject } from '@kcp-ts/meta';
import { isTrueCondition, parseIdentityHash, withCondition } from '@kcp-ts/meta';
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
  bindingsPrefix,
  boundSchemaKey,
  clusterOfKey,
  definitionsPrefix,
  evaluateBinding,
  exportHash,
  exportKey,
  exportsPrefix,
  identityOf,
  nameOfKey,
  schemaKey,
  schemasPrefix,
} from '@kcp-ts/sharing';
import type { Entry, Operation, ParsedReader } from '@kcp-ts/storage';
import { flagDeleting, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import type { Change } from '@kcp-ts/watch';
import type { BindingIndex } from './binding-index.ts';
import { deleteInstances } from './delete-instances.ts';
import { relabelClaimed } from './relabel-claimed.ts';
import type { ControllerNeeds } from './writer.ts';
import { committed, keysToResume, lostRaceMs, objectOf, replaceOperation, timestamp } from './writer.ts';

export interface ApiBindingNeeds extends ControllerNeeds {
  readonly reader: ParsedReader;
  /** A binding may have thousands of claims: others get their turns before it is judged. */
  readonly turns: Turns;
  readonly bindings: BindingIndex;
  readonly claims: ClaimTables;
  resolve(path: string): string | undefined;
  /** Exports of a cluster, wherever it is. */
  exportsOf(cluster: string): readonly ApiExport[];
  /** The operation that keeps a copy of a schema, where there is none yet. */
  keepSchema(schema: import('@kcp-ts/sharing').ApiResourceSchema): Operation | undefined;
  /** The resources of a workspace that a claim is about. */
  claimedResources(cluster: string, claim: ClaimKey): readonly ServedResource[];
}

const finalizer = 'apis.kcp.io/apibinding-finalizer';
const definitionsMax = 5_000;
/** Instances with finalizers go when somebody else says so; their deletion wakes us, this is only the net below. */
const remainingRetryMs = 5_000;

interface Writable extends KubeObject {
  spec?: NonNullable<ApiBinding['spec']>;
  status?: NonNullable<ApiBinding['status']>;
}

function bindingReader(needs: ApiBindingNeeds, cluster: string, own: string): BindingReader {
  const scan = <T>(prefix: string) =>
    needs.store.scan({ prefix: `${prefix}${cluster}/` }, definitionsMax).map((entry) => needs.reader.parse<T>(entry));
  return {
    resolve: needs.resolve,
    export: (exportCluster, name) => needs.reader.get(exportKey(exportCluster, name)),
    schema: (exportCluster, name) => needs.reader.get(schemaKey(exportCluster, name)),
    boundSchema: (uid) => needs.reader.get(boundSchemaKey(uid)),
    otherBindings: () => scan<ApiBinding>(bindingsPrefix).filter((binding) => binding.metadata.name !== own),
    definitions: () => scan<CustomResourceDefinition>(definitionsPrefix),
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

export function createApiBinding(needs: ApiBindingNeeds): Controller {
  const served = () => needs.served('apis.kcp.io', 'apibindings');
  /** Grants that objects have been labelled for, by binding; a restart begins with none and visits again what is not marked as applied. */
  const labelled = new Map<string, unknown>();

  async function label(key: string, cluster: string, binding: Writable, before: ApiBinding['status']): Promise<void> {
    for (const claim of claimsToVisit(binding, before)) {
      for (const resource of needs.claimedResources(cluster, claim))
        await relabelClaimed(needs, needs.claims, resource, cluster);
    }
    labelled.set(key, grantOf(binding.status, binding));
  }

  async function bind(key: string, cluster: string, entry: Entry): Promise<number | undefined> {
    const slices = needs.turns.begin();
    const binding = objectOf<Writable>(served(), entry);
    const before = binding.status;
    // Not later: between what is found here and its commit nobody else writes.
    await slices.pause();
    const hasClaims = claimsToVisit(binding, before).length > 0;
    const applied = !hasClaims || (isTrueCondition(before?.conditions, 'PermissionClaimsApplied') && labelled.has(key));
    const outcome = evaluateBinding(
      binding,
      cluster,
      bindingReader(needs, cluster, nameOfKey(key)),
      timestamp(needs),
      applied,
    );
    const changed = hasClaims && (!applied || !isDeepStrictEqual(grantOf(outcome.status, binding), labelled.get(key)));
    const conditions = changed
      ? withoutCondition(outcome.status.conditions, 'PermissionClaimsApplied')
      : (outcome.status.conditions ?? []);
    binding.status = { ...outcome.status, conditions };
    const operations: Operation[] = [];
    if (!isDeepStrictEqual(binding.status, before)) operations.push(replaceOperation(needs, served(), entry, binding));
    // First, once for each shard, and each by itself: an export may have more, and larger ones, than a commit holds.
    const schemas = outcome.schemas.flatMap((schema) => needs.keepSchema(schema) ?? []);
    await Promise.all(schemas.map((keep) => committed(needs, [keep])));
    if (!(await committed(needs, operations))) return lostRaceMs;
    if (!changed) return undefined;
    await label(key, cluster, binding, before);
    return markApplied(key);
  }

  async function markApplied(key: string): Promise<number | undefined> {
    const entry = needs.store.peek(key);
    if (entry === undefined) return undefined;
    const binding = objectOf<Writable>(served(), entry);
    const now = timestamp(needs);
    binding.status = {
      ...binding.status,
      conditions: withCondition(
        binding.status?.conditions ?? [],
        { type: 'PermissionClaimsApplied', status: 'True' },
        now,
      ),
    };
    return (await committed(needs, [replaceOperation(needs, served(), entry, binding)])) ? undefined : lostRaceMs;
  }

  /** Bound resources that another binding of the workspace would go on serving with the same schema and identity: those instances stay. */
  function adopted(cluster: string, own: string, bound: BoundResourceStatus): boolean {
    const reader = bindingReader(needs, cluster, own);
    return reader.otherBindings().some((other) => {
      const reference = other.spec?.reference?.export;
      const exportCluster = reference === undefined ? undefined : reader.resolve(reference.path ?? cluster);
      const source =
        exportCluster === undefined || reference === undefined
          ? undefined
          : reader.export(exportCluster, reference.name);
      if (source === undefined || exportCluster === undefined) return false;
      if (identityOf(source) !== bound.schema.identityHash) return false;
      return (source.spec?.resources ?? []).some(
        (resource) => reader.schema(exportCluster, resource.schema)?.metadata.uid === bound.schema.UID,
      );
    });
  }

  async function unbind(key: string, cluster: string, entry: Entry): Promise<number | undefined> {
    const binding = objectOf<Writable>(served(), entry);
    const remaining: string[] = [];
    const finalizers: string[] = [];
    for (const bound of binding.status?.boundResources ?? []) {
      if (adopted(cluster, nameOfKey(key), bound)) continue;
      const identity = parseIdentityHash(bound.schema.identityHash);
      if (identity === undefined) continue;
      const left = await deleteInstances(needs, bound.group, bound.resource, identity, cluster);
      const name = bound.group === '' ? bound.resource : `${bound.resource}.${bound.group}`;
      if (left.count > 0) remaining.push(`${name} has ${left.count} resource instances`);
      for (const [text, count] of left.finalizers) finalizers.push(`${text} in ${count} resource instances`);
    }
    if (remaining.length > 0) return reportRemaining(entry, binding, remaining, finalizers);
    await relabelForGone(cluster, binding);
    const now = needs.store.peek(key);
    if (now === undefined) return undefined;
    const object = objectOf<Writable>(served(), now);
    object.metadata.finalizers = (object.metadata.finalizers ?? []).filter((text) => text !== finalizer);
    const last: Operation =
      object.metadata.finalizers.length === 0
        ? { op: 'delete', key, expect: now.revision }
        : replaceOperation(needs, served(), now, object);
    labelled.delete(key);
    return (await committed(needs, [last])) ? undefined : lostRaceMs;
  }

  /** A binding that goes away grants nothing any more: its tables no longer say so, and labels are taken off. */
  async function relabelForGone(cluster: string, binding: Writable): Promise<void> {
    for (const claim of claimsToVisit(binding, binding.status)) {
      for (const resource of needs.claimedResources(cluster, claim))
        await relabelClaimed(needs, needs.claims, resource, cluster);
    }
  }

  async function reportRemaining(
    entry: Entry,
    binding: Writable,
    remaining: readonly string[],
    finalizers: readonly string[],
  ): Promise<number> {
    const before = binding.status?.conditions ?? [];
    const blocked = finalizers.length > 0;
    const reason = blocked ? 'SomeFinalizersRemain' : 'SomeResourcesRemain';
    const message = blocked
      ? `Some content in the workspace has finalizers remaining: ${finalizers.join(', ')}`
      : `Some resources are remaining: ${remaining.join(', ')}`;
    const conditions = withCondition(
      before,
      { type: 'BindingResourceDeleteSuccess', status: 'False', severity: 'Error', reason, message },
      timestamp(needs),
    );
    if (isDeepStrictEqual(conditions, before)) return remainingRetryMs;
    binding.status = { ...binding.status, conditions };
    return (await committed(needs, [replaceOperation(needs, served(), entry, binding)]))
      ? remainingRetryMs
      : lostRaceMs;
  }

  /** Bindings of a workspace that wait for something, or go away. */
  function unsettled(cluster: string): string[] {
    return needs.store.scan({ prefix: `${bindingsPrefix}${cluster}/` }, definitionsMax).flatMap((entry) => {
      const { metadata, status } = needs.reader.parse<ApiBinding>(entry);
      return metadata.deletionTimestamp !== undefined || !isTrueCondition(status?.conditions, 'BindingUpToDate')
        ? [entry.key]
        : [];
    });
  }

  function wakeForExport(cluster: string, name: string): readonly string[] {
    return [...needs.bindings.bindings(exportHash(cluster, name))];
  }

  function wakeForSchema(key: string): readonly string[] {
    const cluster = clusterOfKey(key, schemasPrefix);
    return needs.exportsOf(cluster).flatMap((source) => {
      const refers = (source.spec?.resources ?? []).some((resource) => resource.schema === nameOfKey(key));
      return refers ? wakeForExport(cluster, source.metadata.name) : [];
    });
  }

  return {
    name: 'apibinding',
    wake({ event, parts }: Change) {
      const { key, type } = event;
      if (key.startsWith(bindingsPrefix)) return type === 'put' ? [key] : unsettled(parts.cluster);
      if (key.startsWith(exportsPrefix)) return wakeForExport(parts.cluster, parts.name);
      if (key.startsWith(schemasPrefix)) return type === 'put' ? wakeForSchema(key) : [];
      if (key.startsWith(definitionsPrefix)) return unsettled(parts.cluster);
      // The last instance of a bound resource may be what a deleted binding waits for.
      return type === 'delete' && parts.identity.length === 64 ? unsettled(parts.cluster) : [];
    },
    resume: () =>
      keysToResume(needs.store, bindingsPrefix, (entry) => !isSettled(parseStored<ApiBinding>(entry.value))),
    async reconcile(key) {
      const entry = needs.store.peek(key);
      if (entry === undefined) {
        labelled.delete(key);
        return undefined;
      }
      const { cluster } = parseKey(key);
      const deleting = (storedFlags(entry.value) & flagDeleting) !== 0;
      return deleting ? unbind(key, cluster, entry) : bind(key, cluster, entry);
    },
  };
}

function withoutCondition(conditions: readonly Condition[] | undefined, type: string): Condition[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

function isSettled({ metadata, status, spec }: ApiBinding): boolean {
  if (metadata.deletionTimestamp !== undefined || !isTrueCondition(status?.conditions, 'BindingUpToDate')) return false;
  // Objects were labelled before the condition was set; but what changed while nobody looked is not known.
  return (spec?.permissionClaims ?? []).length === 0 && (status?.exportPermissionClaims ?? []).length === 0;
}
