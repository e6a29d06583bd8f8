/**
 * PartitionSets: one Partition for each combination of values that the shards which a set selects
 * have for its dimensions, and none that no shard has any more. (kcp facts, 4.11)
 */
import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Condition, KubeObject, LabelSelectorSpec } from '@kcp-ts/api';
import { asClusterName, compileLabelSelector, labelSelectorOf, withCondition, withSummary } from '@kcp-ts/api';
import type { Controller, Outcome } from '@kcp-ts/controller-runtime';
import { commit, conflict, nothing } from '@kcp-ts/controller-runtime';
import type { Entry, Operation, Reads } from '@kcp-ts/storage';
import { eachBatch, flagDeleting, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import type { NewObject, Shard } from '@kcp-ts/tenancy';
import { createOperation } from '@kcp-ts/tenancy';
import { removeOperation } from './delete-instances.ts';
import type { ControllerDependencies } from './writer.ts';
import { commitInBatches, objectOf, replaceOperation, timestamp } from './writer.ts';

export interface PartitionSetDependencies extends ControllerDependencies {
  shards(): readonly Shard[];
  /** `topology.kcp.io/partitionsets/<identity>/`. */
  setsPrefix(): string;
  /** `topology.kcp.io/partitions/<identity>/`. */
  partitionsPrefix(): string;
  /** `core.kcp.io/shards/<identity>/`. */
  shardsPrefix(): string;
}

interface PartitionSet extends KubeObject {
  spec?: { dimensions?: readonly string[]; shardSelector?: LabelSelectorSpec };
  status?: { conditions?: Condition[]; count?: number };
}

interface Partition extends KubeObject {
  readonly spec?: { readonly selector?: LabelSelectorSpec };
}

type Labels = Readonly<Record<string, string>>;

/** The values of each combination, by dimension; shards that lack a dimension are in none. */
function combinations({ spec }: PartitionSet, shards: readonly Shard[]): readonly Labels[] {
  const { dimensions = [], shardSelector } = spec ?? {};
  const matches = compileLabelSelector(labelSelectorOf(shardSelector ?? {}));
  const found = new Map<string, Labels>();
  for (const { metadata } of shards) {
    const { labels = {} } = metadata;
    if (!matches(labels) || dimensions.some((dimension) => labels[dimension] === undefined)) continue;
    const values = Object.fromEntries(dimensions.map((dimension) => [dimension, labels[dimension] ?? '']));
    found.set(JSON.stringify(values), values);
  }
  return [...found.values()];
}

const nameLengthMax = 253;

/** The same name for the same values, whatever else there is. */
function partitionName(set: string, values: Labels): string {
  const id = hash('sha256', JSON.stringify([set, values])).slice(0, 8);
  const said = Object.values(values).map((value) => value.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'));
  const begin = [set, ...said].join('-').slice(0, nameLengthMax - id.length - 1);
  return `${begin.replace(/[^a-z0-9]+$/, '')}-${id}`;
}

function partitionOf(set: PartitionSet, values: Labels): NewObject {
  const { apiVersion, kind, metadata, spec } = set;
  const { matchLabels = {}, matchExpressions } = spec?.shardSelector ?? {};
  const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true };
  const selector = {
    matchLabels: { ...matchLabels, ...values },
    ...(matchExpressions === undefined ? {} : { matchExpressions }),
  };
  const name = partitionName(metadata.name, values);
  const object = { apiVersion, kind: 'Partition', metadata: { name, ownerReferences: [owner] }, spec: { selector } };
  return { group: 'topology.kcp.io', plural: 'partitions', namespace: '', object: object as KubeObject };
}

function isOf(partition: KubeObject, set: string): boolean {
  return (partition.metadata.ownerReferences ?? []).some(({ kind, name }) => kind === 'PartitionSet' && name === set);
}

export function createPartitionSets(deps: PartitionSetDependencies): Controller {
  /**
   * The keys of all sets, each with its cluster: reconciled when a shard changes, or a partition of
   * their cluster.
   */
  const sets = new Map<string, string>();

  async function partitionsOf(key: string): Promise<readonly Entry[]> {
    const { cluster, name } = parseKey(key);
    const found: Entry[] = [];
    for await (const entries of eachBatch(deps.store, { prefix: `${deps.partitionsPrefix()}${cluster}/` }))
      found.push(...entries.filter(({ value }) => isOf(parseStored<KubeObject>(value), name)));
    return found;
  }

  function partitionsFor(set: PartitionSet): readonly NewObject[] {
    return combinations(set, deps.shards()).map((values) => partitionOf(set, values));
  }

  /**
   * What makes the partitions of a set those that are wanted; one whose selector is another is made
   * again.
   */
  function changes(key: string, existing: readonly Entry[], wanted: readonly NewObject[]): Operation[] {
    const cluster = asClusterName(parseKey(key).cluster);
    const now = timestamp(deps);
    const byName = new Map(wanted.map((created) => [created.object.metadata.name, created]));
    const operations: Operation[] = [];
    for (const entry of existing) {
      const { metadata, spec } = parseStored<Partition>(entry.value);
      const same = byName.get(metadata.name)?.object as Partition | undefined;
      if (same !== undefined && isDeepStrictEqual(same.spec?.selector, spec?.selector)) byName.delete(metadata.name);
      else {
        const removal = removeOperation(deps, entry, now);
        if (removal !== undefined) operations.push(removal);
        // Its place is free when it is gone, which has the set reconciled again.
        byName.delete(metadata.name);
      }
    }
    const creating = { served: deps.served, uuid: deps.random.uuid, shardNumber: deps.shardNumber };
    for (const created of byName.values()) operations.push(createOperation(creating, cluster, now, created));
    return operations;
  }

  function report(decision: Reads, key: string, count: number): Outcome {
    const entry = decision.peek(key);
    if (entry === undefined) return nothing;
    const served = deps.served('topology.kcp.io', 'partitionsets');
    const set = objectOf<PartitionSet>(served, entry);
    const now = timestamp(deps);
    const types = ['PartitionSetValid', 'PartitionsReady'];
    let conditions: readonly Condition[] = set.status?.conditions ?? [];
    for (const type of types) conditions = withCondition(conditions, { type, status: 'True' }, now);
    const status = { ...set.status, conditions: withSummary(conditions, types, now), count };
    if (isDeepStrictEqual(status, set.status)) return nothing;
    set.status = status;
    return commit([replaceOperation(deps, served, entry, set)]);
  }

  return {
    name: 'partition-sets',
    watches: [
      {
        prefix: deps.setsPrefix,
        initial({ key }) {
          sets.set(key, parseKey(key).cluster);
          return [key];
        },
        keys({ event: { key, type }, parts }) {
          if (type === 'put') sets.set(key, parts.cluster);
          else sets.delete(key);
          return [key];
        },
      },
      { prefix: deps.shardsPrefix, keys: () => [...sets.keys()] },
      {
        prefix: deps.partitionsPrefix,
        keys: ({ parts }) => [...sets].flatMap(([set, cluster]) => (cluster === parts.cluster ? [set] : [])),
      },
    ],
    async reconcile(key, decision) {
      const existing = await partitionsOf(key);
      const entry = decision.peek(key);
      if (entry !== undefined && (storedFlags(entry.value) & flagDeleting) !== 0) return nothing;
      const wanted = entry === undefined ? [] : partitionsFor(parseStored<PartitionSet>(entry.value));
      if (!(await commitInBatches(deps, decision, changes(key, existing, wanted)))) return conflict;
      return report(decision, key, wanted.length);
    },
  };
}
