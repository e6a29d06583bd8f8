/** Establishes CRDs whose names are free, and removes the instances of one that is deleted before it lets it go. */
import { isDeepStrictEqual } from 'node:util';
import type { Controller } from '@kcp-ts/controller';
import type { Condition, KubeObject } from '@kcp-ts/meta';
import { isTrueCondition, withCondition } from '@kcp-ts/meta';
import type { ApiBinding, ApiResourceSchema, CustomResourceDefinition, ResourceNames } from '@kcp-ts/sharing';
import { bindingsPrefix, boundSchemaKey, clusterOfKey, definitionsPrefix } from '@kcp-ts/sharing';
import type { Decision, Entry, Operation, ParsedReader, Reads } from '@kcp-ts/storage';
import { parseStored } from '@kcp-ts/storage';
import { decideNames, establishedCondition, takenNames } from './crd-names.ts';
import { createDefinitionNames } from './definition-names.ts';
import { deleteInstances } from './delete-instances.ts';
import type { ControllerNeeds } from './writer.ts';
import { commitOrAgain, keysToResume, lostRaceMs, objectOf, replaceOperation, timestamp } from './writer.ts';

export interface DefinitionNeeds extends ControllerNeeds {
  readonly reader: ParsedReader;
}

const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';
const definitionsMax = 5_000;
const remainingRetryMs = 5_000;

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

export function createCustomResourceDefinition(needs: DefinitionNeeds): Controller {
  const served = () => needs.served('apiextensions.k8s.io', 'customresourcedefinitions');
  const definitions = createDefinitionNames({ store: needs.store, definitionsMax, isSettled });

  /** Accepted names of other CRDs and names of bound resources, in the same group. */
  function othersNames(decision: Reads, cluster: string, group: string, own: string): Partial<ResourceNames>[] {
    decision.relyOn({ prefix: `${definitionsPrefix}${cluster}/` });
    const names = definitions.others(cluster, group, own);
    for (const entry of decision.scan({ prefix: `${bindingsPrefix}${cluster}/` }, definitionsMax)) {
      for (const bound of needs.reader.parse<ApiBinding>(entry).status?.boundResources ?? []) {
        if (bound.group !== group) continue;
        const schema = needs.reader.get<ApiResourceSchema>(boundSchemaKey(bound.schema.UID));
        if (schema !== undefined) names.push(schema.spec.names);
      }
    }
    return names;
  }

  async function establish(decision: Decision, cluster: string, entry: Entry): Promise<number | undefined> {
    const object = objectOf<Writable>(served(), entry);
    const now = timestamp(needs);
    const names = decideNames(object, takenNames(othersNames(decision, cluster, object.spec.group, entry.key)));
    const before = object.status?.conditions ?? [];
    let conditions = setCondition(before, names.condition, now);
    const established = establishedCondition(names.condition, before);
    if (established !== undefined) conditions = setCondition(conditions, established, now);
    const stored = object.spec.versions.find((version) => version.storage)?.name;
    const storedVersions = [
      ...new Set([...(object.status?.storedVersions ?? []), ...(stored === undefined ? [] : [stored])]),
    ];
    const status = { ...object.status, conditions, acceptedNames: names.acceptedNames, storedVersions };
    if (isDeepStrictEqual(status, object.status)) return undefined;
    object.status = status;
    return commitOrAgain(decision, [replaceOperation(needs, served(), entry, object)]);
  }

  async function cleanUp(decision: Decision, cluster: string, entry: Entry): Promise<number | undefined> {
    const object = objectOf<Writable>(served(), entry);
    if (object.metadata.finalizers?.includes(cleanupFinalizer) !== true) return undefined;
    const now = timestamp(needs);
    const established = isTrueCondition(object.status?.conditions, 'Established');
    const left = established
      ? await deleteInstances(needs, decision, object.spec.group, object.spec.names.plural, 'customresources', cluster)
      : { count: 0 };
    if (left === 'raced') return lostRaceMs;
    const latest = decision.peek(entry.key);
    if (latest === undefined) return undefined;
    const next = objectOf<Writable>(served(), latest);
    if (left.count > 0) return report(decision, latest, next, now);
    next.metadata.finalizers = (next.metadata.finalizers ?? []).filter((text) => text !== cleanupFinalizer);
    const last: Operation =
      next.metadata.finalizers.length === 0
        ? { op: 'delete', key: latest.key, expect: latest.revision }
        : replaceOperation(needs, served(), latest, next);
    return commitOrAgain(decision, [last]);
  }

  async function report(decision: Decision, entry: Entry, object: Writable, now: string): Promise<number> {
    const terminating = {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionInProgress',
      message: 'CustomResource deletion is in progress',
    } as const;
    const conditions = setCondition(object.status?.conditions ?? [], terminating, now);
    if (isDeepStrictEqual(conditions, object.status?.conditions)) return remainingRetryMs;
    object.status = { ...object.status, conditions };
    return (await decision.commit([replaceOperation(needs, served(), entry, object)])) ? remainingRetryMs : lostRaceMs;
  }

  return {
    name: 'customresourcedefinition',
    wake({ event, parts }) {
      const { key, type } = event;
      if (key.startsWith(definitionsPrefix)) {
        const own = type === 'put' ? [key] : [];
        // Names that it gave up may be what others wait for.
        return definitions.changed(event) ? [...own, ...definitions.unsettled(parts.cluster)] : own;
      }
      if (key.startsWith(bindingsPrefix) || (type === 'delete' && parts.identity === 'customresources'))
        return definitions.unsettled(parts.cluster);
      return [];
    },
    resume: () =>
      keysToResume(
        needs.store,
        definitionsPrefix,
        (entry) => !isSettled(parseStored<CustomResourceDefinition>(entry.value)),
      ),
    async reconcile(key, decision) {
      const entry = decision.peek(key);
      if (entry === undefined) return undefined;
      const cluster = clusterOfKey(key, definitionsPrefix);
      const deleting = parseStored<KubeObject>(entry.value).metadata.deletionTimestamp !== undefined;
      return deleting ? cleanUp(decision, cluster, entry) : establish(decision, cluster, entry);
    },
  };
}
