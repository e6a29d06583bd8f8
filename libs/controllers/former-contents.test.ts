import type { KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { describe, expect, it } from 'vitest';
import { dependenciesOf, inCluster, logicalCluster } from './controllers.fixture.ts';
import { createFormerContents } from './former-contents.ts';

const create = (environment: TestEnvironment) => createFormerContents(dependenciesOf(environment));

const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } };
const configMap = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ns' },
});

describe('former-contents', () => {
  it.each([
    { name: 'goes where there is no cluster', cluster: 'c1', before: [namespace, configMap('a')], after: [], left: 0 },
    {
      name: 'goes where it is older than its cluster',
      cluster: 'c1',
      before: [namespace, configMap('a')],
      after: [logicalCluster()],
      left: 1,
    },
    {
      name: 'stays where it is younger than its cluster',
      cluster: 'c1',
      before: [logicalCluster()],
      after: [namespace, configMap('a')],
      left: 3,
    },
    {
      name: 'goes where only some is older',
      cluster: 'c1',
      before: [namespace, configMap('old')],
      after: [logicalCluster(), configMap('new')],
      left: 2,
    },
    {
      name: 'stays in the system’s clusters, which have no LogicalCluster',
      cluster: 'system:admin',
      before: [namespace],
      after: [],
      left: 1,
    },
    { name: 'stays in root', cluster: 'root', before: [namespace], after: [logicalCluster()], left: 2 },
  ])('content $name', async ({ cluster, before, after, left }) => {
    const many = { ...inCluster(cluster, ...before), ...inCluster(cluster, ...after) };
    await using test = await testController(create, many);
    expect(test.keys('')).toHaveLength(left);
  });

  it('more goes than a commit holds', async () => {
    const names = Array.from({ length: 450 }, (_, i) => `m${i}`);
    await using test = await testController(create, inCluster('c1', namespace, ...names.map(configMap)));
    expect(test.keys('')).toEqual([]);
  });
});
