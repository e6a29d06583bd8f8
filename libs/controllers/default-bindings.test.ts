import type { Condition, KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import type { ApiBinding } from '@kcp-ts/sharing';
import { bindingKey, bindingsPrefix, defaultBindingName, exportKey } from '@kcp-ts/sharing';
import { parseKey } from '@kcp-ts/storage';
import type { ResolvedType, WorkspaceType } from '@kcp-ts/tenancy';
import { lifecycleAnnotation, logicalClusterKey, typeAnnotation } from '@kcp-ts/tenancy';
import { describe, expect, it } from 'vitest';
import {
  dependenciesOf,
  inCluster,
  keyOf,
  logicalCluster,
  pathOf,
  prefixOf,
  readerOf,
  resolvePath,
  testTime,
  typesOf,
} from './controllers.fixture.ts';
import { createDefaultBindings } from './default-bindings.ts';

const typesPrefix = () => prefixOf('tenancy.kcp.io', 'workspacetypes');

const create = (environment: TestEnvironment) => {
  const { store, turns, decide } = environment;
  const reader = readerOf(environment);
  return createDefaultBindings({
    ...dependenciesOf(environment),
    reader,
    turns,
    decide,
    typesPrefix,
    types: typesOf(environment),
    resolve: resolvePath,
    allTypes: () =>
      store.scan({ prefix: typesPrefix() }, 100).map((entry): ResolvedType => {
        const { cluster, name } = parseKey(entry.key);
        return { cluster, path: pathOf(cluster), name, type: reader.parse<WorkspaceType>(entry) };
      }),
  });
};

const type = (spec: object): KubeObject => ({
  apiVersion: 'tenancy.kcp.io/v1alpha1',
  kind: 'WorkspaceType',
  metadata: { name: 'team' },
  spec,
});
const listed = [{ path: 'root:provider', export: 'things' }];
const maintained = type({ defaultAPIBindings: listed, defaultAPIBindingLifecycle: 'Maintain' });
const typeKey = keyOf('root', 'tenancy.kcp.io', 'workspacetypes', 'team');

const claim = (resource: string) => ({ group: '', resource, verbs: ['get'] });
const apiExport = (...claims: readonly object[]): KubeObject => ({
  apiVersion: 'apis.kcp.io/v1alpha2',
  kind: 'APIExport',
  metadata: { name: 'things' },
  spec: claims.length === 0 ? {} : { permissionClaims: claims },
});

const cluster = (metadata: object = {}) =>
  logicalCluster({ metadata: { annotations: { [typeAnnotation]: 'root:team' }, ...metadata } });
const name = defaultBindingName('c1', 'root:provider', 'things');
const key = bindingKey('c1', name);

const binding = (annotations: Record<string, string>, completed = true): KubeObject => ({
  apiVersion: 'apis.kcp.io/v1alpha2',
  kind: 'APIBinding',
  metadata: { name, annotations },
  spec: { reference: { export: { path: 'root:provider', name: 'things' } } },
  status: {
    conditions: [
      { type: 'InitialBindingCompleted', status: completed ? 'True' : 'False', lastTransitionTime: testTime },
    ],
  },
});
const ours = { [lifecycleAnnotation]: 'Maintain' };

type Tested = Awaited<ReturnType<typeof testController>>;

function reconciled(test: Tested): string | undefined {
  const { status } = test.get<{ status?: { conditions?: readonly Condition[] } }>(logicalClusterKey('c1')) ?? {};
  const condition = status?.conditions?.find((each) => each.type === 'APIBindingsReconciled');
  return condition?.reason ?? condition?.status;
}
const resources = (test: Tested) =>
  test.get<ApiBinding>(key)?.spec?.permissionClaims?.map(({ resource, state }) => `${resource} ${state}`);

describe('default-bindings', () => {
  it.each([
    {
      name: 'are made where they are missing',
      types: [maintained],
      objects: [cluster()],
      made: 1,
      condition: 'WaitingOnAPIBindings',
    },
    {
      name: 'are not made of a type that does not maintain them',
      types: [type({ defaultAPIBindings: listed })],
      objects: [cluster()],
      made: 0,
      condition: undefined,
    },
    {
      name: 'are not made in a workspace that is deleted',
      types: [maintained],
      objects: [cluster({ deletionTimestamp: testTime, finalizers: ['x.io/y'] })],
      made: 0,
      condition: undefined,
    },
    {
      name: 'are not made twice where a user has made one',
      types: [maintained],
      objects: [cluster(), binding({})],
      made: 1,
      condition: 'True',
    },
    {
      name: 'are waited for while they are not bound',
      types: [maintained],
      objects: [cluster(), binding(ours, false)],
      made: 1,
      condition: 'WaitingOnAPIBindings',
    },
    {
      name: 'are unknown where the type extends one that is not there',
      types: [type({ extend: { with: [{ path: 'root', name: 'gone' }] }, defaultAPIBindingLifecycle: 'Maintain' })],
      objects: [cluster()],
      made: 0,
      condition: 'WorkspaceTypesInvalid',
    },
  ])('bindings $name', async ({ types, objects, made, condition }) => {
    const others = { ...inCluster('root', ...types), ...inCluster('provider', apiExport()) };
    await using test = await testController(create, { ...others, ...inCluster('c1', ...objects) });
    expect(test.keys(bindingsPrefix)).toHaveLength(made);
    expect(reconciled(test)).toBe(condition);
  });

  it('waits for the export', async () => {
    await using test = await testController(create, {
      ...inCluster('root', maintained),
      ...inCluster('c1', cluster()),
    });
    expect([test.keys(bindingsPrefix), reconciled(test)]).toEqual([[], 'WaitingOnAPIBindings']);
    await test.put(exportKey('provider', 'things'), apiExport(claim('secrets')));
    expect(resources(test)).toEqual(['secrets Accepted']);
  });

  it.each([
    { name: 'a maintained binding', annotations: ours, after: ['secrets Accepted', 'configmaps Accepted'] },
    { name: 'no binding of a user', annotations: {}, after: undefined },
  ])('the claims of the export are accepted by $name', async ({ annotations, after }) => {
    const others = { ...inCluster('root', maintained), ...inCluster('provider', apiExport()) };
    await using test = await testController(create, { ...others, ...inCluster('c1', cluster(), binding(annotations)) });
    await test.put(exportKey('provider', 'things'), apiExport(claim('secrets'), claim('configmaps')));
    expect(resources(test)).toEqual(after);
    await test.put(exportKey('provider', 'things'), apiExport());
    expect(resources(test)).toBeUndefined();
  });

  it('follows the type, and a binding that is deleted or bound', async () => {
    const others = { ...inCluster('root', type({})), ...inCluster('provider', apiExport()) };
    await using test = await testController(create, { ...others, ...inCluster('c1', cluster()) });
    expect(test.keys(bindingsPrefix)).toEqual([]);
    await test.put(typeKey, maintained);
    expect(test.keys(bindingsPrefix)).toEqual([key]);
    await test.put(key, binding(ours));
    expect(reconciled(test)).toBe('True');
    await test.delete(key);
    expect(test.keys(bindingsPrefix)).toEqual([key]);
    expect(reconciled(test)).toBe('WaitingOnAPIBindings');
  });

  it('looks at no workspace for an export that no type lists', async () => {
    const others = { ...inCluster('root', maintained), ...inCluster('provider', apiExport()) };
    await using test = await testController(create, { ...others, ...inCluster('c1', cluster(), binding(ours)) });
    expect(reconciled(test)).toBe('True');
    test.reconciled();
    await test.put(exportKey('provider', 'other'), apiExport(claim('secrets')));
    expect(test.reconciled()).toEqual([exportKey('provider', 'other')]);
    // The same claims again say nothing new.
    await test.put(exportKey('provider', 'things'), apiExport());
    expect(test.reconciled()).toEqual([]);
  });
});
