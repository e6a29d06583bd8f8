import type { Condition, IdentityHash, KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import type { ApiBinding, ApiExport, ApiResourceSchema } from '@kcp-ts/sharing';
import {
  bindingKey,
  boundSchemaKey,
  claimLabel,
  createClaimTables,
  exportHash,
  exportKey,
  exportLabel,
  exportsPrefix,
  parseLocks,
  resourceLocksAnnotation,
  schemaKey,
} from '@kcp-ts/sharing';
import { encodeStored, formatKey } from '@kcp-ts/storage';
import { logicalClusterKey } from '@kcp-ts/tenancy';
import { describe, expect, it } from 'vitest';
import { createApiBinding } from './api-binding.ts';
import {
  bindingIndexOf,
  dependenciesOf,
  inCluster,
  keyOf,
  logicalCluster,
  readerOf,
  resolvePath,
  testTime,
} from './controllers.fixture.ts';

const create = async (environment: TestEnvironment) => {
  const { store, hub, turns, decide } = environment;
  const deps = dependenciesOf(environment);
  const reader = readerOf(environment);
  const claims = createClaimTables({ store, reader, clustersMax: 10 });
  hub.onChanges((changes) => {
    for (const { event } of changes) claims.changed(event);
  });
  return createApiBinding({
    ...deps,
    reader,
    claims,
    turns,
    decide,
    bindings: await bindingIndexOf(environment),
    resolve: resolvePath,
    exportsOf: (cluster) =>
      store.scan({ prefix: `${exportsPrefix}${cluster}/` }, 100).map((entry) => reader.parse<ApiExport>(entry)),
    keepSchema(schema) {
      const key = boundSchemaKey(schema.metadata.uid ?? '');
      const value = () => encodeStored('0000000000000000', 0, JSON.stringify(schema));
      return store.peekHead(key) === undefined ? { op: 'put', key, expect: 'any', value } : undefined;
    },
    claimedResources: (_cluster, { resource }) => (resource === 'configmaps' ? [deps.served('', 'configmaps')] : []),
  });
};

const identity = 'd'.repeat(64) as IdentityHash;
const finalizer = 'apis.kcp.io/apibinding-finalizer';

const apiExport = (
  parts: { readonly claims?: readonly object[]; readonly identityHash?: string | undefined } = {},
): KubeObject => {
  const { claims = [], identityHash = identity } = parts;
  return {
    apiVersion: 'apis.kcp.io/v1alpha2',
    kind: 'APIExport',
    metadata: { name: 'things' },
    spec: {
      resources: [{ group: 'x.io', name: 'things', schema: 'v1.things.x.io', storage: { crd: {} } }],
      permissionClaims: claims,
    },
    status: identityHash === '' ? {} : { identityHash },
  };
};
const schema: KubeObject = {
  apiVersion: 'apis.kcp.io/v1alpha1',
  kind: 'APIResourceSchema',
  metadata: { name: 'v1.things.x.io', uid: 'schema-1' },
  spec: {
    group: 'x.io',
    names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
    scope: 'Namespaced',
    versions: [{ name: 'v1', served: true, storage: true, schema: { type: 'object' } }],
  },
};
const provider = inCluster('provider', apiExport(), schema);

function binding(
  parts: {
    readonly name?: string;
    readonly metadata?: object;
    readonly claims?: readonly object[];
    readonly status?: object;
  } = {},
): KubeObject {
  const { name = 'b', metadata, claims, status } = parts;
  return {
    apiVersion: 'apis.kcp.io/v1alpha2',
    kind: 'APIBinding',
    metadata: {
      name,
      labels: { [exportLabel]: exportHash('provider', 'things') },
      finalizers: [finalizer],
      ...metadata,
    },
    spec: {
      reference: { export: { path: 'root:provider', name: 'things' } },
      ...(claims === undefined ? {} : { permissionClaims: claims }),
    },
    ...(status === undefined ? {} : { status }),
  };
}
const key = bindingKey('c1', 'b');

type Tested = Awaited<ReturnType<typeof testController>>;

function conditions(test: Tested): Record<string, string> {
  const found: readonly Condition[] = test.get<ApiBinding>(key)?.status?.conditions ?? [];
  return Object.fromEntries(found.map(({ type, status, reason }) => [type, reason ?? status]));
}
const bound = (test: Tested, name = 'b') =>
  test
    .get<ApiBinding>(bindingKey('c1', name))
    ?.status?.boundResources?.map(({ resource, schema: { UID } }) => `${resource} ${UID}`);
const locks = (test: Tested) =>
  parseLocks(test.get<KubeObject>(logicalClusterKey('c1'))?.metadata.annotations?.[resourceLocksAnnotation]);

const boundStatus = {
  phase: 'Bound',
  apiExportClusterName: 'provider',
  boundResources: [
    {
      group: 'x.io',
      resource: 'things',
      schema: { name: 'v1.things.x.io', UID: 'schema-1', identityHash: identity },
      storageVersions: ['v1'],
    },
  ],
  conditions: [
    { type: 'BindingUpToDate', status: 'True', lastTransitionTime: testTime },
    { type: 'InitialBindingCompleted', status: 'True', lastTransitionTime: testTime },
  ],
};
const instanceKey = (name: string) =>
  formatKey({ group: 'x.io', resource: 'things', identity, cluster: 'c1', namespace: 'ns', name });
const deletedBinding = binding({ metadata: { deletionTimestamp: testTime }, status: boundStatus });

describe('apibinding', () => {
  it('binds: its status, a copy of the schema, and a note on the LogicalCluster', async () => {
    await using test = await testController(create, { ...provider, ...inCluster('c1', logicalCluster(), binding()) });
    expect(bound(test)).toEqual(['things schema-1']);
    expect(test.get<ApiBinding>(key)?.status).toMatchObject({ phase: 'Bound', apiExportClusterName: 'provider' });
    expect(test.get<ApiResourceSchema>(boundSchemaKey('schema-1'))?.spec.names.plural).toBe('things');
    expect(locks(test)).toEqual({ 'things.x.io': { n: 'b' } });
  });

  it.each([
    {
      name: 'no export',
      objects: {},
      expected: { APIExportValid: 'APIExportNotFound', InitialBindingCompleted: 'WaitingForEstablished' },
    },
    {
      name: 'an export without identity',
      objects: inCluster('provider', apiExport({ identityHash: '' }), schema),
      expected: { APIExportValid: 'MissingIdentityHash' },
    },
    {
      name: 'an export without its schema',
      objects: inCluster('provider', apiExport()),
      expected: { APIExportValid: 'InternalError' },
    },
    {
      name: 'a resource that another binding has',
      objects: { ...provider, ...inCluster('c1', binding({ name: 'earlier', status: boundStatus })) },
      expected: {
        APIExportValid: 'True',
        BindingUpToDate: 'NamingConflicts',
        InitialBindingCompleted: 'NamingConflicts',
      },
    },
  ])('does not bind with $name, and says so', async ({ objects, expected }) => {
    await using test = await testController(create, { ...objects, ...inCluster('c1', logicalCluster(), binding()) });
    expect(conditions(test)).toMatchObject(expected);
    expect(bound(test)).toBeUndefined();
  });

  it('follows its export, and the schemas that the export names', async () => {
    await using test = await testController(create, inCluster('c1', logicalCluster(), binding()));
    await test.put(exportKey('provider', 'things'), apiExport());
    expect(conditions(test)).toMatchObject({ APIExportValid: 'InternalError' });
    await test.put(schemaKey('provider', 'v1.things.x.io'), schema);
    expect(bound(test)).toEqual(['things schema-1']);
    test.reconciled();
    await test.put(schemaKey('provider', 'v1.others.x.io'), schema);
    expect(test.reconciled()).toEqual([]);
    await test.delete(exportKey('provider', 'things'));
    expect(conditions(test)).toMatchObject({ APIExportValid: 'APIExportNotFound' });
    expect(bound(test)).toEqual(['things schema-1']);
  });

  it('binds when the binding or CRD that has its resource goes', async () => {
    const earlier = binding({ name: 'earlier', status: boundStatus, metadata: { finalizers: [] } });
    const definition: KubeObject = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.x.io' },
      spec: { group: 'x.io', names: { plural: 'things', kind: 'Thing' }, versions: [] },
      status: { conditions: [{ type: 'Established', status: 'True', lastTransitionTime: testTime }] },
    };
    await using test = await testController(create, {
      ...provider,
      ...inCluster('c1', earlier, definition, binding()),
    });
    expect(conditions(test)).toMatchObject({ BindingUpToDate: 'NamingConflicts' });
    await test.delete(bindingKey('c1', 'earlier'));
    expect(conditions(test)).toMatchObject({ BindingUpToDate: 'NamingConflicts' });
    await test.delete(keyOf('c1', 'apiextensions.k8s.io', 'customresourcedefinitions', 'things.x.io'));
    expect(bound(test)).toEqual(['things schema-1']);
  });

  it('does not look at a binding without claims that is up to date', async () => {
    const objects = { ...provider, ...inCluster('c1', logicalCluster(), binding({ status: boundStatus })) };
    await using test = await testController(create, objects);
    expect(test.reconciled()).toEqual([]);
  });
});

