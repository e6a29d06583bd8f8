/**
 * Establishes CRDs whose names are free, and removes the instances of one that is deleted before it
 * lets it go.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Condition, KubeObject, LogicalClusterName } from '@kcp-ts/api';
import { isTrueCondition, withCondition } from '@kcp-ts/api';
import type { Controller, Outcome } from '@kcp-ts/controller-runtime';
import { commit, conflict, nothing, wait } from '@kcp-ts/controller-runtime';
import type { ApiBinding, ApiResourceSchema, CustomResourceDefinition, ResourceNames } from '@kcp-ts/sharing';
import { bindingsPrefix, boundSchemaKey, clusterOfKey, definitionsPrefix } from '@kcp-ts/sharing';
import type { Decision, Entry, Operation, ParsedReader, Reads } from '@kcp-ts/storage';
import { parseStored } from '@kcp-ts/storage';
import { decideNames, establishedCondition, takenNames } from './crd-names.ts';
import type { TakenNames } from './definition-names.ts';
import { createDefinitionNames } from './definition-names.ts';
import { deleteInstances } from './delete-instances.ts';
import type { ControllerDependencies } from './writer.ts';
import { commitInBatches, objectOf, replaceOperation, timestamp } from './writer.ts';

export interface DefinitionDependencies extends ControllerDependencies {
  readonly reader: ParsedReader;
}

const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';
const definitionsMax = 5_000;
const remainingRetryMs = 5_000;
/** CRDs that are decided about in one turn: they may be large. */
const batchMax = 10;
const nextBatchMs = 1;

type Writable = KubeObject & {
  spec: CustomResourceDefinition['spec'];
  status?: NonNullable<CustomResourceDefinition['status']>;
};

/** Conditions of CRDs are kept in the order they came in, as apiextensions does it. */
function setCondition(
  conditions: readonly Condition[],
  change: Parameters<typeof withCondition>[1],
  now: string,
): Condition[] {
  const [made] = withCondition(
    conditions.filter((condition) => condition.type === change.type),
    change,
    now,
  );
  if (made === undefined) return [...conditions];
  const at = conditions.findIndex((condition) => condition.type === change.type);
  return at < 0 ? [...conditions, made] : conditions.map((condition, i) => (i === at ? made : condition));
}

/** It has its name and stays: nothing is to be done for it. */
function isSettled({ metadata, status }: CustomResourceDefinition): boolean {
  return metadata.deletionTimestamp === undefined && isTrueCondition(status?.conditions, 'NamesAccepted');
}

