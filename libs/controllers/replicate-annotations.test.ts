import type { KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { exportKey, replicateAnnotation } from '@kcp-ts/sharing';
import { logicalClusterKey } from '@kcp-ts/tenancy';
import { describe, expect, it } from 'vitest';
import { dependenciesOf, inCluster, keyOf, logicalCluster, prefixOf } from './controllers.fixture.ts';
import { createReplicateAnnotations } from './replicate-annotations.ts';

const create = (environment: TestEnvironment) =>
  createReplicateAnnotations({
    ...dependenciesOf(environment),
    typesPrefix: () => prefixOf('tenancy.kcp.io', 'workspacetypes'),
  });

const rbac = 'rbac.authorization.k8s.io';
const roleKey = (name: string) => keyOf('c1', rbac, 'clusterroles', name);
const roleBindingKey = (name: string) => keyOf('c1', rbac, 'clusterrolebindings', name);

const apiExport: KubeObject = { apiVersion: 'apis.kcp.io/v1alpha2', kind: 'APIExport', metadata: { name: 'e' } };
const type: KubeObject = {
  apiVersion: 'tenancy.kcp.io/v1alpha1',
  kind: 'WorkspaceType',
  metadata: { name: 't' },
};
const role = (name: string, ...rules: readonly object[]): KubeObject => ({
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRole',
  metadata: { name },
  rules,
});
const roleBinding = (name: string, roleName: string, subject = 'ann'): KubeObject => ({
  apiVersion: `${rbac}/v1`,
  kind: 'ClusterRoleBinding',
  metadata: { name },
  subjects: [{ kind: 'User', apiGroup: rbac, name: subject }],
  roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: roleName },
});

const bind = { apiGroups: ['apis.kcp.io'], resources: ['apiexports'], verbs: ['bind'] };
const use = { apiGroups: ['tenancy.kcp.io'], resources: ['workspacetypes'], verbs: ['use'] };
const access = { nonResourceURLs: ['/'], verbs: ['access'] };
const pods = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
const consumer = 'apis.kcp.io:binding:ann';

describe('replicate-annotations', () => {
  it.each([
    {
      name: 'the cluster of an export',
      objects: [apiExport, logicalCluster()],
      key: logicalClusterKey('c1'),
      reasons: 'apis.kcp.io',
    },
    {
      name: 'the cluster of a type',
      objects: [type, logicalCluster()],
      key: logicalClusterKey('c1'),
      reasons: 'tenancy.kcp.io',
    },
    {
      name: 'the cluster of both',
      objects: [apiExport, type, logicalCluster()],
      key: logicalClusterKey('c1'),
      reasons: 'apis.kcp.io,tenancy.kcp.io',
    },
    { name: 'no other cluster', objects: [logicalCluster()], key: logicalClusterKey('c1'), reasons: undefined },
    { name: 'a role that lets bind', objects: [apiExport, role('r', bind)], key: roleKey('r'), reasons: 'apis.kcp.io' },
    {
      name: 'no role that lets bind where no export is',
      objects: [type, role('r', bind)],
      key: roleKey('r'),
      reasons: undefined,
    },
    {
      name: 'a role that lets use a type',
      objects: [type, role('r', use)],
      key: roleKey('r'),
      reasons: 'tenancy.kcp.io',
    },
    {
      name: 'a role that lets enter',
      objects: [apiExport, role('r', access)],
      key: roleKey('r'),
      reasons: 'core.kcp.io',
    },
    { name: 'no other role', objects: [apiExport, role('r', pods)], key: roleKey('r'), reasons: undefined },
    {
      name: 'a role that a binding gives to consumers',
      objects: [apiExport, role('r', pods), roleBinding('b', 'r', consumer)],
      key: roleKey('r'),
      reasons: 'apis.kcp.io',
    },
    {
      name: 'a binding to a role that lets bind',
      objects: [apiExport, role('r', bind), roleBinding('b', 'r')],
      key: roleBindingKey('b'),
      reasons: 'apis.kcp.io',
    },
    {
      name: 'no binding to another role',
      objects: [apiExport, role('r', pods), roleBinding('b', 'r')],
      key: roleBindingKey('b'),
      reasons: undefined,
    },
  ])('puts the annotation on $name', async ({ objects, key, reasons }) => {
    await using test = await testController(create, inCluster('c1', ...objects));
    expect(test.get<KubeObject>(key)?.metadata.annotations?.[replicateAnnotation]).toEqual(reasons);
  });

  it('takes it off everything when the last export goes', async () => {
    const objects = [apiExport, logicalCluster(), role('r', bind), roleBinding('b', 'r')];
    await using test = await testController(create, inCluster('c1', ...objects));
    const keys = [logicalClusterKey('c1'), roleKey('r'), roleBindingKey('b')];
    const annotations = () =>
      keys.map((key) => test.get<KubeObject>(key)?.metadata.annotations?.[replicateAnnotation] !== undefined);
    expect(annotations()).toEqual([true, true, true]);
    await test.delete(exportKey('c1', 'e'));
    expect(annotations()).toEqual([false, false, false]);
    await test.put(exportKey('c1', 'e'), apiExport);
    expect(annotations()).toEqual([true, true, true]);
  });

  it('a role decides about its bindings, and a binding for consumers about its role', async () => {
    await using test = await testController(create, inCluster('c1', apiExport, role('r', pods), roleBinding('b', 'r')));
    const annotations = (key: string) => test.get<KubeObject>(key)?.metadata.annotations?.[replicateAnnotation];
    await test.put(roleKey('r'), role('r', bind));
    expect([annotations(roleKey('r')), annotations(roleBindingKey('b'))]).toEqual(['apis.kcp.io', 'apis.kcp.io']);
    await test.put(roleKey('r'), role('r', pods));
    expect([annotations(roleKey('r')), annotations(roleBindingKey('b'))]).toEqual([undefined, undefined]);
    await test.put(roleBindingKey('b'), roleBinding('b', 'r', consumer));
    expect([annotations(roleKey('r')), annotations(roleBindingKey('b'))]).toEqual(['apis.kcp.io', 'apis.kcp.io']);
    await test.delete(roleBindingKey('b'));
    expect(annotations(roleKey('r'))).toBeUndefined();
  });

  it('the role of a binding gets the annotation before the binding, and loses it after', async () => {
    const order: string[] = [];
    const system = role('r', bind);
    const watched = (environment: TestEnvironment) => {
      environment.hub.onChanges((changes) => {
        for (const { event, parts } of changes)
          if (event.type === 'put' && parts.cluster === 'c1') order.push(parts.resource);
      });
      return create(environment);
    };
    const objects = {
      ...inCluster('system:admin', system),
      ...inCluster('c1', role('r', bind), roleBinding('b', 'r')),
    };
    await using test = await testController(watched, objects);
    order.length = 0;
    await test.put(exportKey('c1', 'e'), apiExport);
    expect(order).toEqual(['apiexports', 'clusterroles', 'clusterrolebindings']);
  });
});
