import type { KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { describe, expect, it } from 'vitest';
import { dependenciesOf, inCluster, keyOf, testTime } from './controllers.fixture.ts';
import { createNamespaceDeletion } from './namespace-deletion.ts';

const create = (environment: TestEnvironment) => createNamespaceDeletion(dependenciesOf(environment));

const namespaceKey = keyOf('c1', '', 'namespaces', 'ns');
const deleting = { deletionTimestamp: testTime };

function namespace(parts: { readonly metadata?: object; readonly finalizers?: readonly string[] } = {}): KubeObject {
  const { metadata = deleting, finalizers = ['kubernetes'] } = parts;
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns', ...metadata }, spec: { finalizers } };
}

const configMap = (name: string, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ns', ...metadata },
});
const configMapKey = (name: string, space = 'ns') => keyOf('c1', '', 'configmaps', name, space);

describe('namespace-deletion', () => {
  it.each([
    { name: 'a namespace that is deleted goes with its objects', space: namespace(), left: [] },
    {
      name: 'a namespace that is not deleted stays',
      space: namespace({ metadata: {} }),
      left: ['namespace', 'objects'],
    },
    {
      name: 'a namespace with finalizers of others stays when it is empty',
      space: namespace({ finalizers: ['kubernetes', 'example.com/other'] }),
      left: ['namespace'],
    },
    {
      name: 'a namespace with metadata.finalizers stays when it is empty',
      space: namespace({ metadata: { ...deleting, finalizers: ['example.com/other'] } }),
      left: ['namespace'],
    },
  ])('$name', async ({ space, left }) => {
    const others = configMap('other', { namespace: 'other' });
    await using test = await testController(create, inCluster('c1', space, configMap('a'), configMap('b'), others));
    const found = [
      ...(test.get(namespaceKey) === undefined ? [] : ['namespace']),
      ...(test.keys('core/configmaps/-/c1/ns/').length === 2 ? ['objects'] : []),
    ];
    expect(found).toEqual(left);
    expect(test.get(configMapKey('other', 'other'))).toBeDefined();
    if (left.includes('objects')) expect(test.reconciled()).toEqual([]);
  });

  it('takes only its own finalizer off', async () => {
    const space = namespace({ finalizers: ['kubernetes', 'example.com/other'] });
    await using test = await testController(create, inCluster('c1', space));
    expect(test.get(namespaceKey)).toMatchObject({ spec: { finalizers: ['example.com/other'] } });
  });

  it('sets the deletionTimestamp of objects with finalizers, and goes on when the last of them is gone', async () => {
    const held = configMap('held', { finalizers: ['example.com/x'] });
    await using test = await testController(create, inCluster('c1', namespace(), configMap('a'), held));
    expect(test.keys('core/configmaps/')).toEqual([configMapKey('held')]);
    expect(test.get(configMapKey('held'))).toMatchObject({ metadata: { deletionTimestamp: testTime } });
    expect(test.get(namespaceKey)).toBeDefined();
    expect(test.delayed()).toEqual({ [namespaceKey]: 'objects with finalizers remain' });
    await test.delete(configMapKey('held'));
    expect([test.get(namespaceKey), test.delayed()]).toEqual([undefined, {}]);
  });

  it('empties a namespace when it is deleted', async () => {
    await using test = await testController(create, inCluster('c1', namespace({ metadata: {} }), configMap('a')));
    await test.put(namespaceKey, namespace());
    expect(test.keys('')).toEqual([]);
  });
});
