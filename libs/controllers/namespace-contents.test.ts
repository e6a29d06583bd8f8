import type { KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { describe, expect, it } from 'vitest';
import { dependenciesOf, inCluster, keyOf, testTime } from './controllers.fixture.ts';
import { createNamespaceContents } from './namespace-contents.ts';

const namespaceKey = keyOf('c1', '', 'namespaces', 'ns');
const accountKey = keyOf('c1', '', 'serviceaccounts', 'default', 'ns');
const configMapKey = keyOf('c1', '', 'configmaps', 'kube-root-ca.crt', 'ns');

const create = (isLiving: boolean) => (environment: TestEnvironment) =>
  createNamespaceContents({
    ...dependenciesOf(environment),
    caBundle: 'CA',
    isLiving: () => isLiving,
    label: (_cluster, { object }) => {
      object.metadata.labels = { ...object.metadata.labels, claimed: 'yes' };
    },
  });

const namespace = (metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'ns', ...metadata },
});
const account: KubeObject = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'default', namespace: 'ns' },
};
const configMap = (parts: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kube-root-ca.crt', namespace: 'ns' },
  data: { 'ca.crt': 'CA' },
  ...parts,
});

describe('namespace-contents', () => {
  it.each([
    { name: 'a namespace that lacks both gets them', space: namespace(), living: true, restored: true },
    {
      name: 'one that is deleted does not',
      space: namespace({ deletionTimestamp: testTime }),
      living: true,
      restored: false,
    },
    { name: 'one of a cluster that is deleted does not', space: namespace(), living: false, restored: false },
  ])('$name', async ({ space, living, restored }) => {
    await using test = await testController(create(living), inCluster('c1', space));
    expect([accountKey, configMapKey].map((key) => test.get(key) !== undefined)).toEqual([restored, restored]);
    if (!restored) return;
    expect(test.get(configMapKey)).toMatchObject({
      data: { 'ca.crt': 'CA' },
      metadata: { labels: { claimed: 'yes' } },
    });
    expect(test.get(accountKey)).toMatchObject({ metadata: { annotations: { 'kcp.io/cluster': 'c1' } } });
  });

  it('does not look at a namespace that has both, nor at the other objects of one', async () => {
    await using test = await testController(create(true), inCluster('c1', namespace(), account, configMap()));
    await test.put(keyOf('c1', '', 'configmaps', 'other', 'ns'), {});
    await test.delete(keyOf('c1', '', 'configmaps', 'other', 'ns'));
    expect(test.reconciled()).toEqual([]);
  });

  it('makes again what is deleted, and puts back what is changed', async () => {
    await using test = await testController(create(true), inCluster('c1', namespace(), account, configMap()));
    await test.delete(accountKey);
    expect(test.get(accountKey)).toBeDefined();
    await test.put(configMapKey, configMap({ data: { 'ca.crt': 'forged' } }));
    expect(test.get(configMapKey)).toMatchObject({ data: { 'ca.crt': 'CA' } });
    expect(new Set(test.reconciled())).toEqual(new Set([namespaceKey]));
  });

  it('leaves an immutable ConfigMap as it is', async () => {
    const immutable = configMap({ data: { 'ca.crt': 'old' }, immutable: true });
    await using test = await testController(create(true), inCluster('c1', namespace(), account, configMap()));
    await test.put(configMapKey, immutable);
    expect(test.get(configMapKey)).toMatchObject({ data: { 'ca.crt': 'old' } });
  });
});
