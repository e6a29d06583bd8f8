import type { ClusterName, KubeObject } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import { createSystemRandom, createSystemTurns } from '@kcp-ts/base';
import { resourcesOfDefinitions } from '@kcp-ts/catalog';
import type { RegistryDependencies, ServedResource } from '@kcp-ts/registry';
import { create, noStrategy } from '@kcp-ts/registry';
import { createSchemaCache, definitionsOfCustomResourceDefinition } from '@kcp-ts/schema';
import type { Operation } from '@kcp-ts/storage';
import { createMemoryStore, encodeStored, flagDeleting, formatKey } from '@kcp-ts/storage';
import { expect, it } from 'vitest';
import { createAdmissionChain } from '../chain.ts';
import type { AdmissionPlugin } from '../plugin.ts';
import { createLifecycle } from './lifecycle.ts';

const cluster = 'here' as ClusterName;
const clock: Clock = {
  now: () => Date.parse('2026-11-21T03:00:00Z'),
  monotonic: () => 0,
  setTimer: () => ({ [Symbol.dispose]: () => undefined }),
};

const key = (group: string, resource: string, name: string) =>
  formatKey({ group, resource, identity: '-', cluster, namespace: '', name });
const clusterKey = key('core.kcp.io', 'logicalclusters', 'cluster');
const namespaceKey = key('', 'namespaces', 'default');
const definitionKey = key('apiextensions.k8s.io', 'customresourcedefinitions', 'widgets.example.com');

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget', singular: 'widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

function put(at: string, flags = 0): Operation {
  const value = encodeStored('0123456789abcdef', flags, JSON.stringify({ metadata: { name: 'x' } }));
  return { op: 'put', key: at, expect: 'any', value: () => value };
}

function widgets(): ServedResource {
  const origin = { kind: 'crd', name: 'widgets.example.com', terminating: false } as const;
  const deps = { schemas: createSchemaCache(), strategy: () => noStrategy, conversion: () => undefined };
  const definitions = definitionsOfCustomResourceDefinition(definition as KubeObject);
  const [served] = resourcesOfDefinitions(definitions, () => 'customresources', origin, deps);
  if (served === undefined) throw new Error('there is no definition');
  return served;
}

/**
 * A create whose admission takes its time, in which other things happen. `isKnown`: whether it was
 * found what brings the resource.
 */
async function createWhile(happens: readonly Operation[], isKnown = true): Promise<unknown> {
  await using store = createMemoryStore({ clock });
  await store.commit([put(clusterKey), put(namespaceKey), put(definitionKey)]);
  const registry: Omit<RegistryDependencies, 'admission'> = {
    store,
    clock,
    turns: createSystemTurns(clock),
    random: createSystemRandom(),
    shardNumber: 0,
    logicalClusterKey: () => clusterKey,
  };
  const slow: AdmissionPlugin = {
    name: 'Slow',
    operations: ['CREATE'],
    async admit() {
      for (const operation of happens) await store.commit([operation]);
    },
  };
  const admission = createAdmissionChain([slow, createLifecycle({ ...registry, store })]);
  const served = widgets();
  const { createRevision } = store.peek(definitionKey) ?? { createRevision: revisionZero };
  const request = {
    served,
    servedBy: isKnown ? { key: definitionKey, createRevision } : undefined,
    cluster,
    namespace: 'default',
    name: 'w',
    user: { name: 'ann', groups: [] },
    dryRun: false,
    subresource: '',
    fieldValidation: 'Strict' as const,
    warn: () => undefined,
  };
  const object = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w', namespace: 'default' } };
  try {
    await create({ ...registry, admission }, request, object, []);
    return 'created';
  } catch (error) {
    expect(store.peek(`${served.prefix}${cluster}/default/w`)).toBeUndefined();
    return (error as { code?: number }).code;
  }
}

const gone = (at: string): Operation => ({ op: 'delete', key: at, expect: 'any' });

it('an object does not land in a cluster, a namespace or under a definition that went while its admission waited', async () => {
  expect(await createWhile([])).toBe('created');
  expect(await createWhile([gone(clusterKey)])).toBe(403);
  expect(await createWhile([gone(namespaceKey)])).toBe(404);
  expect(await createWhile([gone(definitionKey)])).toBe(404);
});

it('nor where nobody is found that brings its resource', async () => {
  expect(await createWhile([], false)).toBe(404);
});

it('nor under a definition that was made again meanwhile: the object was validated under the former one', async () => {
  expect(await createWhile([gone(definitionKey), put(definitionKey)])).toBe(503);
  expect(await createWhile([put(definitionKey)])).toBe('created');
});

it('nor where they are only about to go', async () => {
  for (const at of [clusterKey, namespaceKey, definitionKey])
    expect(await createWhile([put(at, flagDeleting)])).toBe(403);
});
