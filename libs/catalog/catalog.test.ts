import type { ClusterName } from '@kcp-ts/api';
import type { ServedResource } from '@kcp-ts/registry';
import type { Entry, Store } from '@kcp-ts/storage';
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

function broughtBy(origin: ServedResource['origin']): ServedResource {
  const definition = { group: 'wild.west', version: 'v1', plural: 'cowboys' };
  return { definition, origin, identity: 'a'.repeat(64) } as unknown as ServedResource;
}

it('knows which definition or binding brings a cluster a resource, also after they have changed', async () => {
  await using store = createMemoryStore({ clock: createManualClock() });
  const catalog = createCatalog({
    store,
    base: [],
    clustersMax: 10,
    surfacesMax: 10,
    componentsOfBinding: () => [],
    componentOfCrd: () => undefined,
  });
  const cowboys = broughtBy({
    kind: 'bound',
    exportCluster: 'provider',
    exportName: 'west',
    terminating: false,
    limited: false,
  });
  expect(catalog.originOf(cluster, cowboys)).toBeUndefined();
  await bind(store, 'mine', 'west');
  catalog.changed(bindingKey('mine'));
  expect(catalog.originOf(cluster, cowboys)).toMatchObject({ key: bindingKey('mine') });
  // Of another export with the same identity: who has it bound brings it.
  const shared = broughtBy({
    kind: 'bound',
    exportCluster: '',
    exportName: 'east',
    terminating: false,
    limited: false,
  });
  expect(catalog.originOf(cluster, shared)).toMatchObject({ key: bindingKey('mine') });
  const foreign = { ...cowboys, identity: 'b'.repeat(64) as ServedResource['identity'] };
  expect(catalog.originOf(cluster, foreign)).toBeUndefined();
  expect(catalog.originOf('c2' as ClusterName, cowboys)).toBeUndefined();
  await store.commit([{ op: 'delete', key: bindingKey('mine'), expect: 'any' }]);
  catalog.changed(bindingKey('mine'));
  expect(catalog.originOf(cluster, cowboys)).toBeUndefined();
  const crd = broughtBy({ kind: 'crd', name: 'widgets.example.com', terminating: false });
  expect(catalog.originOf(cluster, crd)).toBeUndefined();
});

const definitionKey = (name: string) =>
  formatKey({
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    identity: '-',
    cluster,
    namespace: '',
    name,
  });

function resource(plural: string): ServedResource {
  const definition = { group: 'example.com', version: 'v1', plural };
  const served = { definition, storage: undefined as unknown };
  served.storage = served;
  return served as unknown as ServedResource;
}

it('reads the one definition that has changed and no other, and serves what it would serve if everything were read again', async () => {
  await using store = createMemoryStore({ clock: createManualClock() });
  const read: string[] = [];
  const resources = new Map<string, ServedResource>();
  const componentOfCrd = ({ key, revision }: Entry) => {
    read.push(key);
    const id = `${key}@${revision}`;
    const served = resources.get(id) ?? resource(key.split('/').at(-1) ?? '');
    resources.set(id, served);
    return { key: id, resources: () => [served] };
  };
  const deps = { store, base: [], clustersMax: 10, surfacesMax: 10, componentsOfBinding: () => [], componentOfCrd };
  const catalog = createCatalog(deps);
  const put = (name: string) =>
    store.commit([
      { op: 'put', key: definitionKey(name), expect: 'any', value: () => encodeStored('0123456789abcdef', 0, '{}') },
    ]);
  const names = Array.from({ length: 50 }, (_, index) => `things${index}`);
  for (const name of names) await put(name);
  const plurals = (surface: { readonly resources: readonly ServedResource[] }) =>
    surface.resources.map(({ definition }) => definition.plural);
  expect(plurals(catalog.surface(cluster)).sort()).toEqual([...names].sort());
  for (const name of ['things7', 'added', 'things49']) {
    read.length = 0;
    await put(name);
    catalog.changed(definitionKey(name));
    const surface = catalog.surface(cluster);
    expect(read).toEqual([definitionKey(name)]);
    expect(plurals(surface)).toEqual(plurals(createCatalog(deps).surface(cluster)));
  }
  const thing = {
    ...resource('things7'),
    origin: { kind: 'crd', name: 'things7', terminating: false },
  } as ServedResource;
  const made = store.get(definitionKey('things7'))?.createRevision;
  expect(catalog.originOf(cluster, thing)).toEqual({ key: definitionKey('things7'), createRevision: made });
  await store.commit([{ op: 'delete', key: definitionKey('things7'), expect: 'any' }]);
  await put('things7');
  // The surface was read from the former one, until its change is known.
  expect(catalog.originOf(cluster, thing)?.createRevision).toBe(made);
  catalog.changed(definitionKey('things7'));
  catalog.surface(cluster);
  expect(catalog.originOf(cluster, thing)?.createRevision).toBe(store.get(definitionKey('things7'))?.createRevision);
  expect(catalog.originOf(cluster, thing)?.createRevision).not.toBe(made);
  await store.commit([{ op: 'delete', key: definitionKey('things7'), expect: 'any' }]);
  catalog.changed(definitionKey('things7'));
  expect(plurals(catalog.surface(cluster))).toEqual(plurals(createCatalog(deps).surface(cluster)));
});
