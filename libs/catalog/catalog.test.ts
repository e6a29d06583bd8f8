import type { ClusterName } from '@kcp-ts/meta';
import type { Store } from '@kcp-ts/storage';
import { createMemoryStore, encodeStored, formatKey } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { expect, it } from 'vitest';
import { createCatalog } from './catalog.ts';

const cluster = 'c1' as ClusterName;
const bindingKey = (name: string) =>
  formatKey({ group: 'apis.kcp.io', resource: 'apibindings', identity: '-', cluster, namespace: '', name });

async function bind(store: Store, name: string, exportName: string): Promise<void> {
  const object = {
    metadata: { name },
    spec: { reference: { export: { name: exportName } } },
    status: {
      apiExportClusterName: 'provider',
      boundResources: [{ group: 'wild.west', resource: 'cowboys', schema: { UID: 'u', identityHash: 'a'.repeat(64) } }],
    },
  };
  const value = encodeStored('0123456789abcdef', 0, JSON.stringify(object));
  await store.commit([{ op: 'put', key: bindingKey(name), expect: 'any', value: () => value }]);
}

it('knows which definition or binding brings a cluster a resource, also after they have changed', async () => {
  await using store = createMemoryStore({ clock: createManualClock() });
  const catalog = createCatalog({
    ...{ store, base: [], clustersMax: 10, surfacesMax: 10 },
    componentsOfBinding: () => [],
    componentOfCrd: () => undefined,
  });
  const origin = { kind: 'bound', exportCluster: 'provider', exportName: 'west', terminating: false } as const;
  expect(catalog.originKey(cluster, origin)).toBeUndefined();
  await bind(store, 'mine', 'west');
  catalog.changed(bindingKey('mine'));
  expect(catalog.originKey(cluster, origin)).toBe(bindingKey('mine'));
  expect(catalog.originKey(cluster, { ...origin, exportName: 'east' })).toBeUndefined();
  expect(catalog.originKey('c2' as ClusterName, origin)).toBeUndefined();
  await store.commit([{ op: 'delete', key: bindingKey('mine'), expect: 'any' }]);
  catalog.changed(bindingKey('mine'));
  expect(catalog.originKey(cluster, origin)).toBeUndefined();
  const crd = { kind: 'crd', name: 'widgets.example.com', terminating: false } as const;
  expect(catalog.originKey(cluster, crd)).toBe(
    'apiextensions.k8s.io/customresourcedefinitions/-/c1//widgets.example.com',
  );
});
