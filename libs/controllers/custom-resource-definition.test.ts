import type { Condition, KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { bindingKey, boundSchemaKey } from '@kcp-ts/sharing';
import { formatKey } from '@kcp-ts/storage';
import { describe, expect, it } from 'vitest';
import { dependenciesOf, inCluster, keyOf, readerOf, testTime } from './controllers.fixture.ts';
import { createCustomResourceDefinition } from './custom-resource-definition.ts';

const create = (environment: TestEnvironment) =>
  createCustomResourceDefinition({ ...dependenciesOf(environment), reader: readerOf(environment) });

const finalizer = 'customresourcecleanup.apiextensions.k8s.io';

function definition(
  plural: string,
  kind: string,
  parts: { readonly metadata?: object; readonly status?: object } = {},
): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.x.io`, ...parts.metadata },
    spec: {
      group: 'x.io',
      names: { plural, singular: plural, kind, listKind: `${kind}List` },
      scope: 'Cluster',
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
    ...(parts.status === undefined ? {} : { status: parts.status }),
  };
}
const definitionKey = (plural: string) =>
  keyOf('c1', 'apiextensions.k8s.io', 'customresourcedefinitions', `${plural}.x.io`);
const instanceKey = (name: string) =>
  formatKey({ group: 'x.io', resource: 'things', identity: 'customresources', cluster: 'c1', namespace: '', name });

const established = {
  conditions: [
    { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: '', lastTransitionTime: testTime },
    { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: '', lastTransitionTime: testTime },
  ],
  acceptedNames: { plural: 'things', singular: 'things', kind: 'Thing', listKind: 'ThingList' },
  storedVersions: ['v1'],
};
const deleting = { deletionTimestamp: testTime, finalizers: [finalizer] };

type Tested = Awaited<ReturnType<typeof testController>>;

function conditions(test: Tested, plural: string): Record<string, string> {
  const { status } = test.get<{ status?: { conditions?: readonly Condition[] } }>(definitionKey(plural)) ?? {};
  return Object.fromEntries((status?.conditions ?? []).map(({ type, reason }) => [type, reason ?? '']));
}

describe('customresourcedefinition', () => {
  it.each([
    {
      name: 'is established where its names are free',
      others: [],
      reasons: { NamesAccepted: 'NoConflicts', Established: 'InitialNamesAccepted' },
    },
    {
      name: 'is established beside others with other names',
      others: [definition('others', 'Other')],
      reasons: { NamesAccepted: 'NoConflicts', Established: 'InitialNamesAccepted' },
    },
    {
      name: 'is not where another has its kind',
      others: [
        definition('earlier', 'Thing', {
          status: { ...established, acceptedNames: { plural: 'earlier', kind: 'Thing' } },
        }),
      ],
      reasons: { NamesAccepted: 'KindConflict', Established: 'NotAccepted' },
    },
  ])('a CRD $name', async ({ others, reasons }) => {
    await using test = await testController(create, inCluster('c1', ...others, definition('things', 'Thing')));
    expect(conditions(test, 'things')).toEqual(reasons);
  });

  it('gets a name when the one who has it goes', async () => {
    const earlier = definition('earlier', 'Thing', {
      status: { ...established, acceptedNames: { plural: 'earlier', kind: 'Thing' } },
    });
    await using test = await testController(create, inCluster('c1', earlier, definition('things', 'Thing')));
    expect(conditions(test, 'things')['NamesAccepted']).toBe('KindConflict');
    await test.delete(definitionKey('earlier'));
    expect(conditions(test, 'things')).toMatchObject({ NamesAccepted: 'NoConflicts' });
  });

  it('gets a name when the binding goes that has bound it', async () => {
    const bound = { group: 'x.io', resource: 'others', schema: { name: '', UID: 'u1', identityHash: '' } };
    const binding = {
      apiVersion: 'apis.kcp.io/v1alpha2',
      kind: 'APIBinding',
      metadata: { name: 'b' },
      status: { boundResources: [bound] },
    };
    const names = { plural: 'others', kind: 'Thing' };
    const objects = {
      ...inCluster('c1', binding, definition('things', 'Thing')),
      [boundSchemaKey('u1')]: { metadata: {}, spec: { names } },
    };
    await using test = await testController(create, objects);
    expect(conditions(test, 'things')['NamesAccepted']).toBe('KindConflict');
    await test.delete(bindingKey('c1', 'b'));
    expect(conditions(test, 'things')['NamesAccepted']).toBe('NoConflicts');
  });

  it('many CRDs are decided about in batches, none with the names of another', async () => {
    const plurals = Array.from({ length: 25 }, (_, i) => `things${i}`);
    await using test = await testController(
      create,
      inCluster('c1', ...plurals.map((plural) => definition(plural, 'Thing'))),
    );
    for (let batch = 0; batch < 3; batch++) await test.advance(1);
    const accepted = plurals.filter((plural) => conditions(test, plural)['NamesAccepted'] === 'NoConflicts');
    expect(accepted).toHaveLength(1);
    const refused = plurals.filter((plural) => conditions(test, plural)['NamesAccepted'] === 'ListKindConflict');
    expect(refused).toHaveLength(24);
  });

  it('one that is settled is not looked at after a start', async () => {
    await using test = await testController(
      create,
      inCluster('c1', definition('things', 'Thing', { status: established })),
    );
    expect(test.reconciled()).toEqual([]);
  });

  it('one that is deleted goes with its instances', async () => {
    const things = definition('things', 'Thing', { metadata: deleting, status: established });
    const instances = Object.fromEntries(['a', 'b'].map((name) => [instanceKey(name), { metadata: { name } }]));
    await using test = await testController(create, { ...inCluster('c1', things), ...instances });
    expect(test.keys('')).toEqual([]);
  });

  it('one that is deleted waits for instances with finalizers, says so, and keeps finalizers of others', async () => {
    const metadata = { ...deleting, finalizers: [finalizer, 'x.io/other'] };
    const things = definition('things', 'Thing', { metadata, status: established });
    const held = { [instanceKey('a')]: { metadata: { name: 'a', finalizers: ['x.io/y'] } } };
    await using test = await testController(create, { ...inCluster('c1', things), ...held });
    expect(conditions(test, 'things')).toMatchObject({ Terminating: 'InstanceDeletionInProgress' });
    expect(test.delayed()).toMatchObject({ [definitionKey('things')]: 'instances remain' });
    await test.delete(instanceKey('a'));
    expect(test.get<KubeObject>(definitionKey('things'))?.metadata.finalizers).toEqual(['x.io/other']);
  });
});