describe('claims of an apibinding', () => {
  const configMap: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'ns' } };
  const configMapKey = keyOf('c1', '', 'configmaps', 'm', 'ns');
  const claim = { group: '', resource: 'configmaps', verbs: ['get', 'list', 'watch'] };
  const granting = (state: string) => binding({ claims: [{ ...claim, selector: { matchAll: true }, state }] });
  const claiming = inCluster('provider', apiExport({ claims: [claim] }), schema);
  const isLabelled = (test: Tested) =>
    test.get<KubeObject>(configMapKey)?.metadata.labels?.[claimLabel('provider', 'things')] !== undefined;

  it.each([
    { state: 'Accepted', labelled: true },
    { state: 'Rejected', labelled: false },
  ])('$state: objects are labelled: $labelled', async ({ state, labelled }) => {
    const objects = inCluster('c1', logicalCluster(), configMap, granting(state));
    await using test = await testController(create, { ...claiming, ...objects });
    expect(isLabelled(test)).toBe(labelled);
    expect(conditions(test)).toMatchObject({ PermissionClaimsApplied: 'True' });
  });

  it('labels go when the claim is rejected, and come when it is accepted again', async () => {
    const objects = inCluster('c1', logicalCluster(), configMap, granting('Accepted'));
    await using test = await testController(create, { ...claiming, ...objects });
    for (const state of ['Rejected', 'Accepted']) {
      const { status } = test.get<ApiBinding>(key) ?? {};
      await test.put(key, { ...granting(state), ...(status === undefined ? {} : { status }) });
      expect(isLabelled(test)).toBe(state === 'Accepted');
    }
  });
});

