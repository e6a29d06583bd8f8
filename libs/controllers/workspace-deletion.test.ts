import type { Condition, KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import {
  clusterNameAnnotation,
  logicalClusterKey,
  noOtherShards,
  shardAnnotation,
  workspaceFinalizer,
} from '@kcp-ts/tenancy';
import { describe, expect, it } from 'vitest';
import { createClusterRemoval } from './cluster-removal.ts';
import {
  announcer,
  dependenciesOf,
  inCluster,
  keyOf,
  logicalCluster,
  prefixOf,
  testTime,
} from './controllers.fixture.ts';
import { createWorkspaceDeletion } from './workspace-deletion.ts';

const elsewhere = { asked: [] as object[], gone: false };
const announced = announcer();

const create = (environment: TestEnvironment) => {
  const deps = {
    ...dependenciesOf(environment),
    workspacesPrefix: () => prefixOf('tenancy.kcp.io', 'workspaces'),
  };
  elsewhere.asked = [];
  elsewhere.gone = false;
  return createWorkspaceDeletion({
    ...deps,
    removal: createClusterRemoval(deps),
    otherShards: {
      ...noOtherShards('one'),
      deleteCluster(shard, which) {
        elsewhere.asked.push({ shard, ...which });
        return Promise.resolve(
          elsewhere.gone ? { gone: true } : { gone: false, message: 'Some resources are remaining' },
        );
      },
    },
    clustersOfOtherShards: announced.source,
  });
};

const workspaceKey = keyOf('parent', 'tenancy.kcp.io', 'workspaces', 'ws');

function workspace(
  parts: { readonly metadata?: object; readonly annotations?: object; readonly spec?: object } = {},
): KubeObject {
  const {
    metadata = { deletionTimestamp: testTime, finalizers: [workspaceFinalizer] },
    annotations = {},
    spec = { cluster: 'c1' },
  } = parts;
  return {
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: { name: 'ws', uid: 'u1', annotations: { ...annotations }, ...metadata },
    spec,
  };
}

const owner = {
  apiVersion: 'tenancy.kcp.io/v1alpha1',
  resource: 'workspaces',
  cluster: 'parent',
  name: 'ws',
  uid: 'u1',
};
const owned = (uid = 'u1', metadata: object = {}) => logicalCluster({ spec: { owner: { ...owner, uid } }, metadata });
const configMap = (metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'm', namespace: 'ns', ...metadata },
});
const configMapKey = keyOf('c1', '', 'configmaps', 'm', 'ns');

type Tested = Awaited<ReturnType<typeof testController>>;

function left(test: Tested): string[] {
  return test.keys('').map((key) => key.split('/')[1] ?? '');
}

function remaining(test: Tested): string | undefined {
  const { status } = test.get<{ status?: { conditions?: readonly Condition[] } }>(workspaceKey) ?? {};
  return status?.conditions?.find(({ type }) => type === 'WorkspaceContentDeleted')?.message;
}

describe('workspace-deletion', () => {
  it.each([
    {
      name: 'goes with its cluster and all that is in it',
      space: workspace(),
      content: [owned(), configMap()],
      expected: [],
    },
    { name: 'goes alone where its cluster is gone', space: workspace(), content: [], expected: [] },
    {
      name: 'goes alone where the cluster belongs to another Workspace',
      space: workspace(),
      content: [owned('u2'), configMap()],
      expected: ['configmaps', 'logicalclusters'],
    },
    { name: 'goes alone where it never got a cluster', space: workspace({ spec: {} }), content: [], expected: [] },
    {
      name: 'waits for finalizers of others',
      space: workspace({ metadata: { deletionTimestamp: testTime, finalizers: [workspaceFinalizer, 'x.io/y'] } }),
      content: [owned()],
      expected: ['logicalclusters', 'workspaces'],
    },
    {
      name: 'stays where it is not deleted',
      space: workspace({ metadata: {} }),
      content: [owned()],
      expected: ['logicalclusters', 'workspaces'],
    },
  ])('a Workspace $name', async ({ space, content, expected }) => {
    await using test = await testController(create, { ...inCluster('parent', space), ...inCluster('c1', ...content) });
    expect(left(test).sort()).toEqual(expected);
  });

  it('says what remains, and goes when that is gone', async () => {
    const content = inCluster('c1', owned(), configMap({ finalizers: ['x.io/y'] }));
    await using test = await testController(create, { ...inCluster('parent', workspace()), ...content });
    expect(remaining(test)).toBe('Some resources are remaining: configmaps has 1 resource instances');
    expect(test.get<KubeObject>(logicalClusterKey('c1'))).toMatchObject({ status: { phase: 'Deleting' } });
    expect(test.delayed()).toEqual({ [workspaceKey]: 'content of the logical cluster remains' });
    await test.delete(configMapKey);
    expect(left(test)).toEqual([]);
  });

  it('has another shard delete its cluster, and goes when that shard says it is gone', async () => {
    const annotations = { [shardAnnotation]: 'two', [clusterNameAnnotation]: 'c1' };
    await using test = await testController(create, inCluster('parent', workspace({ annotations, spec: {} })));
    expect(elsewhere.asked).toContainEqual({ shard: 'two', cluster: 'c1', ownerUid: 'u1' });
    expect(remaining(test)).toBe('Some resources are remaining');
    elsewhere.gone = true;
    await test.after(() => announced.announce([workspaceKey]));
    expect(left(test)).toEqual([]);
  });

  it.each([
    { name: 'of a Workspace of another shard', cluster: owned('u1', { deletionTimestamp: testTime }) },
    { name: 'of nobody', cluster: logicalCluster({ metadata: { deletionTimestamp: testTime } }) },
  ])('a deleted cluster $name goes with its content', async ({ cluster }) => {
    await using test = await testController(create, inCluster('c1', cluster, configMap()));
    expect(left(test)).toEqual([]);
  });

  it('a Workspace, and a cluster that stands alone, go when they are deleted', async () => {
    const objects = { ...inCluster('parent', workspace({ metadata: {} })), ...inCluster('c1', owned()) };
    await using test = await testController(create, { ...objects, ...inCluster('c2', logicalCluster()) });
    expect(left(test).length).toBe(3);
    await test.put(workspaceKey, workspace());
    expect(test.keys('')).toEqual([logicalClusterKey('c2')]);
    await test.put(logicalClusterKey('c2'), logicalCluster({ metadata: { deletionTimestamp: testTime } }));
    expect(test.keys('')).toEqual([]);
  });

  it('a cluster that stands alone waits for finalizers in it', async () => {
    const cluster = logicalCluster({ metadata: { deletionTimestamp: testTime } });
    await using test = await testController(create, inCluster('c1', cluster, configMap({ finalizers: ['x.io/y'] })));
    expect(test.delayed()).toEqual({ [logicalClusterKey('c1')]: 'content of the logical cluster remains' });
    await test.put(configMapKey, configMap());
    expect(left(test)).toEqual([]);
  });
});
