import type { KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { parseLocks, resourceLocksAnnotation } from '@kcp-ts/sharing';
import { logicalClusterKey } from '@kcp-ts/tenancy';
import { describe, expect, it } from 'vitest';
import { dependenciesOf, inCluster, keyOf, logicalCluster, testTime } from './controllers.fixture.ts';
import { createDefinitionLocks } from './definition-locks.ts';

const create = (environment: TestEnvironment) => createDefinitionLocks(dependenciesOf(environment));

const definition = (name: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name },
});
const definitionKey = (name: string) => keyOf('c1', 'apiextensions.k8s.io', 'customresourcedefinitions', name);
const annotated = (text: string) => logicalCluster({ metadata: { annotations: { [resourceLocksAnnotation]: text } } });

describe('definition-locks', () => {
  it.each([
    {
      name: 'the CRDs that are there',
      cluster: logicalCluster(),
      definitions: ['a.x.io', 'b.x.io'],
      noted: ['a.x.io', 'b.x.io'],
    },
    {
      name: 'none where there are none and nothing is noted yet',
      cluster: logicalCluster(),
      definitions: [],
      noted: [],
    },
    {
      name: 'what is there, and no longer what was',
      cluster: annotated('{"old.x.io":{"crd":true}}'),
      definitions: ['a.x.io'],
      noted: ['a.x.io'],
    },
    {
      name: 'nothing where the cluster is being deleted',
      cluster: logicalCluster({ metadata: { deletionTimestamp: testTime } }),
      definitions: ['a.x.io'],
      noted: undefined,
    },
  ])('notes $name', async ({ cluster, definitions, noted }) => {
    await using test = await testController(create, inCluster('c1', cluster, ...definitions.map(definition)));
    const text = test.get<KubeObject>(logicalClusterKey('c1'))?.metadata.annotations?.[resourceLocksAnnotation];
    expect(text === undefined ? undefined : Object.keys(parseLocks(text))).toEqual(noted);
  });

  it('notes CRDs together, at most once a second', async () => {
    const cluster = annotated('{"a.x.io":{"c":true}}');
    await using test = await testController(create, inCluster('c1', cluster, definition('a.x.io')));
    const noted = () => {
      const { metadata } = test.get<KubeObject>(logicalClusterKey('c1')) ?? {};
      return Object.keys(parseLocks(metadata?.annotations?.[resourceLocksAnnotation]));
    };
    expect(test.delayed()).toEqual({});
    await test.put(definitionKey('b.x.io'), definition('b.x.io'));
    expect(noted()).toEqual(['a.x.io', 'b.x.io']);
    await test.put(definitionKey('c.x.io'), definition('c.x.io'));
    await test.delete(definitionKey('a.x.io'));
    expect(noted()).toEqual(['a.x.io', 'b.x.io']);
    expect(test.delayed()).toEqual({ c1: 'written less than a second ago' });
    await test.advance(1_000);
    expect(noted()).toEqual(['b.x.io', 'c.x.io']);
    expect(test.delayed()).toEqual({});
    test.reconciled();
    // An update of a CRD changes no name.
    await test.put(definitionKey('b.x.io'), definition('b.x.io'));
    expect(test.reconciled()).toEqual([]);
  });
});