describe('an apibinding that is deleted', () => {
  const instances = {
    [instanceKey('a')]: { metadata: { name: 'a' } },
    [instanceKey('b')]: { metadata: { name: 'b' } },
  };

  it('goes with its instances, and with its note on the LogicalCluster', async () => {
    const cluster = logicalCluster({
      metadata: { annotations: { [resourceLocksAnnotation]: '{"things.x.io":{"n":"b"}}' } },
    });
    await using test = await testController(create, {
      ...provider,
      ...inCluster('c1', cluster, deletedBinding),
      ...instances,
    });
    expect([test.get(key), test.keys('x.io/things/'), locks(test)]).toEqual([undefined, [], {}]);
  });

  it('waits for instances with finalizers, and says which', async () => {
    const held = { [instanceKey('a')]: { metadata: { name: 'a', finalizers: ['x.io/y'] } } };
    await using test = await testController(create, {
      ...provider,
      ...inCluster('c1', deletedBinding),
      ...instances,
      ...held,
    });
    expect(test.keys('x.io/things/')).toEqual([instanceKey('a')]);
    expect(conditions(test)).toMatchObject({ BindingResourceDeleteSuccess: 'SomeFinalizersRemain' });
    expect(test.delayed()).toEqual({ [key]: 'instances remain' });
    await test.delete(instanceKey('a'));
    expect(test.get(key)).toBeUndefined();
  });

  it('keeps finalizers of others', async () => {
    const metadata = { deletionTimestamp: testTime, finalizers: [finalizer, 'x.io/other'] };
    await using test = await testController(create, {
      ...provider,
      ...inCluster('c1', binding({ metadata, status: boundStatus })),
    });
    expect(test.get<KubeObject>(key)?.metadata.finalizers).toEqual(['x.io/other']);
  });

  it('leaves its instances to another binding to the same export', async () => {
    const objects = inCluster('c1', logicalCluster(), deletedBinding, binding({ name: 'successor' }));
    await using test = await testController(create, { ...provider, ...objects, ...instances });
    expect([test.get(key), test.keys('x.io/things/').length]).toEqual([undefined, 2]);
    expect(bound(test, 'successor')).toEqual(['things schema-1']);
    expect(locks(test)).toEqual({ 'things.x.io': { n: 'successor' } });
  });
});