// check-allow function-length -- one reconciler: its functions share what is pending
export function createCustomResourceDefinition(deps: DefinitionDependencies): Controller {
  const served = () => deps.served('apiextensions.k8s.io', 'customresourcedefinitions');
  const definitions = createDefinitionNames({ store: deps.store, definitionsMax, isSettled });

  /** CRDs whose names are to be decided, by the key that stands for all of their cluster. */
  const pending = new Map<string, Set<string>>();

  function addPending(cluster: LogicalClusterName, keys: readonly string[]): readonly string[] {
    if (keys.length === 0) return [];
    const all = `${definitionsPrefix}${cluster}/`;
    pending.set(all, new Set([...(pending.get(all) ?? []), ...keys]));
    return [all, ...keys];
  }

  function takePending(all: string): readonly string[] {
    const keys = [...(pending.get(all) ?? [])];
    const taken = keys.slice(0, batchMax);
    if (taken.length === keys.length) pending.delete(all);
    else pending.set(all, new Set(keys.slice(batchMax)));
    return taken;
  }

  /** Names of what is bound in a workspace. */
  function boundNames(decision: Reads, cluster: LogicalClusterName): readonly TakenNames[] {
    return decision.scan({ prefix: `${bindingsPrefix}${cluster}/` }, definitionsMax).flatMap((entry) =>
      (deps.reader.parse<ApiBinding>(entry).status?.boundResources ?? []).flatMap(({ group, schema: { UID } }) => {
        const schema = deps.reader.get<ApiResourceSchema>(boundSchemaKey(UID));
        return schema === undefined ? [] : { group, names: schema.spec.names };
      }),
    );
  }

  /** What a CRD is to say; undefined where it says so already. */
  function established(entry: Entry, others: readonly Partial<ResourceNames>[]): Writable | undefined {
    const object = objectOf<Writable>(served(), entry);
    if (object.metadata.deletionTimestamp !== undefined) return undefined;
    const now = timestamp(deps);
    const names = decideNames(object, takenNames(others));
    const before = object.status?.conditions ?? [];
    let conditions = setCondition(before, names.condition, now);
    const change = establishedCondition(names.condition, before);
    if (change !== undefined) conditions = setCondition(conditions, change, now);
    const stored = object.spec.versions.find((version) => version.storage)?.name;
    const storedVersions = [
      ...new Set([...(object.status?.storedVersions ?? []), ...(stored === undefined ? [] : [stored])]),
    ];
    const status = { ...object.status, conditions, acceptedNames: names.acceptedNames, storedVersions };
    if (isDeepStrictEqual(status, object.status)) return undefined;
    object.status = status;
    return object;
  }

  /**
   * Decides about the names of several CRDs of a workspace in one go. Nobody else gives names to
   * CRDs, and the runtime works on a key once at a time: so what other CRDs have cannot change
   * meanwhile, and a CRD that is only posted holds up nobody. What is bound can, and is relied on.
   */
  async function establishAll(
    decision: Decision,
    cluster: LogicalClusterName,
    keys: readonly string[],
  ): Promise<boolean> {
    const bound = boundNames(decision, cluster);
    const decided = new Map<string, TakenNames>();
    const operations: Operation[] = [];
    for (const key of keys) {
      const entry = deps.store.peek(key);
      if (entry === undefined) continue;
      const { group } = parseStored<CustomResourceDefinition>(entry.value).spec;
      const others = bound.flatMap((one) => (one.group === group ? [one.names] : []));
      const object = established(entry, [...others, ...definitions.others(cluster, group, key, decided)]);
      if (object === undefined) continue;
      decided.set(key, { group, names: object.status?.acceptedNames ?? {} });
      operations.push(replaceOperation(deps, served(), entry, object));
    }
    return commitInBatches(deps, decision, operations);
  }

  async function establishPending(decision: Decision, all: string): Promise<Outcome> {
    const cluster = clusterOfKey(all, definitionsPrefix);
    const keys = takePending(all);
    let done = false;
    try {
      done = await establishAll(decision, cluster, keys);
    } finally {
      if (!done) addPending(cluster, keys);
    }
    if (!done) return conflict;
    return pending.has(all) ? wait(nextBatchMs, 'more CRDs of the cluster wait for their names') : nothing;
  }

  async function cleanUp(decision: Decision, cluster: LogicalClusterName, entry: Entry): Promise<Outcome> {
    const object = objectOf<Writable>(served(), entry);
    if (object.metadata.finalizers?.includes(cleanupFinalizer) !== true) return nothing;
    const now = timestamp(deps);
    const established = isTrueCondition(object.status?.conditions, 'Established');
    const left = established
      ? await deleteInstances(deps, decision, object.spec.group, object.spec.names.plural, 'customresources', cluster)
      : { count: 0 };
    if (left === 'conflict') return conflict;
    const latest = decision.peek(entry.key);
    if (latest === undefined) return nothing;
    const next = objectOf<Writable>(served(), latest);
    if (left.count > 0) return report(latest, next, now);
    next.metadata.finalizers = (next.metadata.finalizers ?? []).filter((text) => text !== cleanupFinalizer);
    const last: Operation =
      next.metadata.finalizers.length === 0
        ? { op: 'delete', key: latest.key, expect: latest.revision }
        : replaceOperation(deps, served(), latest, next);
    return commit([last]);
  }

  function report(entry: Entry, object: Writable, now: string): Outcome {
    const terminating = {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionInProgress',
      message: 'CustomResource deletion is in progress',
    } as const;
    const conditions = setCondition(object.status?.conditions ?? [], terminating, now);
    const again = wait(remainingRetryMs, 'instances remain');
    if (isDeepStrictEqual(conditions, object.status?.conditions)) return again;
    object.status = { ...object.status, conditions };
    return commit([replaceOperation(deps, served(), entry, object)], () => again);
  }

  return {
    name: 'customresourcedefinition',
    watches: [
      {
        prefix: definitionsPrefix,
        initial: ({ key, value }) =>
          isSettled(parseStored<CustomResourceDefinition>(value))
            ? []
            : addPending(clusterOfKey(key, definitionsPrefix), [key]),
        keys({ event, parts: { cluster } }) {
          const own = event.type === 'put' ? [event.key] : [];
          // Names that it gave up may be what others wait for.
          return addPending(cluster, definitions.changed(event) ? [...own, ...definitions.unsettled(cluster)] : own);
        },
      },
      { prefix: bindingsPrefix, keys: ({ parts: { cluster } }) => addPending(cluster, definitions.unsettled(cluster)) },
      {
        prefix: '',
        // The last instance may be what a deleted CRD waits for.
        keys: (change) =>
          change.event.type === 'delete' && change.parts.identity === 'customresources'
            ? addPending(change.parts.cluster, definitions.unsettled(change.parts.cluster))
            : [],
      },
    ],
    reconcile(key, decision) {
      if (key.endsWith('/')) return establishPending(decision, key);
      const entry = decision.peek(key);
      if (entry === undefined) return nothing;
      const cluster = clusterOfKey(key, definitionsPrefix);
      const deleting = parseStored<KubeObject>(entry.value).metadata.deletionTimestamp !== undefined;
      return deleting ? cleanUp(decision, cluster, entry) : nothing;
    },
  };
}
