/**
 * PartitionSets: one Partition for each combination of values that the shards which a set selects have for its dimensions, and none that no shard has any more.
 * (kcp facts, 4.11)
 */
import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Condition, KubeObject, LabelSelectorSpec } from '@kcp-ts/api';
import { asClusterName, compileLabelSelector, labelSelectorOf, withCondition, withSummary } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import type { Decision, Entry, Operation } from '@kcp-ts/storage';
import { cutIntoCommits, eachBatch, flagDeleting, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import type { NewObject, Shard } from '@kcp-ts/tenancy';
import { createOperation } from '@kcp-ts/tenancy';
import { removeOperation } from './delete-instances.ts';
import type { ControllerDependencies } from './writer.ts';
import { keysToResume, lostRaceMs, objectOf, replaceOperation, timestamp } from './writer.ts';

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
  /** The keys of all, each with its cluster: woken with the shards, and with the partitions beside them. */
  const sets = new Map<string, string>();

  async function partitionsOf(key: string): Promise<readonly Entry[]> {
    const { cluster, name } = parseKey(key);
    const found: Entry[] = [];
    for await (const entries of eachBatch(deps.store, { prefix: `${deps.partitionsPrefix()}${cluster}/` }))
      found.push(...entries.filter(({ value }) => isOf(parseStored<KubeObject>(value), name)));
    return found;
  }

  /** What makes the partitions of a set those that are wanted; one whose selector is another is made anew. */
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
        // Its place is free when it is gone, which wakes the set again.
        byName.delete(metadata.name);
      }
    }
    const creating = { served: deps.served, uuid: deps.random.uuid, shardNumber: deps.shardNumber };
    for (const created of byName.values()) operations.push(createOperation(creating, cluster, now, created));
    return operations;
  }

  async function apply(decision: Decision, operations: readonly Operation[]): Promise<boolean> {
    for (const commit of cutIntoCommits(deps.store, operations)) if (!(await decision.commit(commit))) return false;
    return true;
  }

  async function report(decision: Decision, key: string, count: number): Promise<boolean> {
    const entry = decision.peek(key);
    if (entry === undefined) return true;
    const served = deps.served('topology.kcp.io', 'partitionsets');
    const set = objectOf<PartitionSet>(served, entry);
    const now = timestamp(deps);
    const types = ['PartitionSetValid', 'PartitionsReady'];
    let conditions: readonly Condition[] = set.status?.conditions ?? [];
    for (const type of types) conditions = withCondition(conditions, { type, status: 'True' }, now);
    const status = { ...set.status, conditions: withSummary(conditions, types, now), count };
    if (isDeepStrictEqual(status, set.status)) return true;
    set.status = status;
    return decision.commit([replaceOperation(deps, served, entry, set)]);
  }

  return {
    name: 'partition-sets',
    wake({ event, parts }) {
      const { key, type } = event;
      if (key.startsWith(deps.setsPrefix())) {
        if (type === 'put') sets.set(key, parts.cluster);
        else sets.delete(key);
        return [key];
      }
      if (key.startsWith(deps.shardsPrefix())) return [...sets.keys()];
      if (!key.startsWith(deps.partitionsPrefix())) return [];
      return [...sets].flatMap(([set, cluster]) => (cluster === parts.cluster ? [set] : []));
    },
    async *resume() {
      for await (const key of keysToResume(deps.store, deps.setsPrefix(), () => true)) {
        sets.set(key, parseKey(key).cluster);
        yield key;
      }
    },
    async reconcile(key, decision) {
      const existing = await partitionsOf(key);
      const entry = decision.peek(key);
      if (entry === undefined) return (await apply(decision, changes(key, existing, []))) ? undefined : lostRaceMs;
      if ((storedFlags(entry.value) & flagDeleting) !== 0) return undefined;
      const set = parseStored<PartitionSet>(entry.value);
      const wanted = combinations(set, deps.shards()).map((values) => partitionOf(set, values));
      const done =
        (await apply(decision, changes(key, existing, wanted))) && (await report(decision, key, wanted.length));
      return done ? undefined : lostRaceMs;
    },
  };
}
