import type { KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { bindingKey } from '@kcp-ts/sharing';
import type { LogicalCluster, MadeCluster, Shard, Workspace } from '@kcp-ts/tenancy';
import { clusterNameAnnotation, logicalClusterKey, noOtherShards, shardAnnotation } from '@kcp-ts/tenancy';
import { describe, expect, it } from 'vitest';
import {
  announcer,
  dependenciesOf,
  inCluster,
  keyOf,
  logicalCluster,
  pathOf,
  prefixOf,
  resolvePath,
  testTime,
  typesOf,
} from './controllers.fixture.ts';
import { createWorkspaceProgress } from './workspace-progress.ts';

const shard = (name: string): Shard => ({
  apiVersion: 'core.kcp.io/v1alpha1',
  kind: 'Shard',
  metadata: { name },
  spec: { baseURL: `https://${name}` },
});

interface Others {
  readonly shards: Shard[];
  readonly made: Map<string, MadeCluster>;
  readonly announced: ReturnType<typeof announcer>;
}

const othersWith = (...shards: Shard[]): Others => ({ shards, made: new Map(), announced: announcer() });

const create =
  ({ shards, made, announced }: Others) =>
  (environment: TestEnvironment) => {
    const deps = dependenciesOf(environment);
    return createWorkspaceProgress({
      ...deps,
      plan: {
        served: deps.served,
        uuid: deps.random.uuid,
        shardNumber: 1,
        random: deps.random,
        caBundle: 'CA',
        placing: { ownShard: 'one', load: () => 1 },
        shards: () => shards,
        resolve: resolvePath,
        export: () => undefined,
        schema: () => undefined,
        boundSchema: () => undefined,
        keepSchema: () => undefined,
        nothingIn: (cluster) => environment.store.unchanged({ cluster }),
      },
      types: typesOf(environment),
      workspacesPrefix: () => prefixOf('tenancy.kcp.io', 'workspaces'),
      shardsPrefix: () => prefixOf('core.kcp.io', 'shards'),
      pathOf,
      otherShards: {
        ...noOtherShards('one'),
        knows: (name) => shards.some(({ metadata }) => metadata.name === name),
        createCluster(_shard, { cluster, path }) {
          const one = { phase: 'Ready', initializers: [], terminators: [], url: `https://two/clusters/${path}` };
          made.set(cluster, one);
          return Promise.resolve(one);
        },
        describeCluster: (_shard, cluster) => Promise.resolve(made.get(cluster)),
      },
      clustersOfOtherShards: announced.source,
    });
  };

const workspaceKey = keyOf('parent', 'tenancy.kcp.io', 'workspaces', 'ws');

const workspaceType: KubeObject = {
  apiVersion: 'tenancy.kcp.io/v1alpha1',
  kind: 'WorkspaceType',
  metadata: { name: 'team' },
  spec: {},
};

function workspace(
  parts: {
    readonly annotations?: object;
    readonly spec?: object;
    readonly status?: object;
    readonly metadata?: object;
  } = {},
): KubeObject {
  const { annotations = {}, spec = {}, status, metadata } = parts;
  return {
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: {
      name: 'ws',
      uid: 'u1',
      annotations: { 'experimental.tenancy.kcp.io/owner': '{"username":"ann","groups":["g"]}', ...annotations },
      ...metadata,
    },
    spec: { type: { path: 'root', name: 'team' }, ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

const owner = {
  apiVersion: 'tenancy.kcp.io/v1alpha1',
  resource: 'workspaces',
  cluster: 'parent',
  name: 'ws',
  uid: 'u1',
};
const clusterIn = (phase: string, initializers: readonly string[] = []) =>
  logicalCluster({ spec: { owner }, status: { phase, ...(initializers.length === 0 ? {} : { initializers }) } });
const binding = (completed: boolean): KubeObject => ({
  apiVersion: 'apis.kcp.io/v1alpha2',
  kind: 'APIBinding',
  metadata: { name: 'b' },
  status: {
    conditions: [
      { type: 'InitialBindingCompleted', status: completed ? 'True' : 'False', lastTransitionTime: testTime },
    ],
  },
});

type Tested = Awaited<ReturnType<typeof testController>>;

const found = (test: Tested) => test.get<Workspace>(workspaceKey);
const type = inCluster('root', workspaceType);
const bindings = 'system:apibindings';

describe('workspace-progress', () => {
  it('schedules a workspace, and makes its cluster in the same commit', async () => {
    await using test = await testController(create(othersWith(shard('one'))), {
      ...type,
      ...inCluster('parent', workspace()),
    });
    const { spec, status, metadata } = found(test) ?? {};
    expect([status?.phase, spec?.URL]).toEqual(['Ready', 'https://one/clusters/root:parent:ws']);
    expect(metadata?.annotations).toMatchObject({ [shardAnnotation]: 'one' });
    expect(test.get<LogicalCluster>(logicalClusterKey(spec?.cluster ?? ''))?.spec?.owner).toMatchObject({
      name: 'ws',
      uid: 'u1',
    });
  });

  it('a workspace without a shard is unavailable until there is one', async () => {
    const others = othersWith();
    await using test = await testController(create(others), { ...type, ...inCluster('parent', workspace()) });
    expect(found(test)?.status).toMatchObject({ phase: 'Unavailable', conditions: [{ reason: 'Unschedulable' }] });
    others.shards.push(shard('one'));
    await test.put(keyOf('root', 'core.kcp.io', 'shards', 'one'), shard('one'));
    expect(found(test)?.status?.phase).toBe('Ready');
  });

  it('a workspace of no type, or that is deleted, is left alone', async () => {
    const deleted = workspace({ metadata: { name: 'ws2', deletionTimestamp: testTime, finalizers: ['x.io/y'] } });
    const objects = inCluster('parent', workspace(), deleted);
    await using test = await testController(create(othersWith(shard('one'))), objects);
    expect(Object.keys(objects).map((key) => test.get(key))).toEqual(Object.values(objects));
  });

  it('has another shard make the cluster, and mirrors what that shard says', async () => {
    const others = othersWith(shard('two'));
    await using test = await testController(create(others), { ...type, ...inCluster('parent', workspace()) });
    const { spec, status } = found(test) ?? {};
    expect([status?.phase, spec?.URL]).toEqual(['Ready', 'https://two/clusters/root:parent:ws']);
    expect([...others.made.keys()]).toEqual([spec?.cluster]);
    others.made.set(spec?.cluster ?? '', { phase: 'Initializing', initializers: ['root:x'], terminators: [], url: '' });
    await test.after(() => others.announced.announce([workspaceKey]));
    expect(found(test)?.status).toMatchObject({ phase: 'Initializing', initializers: ['root:x'] });
  });

  it('schedules a workspace again whose shard has left', async () => {
    const annotations = { [shardAnnotation]: 'left', [clusterNameAnnotation]: 'c1' };
    const scheduling = workspace({ annotations, status: { phase: 'Scheduling' } });
    await using test = await testController(create(othersWith(shard('one'))), {
      ...type,
      ...inCluster('parent', scheduling),
    });
    expect(found(test)?.metadata.annotations).toMatchObject({ [shardAnnotation]: 'one' });
    expect(found(test)?.status?.phase).toBe('Ready');
  });

  it.each([
    { name: 'Ready', cluster: clusterIn('Ready'), phase: 'Ready', left: undefined },
    {
      name: 'Initializing, with the initializers',
      cluster: clusterIn('Initializing', ['root:x']),
      phase: 'Initializing',
      left: ['root:x'],
    },
    { name: 'nothing once the cluster is gone', cluster: undefined, phase: 'Initializing', left: undefined },
  ])('mirrors of its cluster: $name', async ({ cluster, phase, left }) => {
    const placed = workspace({ spec: { cluster: 'c1' }, status: { phase: 'Initializing' } });
    const objects = { ...inCluster('parent', placed), ...(cluster === undefined ? {} : inCluster('c1', cluster)) };
    await using test = await testController(create(othersWith(shard('one'))), objects);
    expect([found(test)?.status?.phase, found(test)?.status?.initializers]).toEqual([phase, left]);
  });

  it.each([
    { name: 'without bindings it is done', initializers: [bindings], objects: [], expected: ['Ready', undefined] },
    {
      name: 'with bound bindings it is done',
      initializers: [bindings],
      objects: [binding(true)],
      expected: ['Ready', undefined],
    },
    {
      name: 'with a binding that is not bound it stays',
      initializers: [bindings],
      objects: [binding(false)],
      expected: ['Initializing', [bindings]],
    },
    {
      name: 'those of others stay',
      initializers: [bindings, 'root:x'],
      objects: [],
      expected: ['Initializing', ['root:x']],
    },
  ])('the initializer of bindings: $name', async ({ initializers, objects, expected }) => {
    const cluster = clusterIn('Initializing', initializers);
    await using test = await testController(create(othersWith()), inCluster('c1', cluster, ...objects));
    const { status } = test.get<LogicalCluster>(logicalClusterKey('c1')) ?? {};
    expect([status?.phase, status?.initializers]).toEqual(expected);
  });

  it('cluster and workspace become Ready when the last binding is bound', async () => {
    const placed = workspace({ spec: { cluster: 'c1' }, status: { phase: 'Initializing' } });
    const objects = {
      ...inCluster('parent', placed),
      ...inCluster('c1', clusterIn('Initializing', [bindings]), binding(false)),
    };
    await using test = await testController(create(othersWith()), objects);
    expect(found(test)?.status?.phase).toBe('Initializing');
    await test.put(bindingKey('c1', 'b'), binding(true));
    expect(test.get<LogicalCluster>(logicalClusterKey('c1'))?.status?.phase).toBe('Ready');
    expect(found(test)?.status?.phase).toBe('Ready');
  });
});
