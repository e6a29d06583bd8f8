import type { Condition, KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { bindingKey, exportConsumersPrefix, exportHash, exportKey, exportLabel, sliceKey } from '@kcp-ts/sharing';
import type { Shard } from '@kcp-ts/tenancy';
import { describe, expect, it } from 'vitest';
import { bindingIndexOf, dependenciesOf, inCluster, keyOf, prefixOf, readerOf } from './controllers.fixture.ts';
import { createEndpointSlices } from './endpoint-slices.ts';

const hash = exportHash('c1', 'things');

const shard = (name: string, region: string): Shard => ({
  apiVersion: 'core.kcp.io/v1alpha1',
  kind: 'Shard',
  metadata: { name, labels: { region } },
  spec: { virtualWorkspaceURL: `https://${name}` },
});
const shards = [shard('one', 'west'), shard('two', 'east')];

const create =
  (elsewhere: readonly string[] = []) =>
  async (environment: TestEnvironment) =>
    createEndpointSlices({
      ...dependenciesOf(environment),
      reader: readerOf(environment),
      bindings: await bindingIndexOf(environment),
      resolve: (path) => (path === 'root:provider' ? 'c1' : path === 'c1' ? path : undefined),
      shards: () => shards,
      ownShard: 'one',
      otherShardsOfConsumers: () => elsewhere,
      partitionsPrefix: () => prefixOf('topology.kcp.io', 'partitions'),
    });

const slice = (spec: object): KubeObject => ({
  apiVersion: 'apis.kcp.io/v1alpha1',
  kind: 'APIExportEndpointSlice',
  metadata: { name: 's' },
  spec,
});
const apiExport: KubeObject = { apiVersion: 'apis.kcp.io/v1alpha2', kind: 'APIExport', metadata: { name: 'things' } };
const partition = (region: string): KubeObject => ({
  apiVersion: 'topology.kcp.io/v1alpha1',
  kind: 'Partition',
  metadata: { name: 'p' },
  spec: { selector: { matchLabels: { region } } },
});
const binding: KubeObject = {
  apiVersion: 'apis.kcp.io/v1alpha2',
  kind: 'APIBinding',
  metadata: { name: 'b', labels: { [exportLabel]: hash } },
  status: { conditions: [{ type: 'InitialBindingCompleted', status: 'True' }] },
};

const byPath = slice({ export: { path: 'root:provider', name: 'things' } });
const url = 'https://one/services/apiexport/c1/things';

type Tested = Awaited<ReturnType<typeof testController>>;

function statusOf(test: Tested) {
  const status = test.get<{
    status?: { endpoints?: readonly { url: string }[]; conditions?: readonly Condition[]; shardSelector?: string };
  }>(sliceKey('c1', 's'))?.status;
  return {
    urls: (status?.endpoints ?? []).map((endpoint) => endpoint.url),
    conditions: (status?.conditions ?? []).map(({ type, status: is, reason }) => [type, reason ?? is].join(' ')),
    selector: status?.shardSelector,
  };
}

describe('apiexport-endpoint-slices', () => {
  const valid = ['APIExportValid True', 'PartitionValid True'];
  const partitioned = slice({ export: { name: 'things' }, partition: 'p' });
  const narrowed = (region: string, name: string) =>
    `https://${name}/services/apiexport/c1/things/shards/region%3D${region}`;
  it.each([
    {
      name: 'no URL while nobody is bound',
      objects: [byPath, apiExport],
      elsewhere: [],
      bound: false,
      urls: [],
      conditions: valid,
    },
    {
      name: 'one URL for all shards',
      objects: [byPath, apiExport],
      elsewhere: [],
      bound: true,
      urls: [url],
      conditions: valid,
    },
    {
      name: 'the same for consumers of another shard',
      objects: [byPath, apiExport],
      elsewhere: ['two'],
      bound: false,
      urls: [url],
      conditions: valid,
    },
    {
      name: 'no export',
      objects: [byPath],
      elsewhere: ['two'],
      bound: false,
      urls: [],
      conditions: ['APIExportValid APIExportNotFound', 'PartitionValid True'],
    },
    {
      name: 'a URL that names the shards of its partition',
      objects: [partitioned, apiExport, partition('east')],
      elsewhere: ['two'],
      bound: false,
      urls: [narrowed('east', 'two')],
      conditions: valid,
    },
    {
      name: 'no URL where nobody is bound on the shards of its partition',
      objects: [partitioned, apiExport, partition('east')],
      elsewhere: [],
      bound: true,
      urls: [],
      conditions: valid,
    },
    {
      name: 'no partition',
      objects: [partitioned, apiExport],
      elsewhere: [],
      bound: true,
      urls: [],
      conditions: ['APIExportValid True', 'PartitionValid PartitionInvalidReference'],
    },
  ])('a slice has $name', async ({ objects, elsewhere, bound, urls, conditions }) => {
    const consumers = bound ? inCluster('c9', binding) : {};
    await using test = await testController(create(elsewhere), { ...inCluster('c1', ...objects), ...consumers });
    expect(statusOf(test)).toMatchObject({ urls, conditions: expect.arrayContaining(conditions) });
  });

  it('follows the first consumer and the last, here and on other shards', async () => {
    const elsewhere: string[] = [];
    await using test = await testController(create(elsewhere), inCluster('c1', byPath, apiExport));
    await test.put(bindingKey('c9', 'b'), binding);
    expect(statusOf(test).urls).toEqual([url]);
    await test.delete(bindingKey('c9', 'b'));
    expect(statusOf(test).urls).toEqual([]);
    elsewhere.push('two');
    await test.put(`${exportConsumersPrefix}${hash}/two`, {});
    expect(statusOf(test).urls).toEqual([url]);
  });

  it('follows its export, its partition and the shards', async () => {
    await using test = await testController(create(['two']), inCluster('c1', partitioned));
    await test.put(exportKey('c1', 'things'), apiExport);
    await test.put(keyOf('c1', 'topology.kcp.io', 'partitions', 'p'), partition('east'));
    expect(statusOf(test)).toMatchObject({ urls: [narrowed('east', 'two')], selector: 'region=east' });
    await test.put(keyOf('c1', 'topology.kcp.io', 'partitions', 'p'), partition('west'));
    expect(statusOf(test)).toMatchObject({ urls: [], selector: 'region=west' });
    test.reconciled();
    await test.put(keyOf('root', 'core.kcp.io', 'shards', 'one'), shards[0] as object);
    expect(test.reconciled()).toEqual([sliceKey('c1', 's')]);
    await test.delete(exportKey('c1', 'things'));
    expect(statusOf(test).conditions).toContain('APIExportValid APIExportNotFound');
  });

  it('does not look at other slices when an export changes', async () => {
    await using test = await testController(create(), inCluster('c1', byPath, apiExport));
    test.reconciled();
    await test.put(exportKey('c1', 'other'), apiExport);
    await test.delete(sliceKey('c1', 's'));
    await test.put(exportKey('c1', 'things'), apiExport);
    expect(test.reconciled()).toEqual([]);
  });
});
