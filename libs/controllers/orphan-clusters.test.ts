import type { KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { logicalClusterKey } from '@kcp-ts/tenancy';
import { describe, expect, it } from 'vitest';
import { createClusterRemoval } from './cluster-removal.ts';
import { dependenciesOf, inCluster, logicalCluster, prefixOf, testTime } from './controllers.fixture.ts';
import type { Ownership } from './orphan-clusters.ts';
import { createOrphanClusters } from './orphan-clusters.ts';

interface Others {
  ownership: Ownership;
  answers: boolean;
}

const create = (others: Others) => (environment: TestEnvironment) => {
  const deps = dependenciesOf(environment);
  return createOrphanClusters({
    ...deps,
    decide: environment.decide,
    removal: createClusterRemoval({
      ...deps,
      workspacesPrefix: () => prefixOf('tenancy.kcp.io', 'workspaces'),
    }),
    ownership: () => others.ownership,
    catchUp: () => Promise.resolve(others.answers),
  });
};

const owner = {
  apiVersion: 'tenancy.kcp.io/v1alpha1',
  resource: 'workspaces',
  cluster: 'elsewhere',
  name: 'ws',
  uid: 'u1',
};
const owned = (parts: { readonly metadata?: object; readonly spec?: object } = {}): KubeObject =>
  logicalCluster({ spec: { owner, ...parts.spec }, metadata: parts.metadata ?? {} });
const isThere = (test: Awaited<ReturnType<typeof testController>>) => test.get(logicalClusterKey('c1')) !== undefined;

describe('orphan-clusters', () => {
  it.each([
    { name: 'that nobody has goes', ownership: 'none', answers: true, cluster: owned(), stays: false },
    { name: 'that a workspace has stays', ownership: 'owned', answers: true, cluster: owned(), stays: true },
    {
      name: 'of whose workspace nothing is known stays',
      ownership: 'unknown',
      answers: true,
      cluster: owned(),
      stays: true,
    },
    {
      name: 'that nobody has stays while a shard cannot be asked',
      ownership: 'none',
      answers: false,
      cluster: owned(),
      stays: true,
    },
    { name: 'without an owner stays', ownership: 'none', answers: true, cluster: logicalCluster(), stays: true },
  ] as const)('a cluster $name', async ({ ownership, answers, cluster, stays }) => {
    await using test = await testController(create({ ownership, answers }), inCluster('c1', cluster));
    expect(isThere(test)).toBe(true);
    await test.advance(29_999);
    expect(isThere(test)).toBe(true);
    await test.advance(1_001);
    expect(isThere(test)).toBe(stays);
  });

  it('a cluster of a workspace of this shard, or that is being deleted, is not looked at', async () => {
    const deleted = owned({ metadata: { deletionTimestamp: testTime, finalizers: ['x.io/y'] } });
    const objects = {
      ...inCluster('elsewhere', logicalCluster()),
      ...inCluster('c1', owned()),
      ...inCluster('c2', deleted),
    };
    await using test = await testController(create({ ownership: 'none', answers: true }), objects);
    expect(test.reconciled()).toEqual([]);
  });

  it('a cluster that is made is looked at half a minute later, and again while nothing is sure', async () => {
    const others: Others = { ownership: 'unknown', answers: true };
    await using test = await testController(create(others));
    await test.put(logicalClusterKey('c1'), owned());
    expect(test.delayed()).toEqual({ sweep: 'clusters are swept 30 s after they were made' });
    await test.advance(30_000);
    others.ownership = 'none';
    await test.advance(29_999);
    expect(isThere(test)).toBe(true);
    await test.advance(1);
    expect([isThere(test), test.delayed()]).toEqual([false, {}]);
  });
});
