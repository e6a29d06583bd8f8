import type { KubeObject } from '@kcp-ts/api';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { describe, expect, it } from 'vitest';
import { dependenciesOf, inCluster, keyOf, testTime } from './controllers.fixture.ts';
import { createDeletionPropagation } from './deletion-propagation.ts';

const create = (environment: Parameters<typeof dependenciesOf>[0]) =>
  createDeletionPropagation(dependenciesOf(environment));

const object = (kind: string, metadata: object): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'a', ...(kind === 'ConfigMap' ? { namespace: 'ns' } : {}), ...metadata },
});
const keys = {
  ConfigMap: keyOf('c1', '', 'configmaps', 'a', 'ns'),
  Namespace: keyOf('c1', '', 'namespaces', 'a'),
} as const;
const deletionTimestamp = testTime;

describe('deletion-propagation', () => {
  it.each([
    {
      name: 'foregroundDeletion goes, and the object with it',
      kind: 'ConfigMap',
      before: ['foregroundDeletion'],
      after: undefined,
    },
    { name: 'orphan goes, and the object with it', kind: 'ConfigMap', before: ['orphan'], after: undefined },
    {
      name: 'finalizers of others stay, and the object with them',
      kind: 'ConfigMap',
      before: ['orphan', 'example.com/x'],
      after: ['example.com/x'],
    },
    { name: 'a namespace stays for its own controller', kind: 'Namespace', before: ['foregroundDeletion'], after: [] },
    {
      name: 'objects with other finalizers are not looked at',
      kind: 'ConfigMap',
      before: ['x.io/y'],
      after: ['x.io/y'],
    },
  ] as const)('$name', async ({ kind, before, after }) => {
    const deleted = object(kind, { finalizers: before, deletionTimestamp });
    await using test = await testController(create, inCluster('c1', deleted));
    const found = () => test.get<KubeObject>(keys[kind])?.metadata.finalizers;
    expect(found()).toEqual(after);
    await test.put(keys[kind], deleted);
    expect(found()).toEqual(after);
  });

  it('does not look at an object that is not deleted', async () => {
    const kept = object('ConfigMap', { finalizers: ['foregroundDeletion'] });
    await using test = await testController(create, inCluster('c1', kept));
    expect(test.reconciled()).toEqual([]);
    expect(test.get(keys.ConfigMap)).toEqual(kept);
  });
});
