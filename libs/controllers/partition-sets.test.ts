import type { Condition, KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import type { Shard } from '@kcp-ts/tenancy';
import { describe, expect, it } from 'vitest';
import { dependenciesOf, inCluster, keyOf, prefixOf, testTime } from './controllers.fixture.ts';
import { createPartitionSets } from './partition-sets.ts';

const topology = 'topology.kcp.io';
const setKey = keyOf('c1', topology, 'partitionsets', 'set');

const shard = (name: string, labels: Record<string, string>): Shard => ({
  apiVersion: 'core.kcp.io/v1alpha1',
  kind: 'Shard',
  metadata: { name, labels },
});
const west = shard('west', { region: 'west', cloud: 'a' });
const east = shard('east', { region: 'east', cloud: 'a' });
const eastB = shard('east-b', { region: 'east', cloud: 'b' });
const bare = shard('bare', {});

const partitionSet = (spec: object, metadata: object = {}): KubeObject => ({
  apiVersion: `${topology}/v1alpha1`,
  kind: 'PartitionSet',
  metadata: { name: 'set', uid: 'u1', ...metadata },
  spec,
});

const create = (shards: () => readonly Shard[]) => (environment: TestEnvironment) =>
  createPartitionSets({
    ...dependenciesOf(environment),
    shards,
    shardsPrefix: () => prefixOf('core.kcp.io', 'shards'),
    setsPrefix: () => prefixOf(topology, 'partitionsets'),
    partitionsPrefix: () => prefixOf(topology, 'partitions'),
  });

type Tested = Awaited<ReturnType<typeof testController>>;

function selectors(test: Tested): unknown[] {
  const partitions = test.keys(`${prefixOf(topology, 'partitions')}c1/`);
  return partitions.map(
    (key) => test.get<{ spec: { selector: { matchLabels?: object } } }>(key)?.spec.selector.matchLabels,
  );
}

describe('partition-sets', () => {
  it.each([
    {
      name: 'one for each value of a dimension',
      spec: { dimensions: ['region'] },
      labels: [{ region: 'east' }, { region: 'west' }],
    },
    {
      name: 'one for each combination that shards have',
      spec: { dimensions: ['region', 'cloud'] },
      labels: [
        { region: 'east', cloud: 'a' },
        { region: 'east', cloud: 'b' },
        { region: 'west', cloud: 'a' },
      ],
    },
    {
      name: 'only of shards that the set selects, which the partition repeats',
      spec: { dimensions: ['region'], shardSelector: { matchLabels: { cloud: 'b' } } },
      labels: [{ region: 'east', cloud: 'b' }],
    },
    { name: 'one without dimensions', spec: {}, labels: [{}] },
    { name: 'none of a dimension that no shard has', spec: { dimensions: ['zone'] }, labels: [] },
  ])('a set has partitions: $name', async ({ spec, labels }) => {
    const shards = [west, east, eastB, bare];
    await using test = await testController(
      create(() => shards),
      inCluster('c1', partitionSet(spec)),
    );
    expect(selectors(test)).toEqual(labels);
    const status = test.get<{ status: { count: number; conditions: readonly Condition[] } }>(setKey)?.status;
    expect(status?.count).toBe(labels.length);
    expect(status?.conditions.map(({ type, status: is }) => `${type} ${is}`)).toEqual([
      'Ready True',
      'PartitionSetValid True',
      'PartitionsReady True',
    ]);
  });

  it('partitions follow the shards, and are made again when they are deleted or changed', async () => {
    const shards = [west];
    await using test = await testController(
      create(() => shards),
      { ...inCluster('c1', partitionSet({ dimensions: ['region'] })), ...inCluster('root', west) },
    );
    const shardKey = (name: string) => keyOf('root', 'core.kcp.io', 'shards', name);
    shards.push(east);
    await test.put(shardKey('east'), east);
    expect(selectors(test)).toEqual([{ region: 'east' }, { region: 'west' }]);
    shards.shift();
    await test.delete(shardKey('west'));
    expect(selectors(test)).toEqual([{ region: 'east' }]);
    const [key = ''] = test.keys(`${prefixOf(topology, 'partitions')}c1/`);
    await test.delete(key);
    expect(selectors(test)).toEqual([{ region: 'east' }]);
    const changed = { ...test.get<KubeObject>(key), spec: { selector: { matchLabels: { region: 'west' } } } };
    await test.put(key, changed);
    expect(selectors(test)).toEqual([{ region: 'east' }]);
  });

  it('the partitions of a set go with it, and those of nobody stay', async () => {
    const own: KubeObject = {
      apiVersion: `${topology}/v1alpha1`,
      kind: 'Partition',
      metadata: { name: 'own' },
      spec: { selector: {} },
    };
    await using test = await testController(
      create(() => [west]),
      inCluster('c1', partitionSet({}), own),
    );
    expect(selectors(test)).toHaveLength(2);
    await test.delete(setKey);
    expect(test.keys(prefixOf(topology, 'partitions'))).toEqual([keyOf('c1', topology, 'partitions', 'own')]);
  });

  it('a set that is being deleted is left alone', async () => {
    const deleted = partitionSet({}, { deletionTimestamp: testTime, finalizers: ['x.io/y'] });
    await using test = await testController(
      create(() => [west]),
      inCluster('c1', deleted),
    );
    expect(selectors(test)).toEqual([]);
  });
});
