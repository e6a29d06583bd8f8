/**
 * Where workspaces go, and that nothing is left of them anywhere, in an installation of three
 * shards.
 */
import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import {
  base,
  bindingsOf,
  condition,
  configMap,
  configMapsOf,
  done,
  field,
  logicalClusterOf,
  makeWorkspace,
  names,
  typesOf,
  workspacesOf,
} from '../harness/objects.ts';
import type { Sharded, ShardName } from '../harness/sharded.ts';
import { missing, onShard, shardNames, shareInstallation, universal } from '../harness/sharded.ts';

let sharded: Sharded;
let admin: ApiClient;

shareInstallation((started) => {
  sharded = started;
  admin = started.admin;
});

const shardsOfRoot = `${base('root')}/apis/core.kcp.io/v1alpha1/shards`;
const everyCluster = `${base('*')}/apis/core.kcp.io/v1alpha1/logicalclusters`;
const unschedulable = 'experimental.core.kcp.io/unschedulable';
const workspaceObject = (name: string, spec: object) => ({
  apiVersion: 'tenancy.kcp.io/v1alpha1',
  kind: 'Workspace',
  metadata: { name },
  spec,
});

interface Placed {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

/** The clusters that a shard has, by name. */
async function clustersOn(shard: ShardName): Promise<readonly string[]> {
  const list = await sharded.shard(shard).get(everyCluster);
  expect(list.status, list.text).toBe(200);
  const items = list.body['items'] as readonly Placed[];
  return items.map(({ metadata }) => metadata.annotations?.['kcp.io/cluster'] ?? '').sort();
}

const allClusters = async () => (await Promise.all(shardNames.map(clustersOn))).flat().sort();

async function placeOf(path: string, name: string): Promise<string | undefined> {
  return (await admin.get(`${workspacesOf(path)}/${name}`)).body.metadata.annotations?.['core.kcp.io/shard'];
}

async function setUnschedulable(shard: ShardName, value: string | null): Promise<void> {
  await done(admin.patch(`${shardsOfRoot}/${shard}`, { metadata: { annotations: { [unschedulable]: value } } }));
}

/** Waits until no shard has any of these clusters. */
async function untilGone(clusters: readonly string[]): Promise<void> {
  for (const shard of shardNames)
    await sharded.shard(shard).until(everyCluster, ({ text }) => clusters.every((name) => !text.includes(name)));
}

describe.skipIf(missing !== undefined)(`placement${missing === undefined ? '' : ` (${missing})`}`, () => {
  it('a workspace goes to the shard that its location selects, and is there alone', async () => {
    for (const shard of shardNames) {
      const { cluster, path } = await sharded.workspace(`at-${shard}`, shard);
      expect(await placeOf('root', `at-${shard}`)).toBe(shard);
      for (const other of shardNames) expect((await clustersOn(other)).includes(cluster), other).toBe(other === shard);
      const own = await admin.get(logicalClusterOf(path));
      expect(own.body.metadata.annotations?.['core.kcp.io/shard']).toBe(shard);
    }
  });

  it('a workspace shows the initializers of its cluster, wherever that is, as they are taken away', async () => {
    const { path, cluster: owner } = await sharded.workspace('two-steps', 'root');
    const typeOf = (name: string, others: readonly object[]) => ({
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      kind: 'WorkspaceType',
      metadata: { name },
      spec: { initializer: true, extend: { with: [{ name: 'universal', path: 'root' }, ...others] } },
    });
    await done(admin.post(typesOf(path), typeOf('first', [])));
    await done(admin.post(typesOf(path), typeOf('second', [{ name: 'first', path }])));
    const [first, second] = [`${owner}:first`, `${owner}:second`];
    const spec = { ...onShard('shard-2'), type: { name: 'second', path } };
    await done(admin.post(workspacesOf(path), workspaceObject('waits', spec)));
    const url = `${workspacesOf(path)}/waits`;
    const shown = (initializers: readonly string[]) =>
      admin.until(url, ({ body }) => {
        const found = (field(body, 'status.initializers') ?? []) as readonly string[];
        return JSON.stringify([...found].sort()) === JSON.stringify([...initializers].sort());
      });
    const both = await shown([first, second]);
    const status = `${logicalClusterOf(String(field(both.body, 'spec.cluster')))}/status`;
    const direct = sharded.shard('shard-2');
    const logical = await direct.get(status);
    const left = { ...(logical.body['status'] as object), initializers: [second] };
    await done(direct.put(status, { ...logical.body, status: left }));
    const one = await shown([second]);
    expect(field(one.body, 'status.phase')).toBe('Initializing');
  });

  it('conditions: a workspace on any shard is as ready as one on the shard of its parent', async () => {
    const shapes: unknown[] = [];
    for (const shard of shardNames) {
      const name = `ready-${shard}`;
      const made = await sharded.workspace(name, shard);
      const { body } = await admin.get(`${workspacesOf('root')}/${name}`);
      expect(field(body, 'spec.URL')).toBe(`${sharded.cluster.url}/clusters/root:${name}`);
      for (const at of [made.cluster, made.path]) expect((await admin.get(logicalClusterOf(at))).status).toBe(200);
      const bindings = (await admin.get(bindingsOf(made.path))).body['items'] as object[];
      expect(bindings.length).toBeGreaterThan(0);
      for (const binding of bindings) {
        expect(field(binding, 'status.phase')).toBe('Bound');
        for (const { group } of field(binding, 'status.boundResources') as { group: string }[])
          expect((await admin.get(`${base(made.path)}/apis/${group}/v1alpha1`)).status, group).toBe(200);
      }
      const conditions = field(body, 'status.conditions') as { type: string; status: string }[];
      shapes.push({
        phase: field(body, 'status.phase'),
        conditions: conditions.map(({ type, status }) => `${type}=${status}`),
        annotations: Object.keys(body.metadata.annotations ?? {}).sort(),
        labels: Object.entries(body.metadata.labels ?? {}),
        finalizers: body.metadata.finalizers,
      });
    }
    expect(shapes[1]).toEqual(shapes[0]);
    expect(shapes[2]).toEqual(shapes[0]);
  });

  it('a workspace below one of another shard may be on a third, and both its path and its name lead there', async () => {
    const parent = await sharded.workspace('across', 'shard-1');
    for (const shard of shardNames) {
      const child = await sharded.workspace(`child-${shard}`, shard, parent.path);
      expect(await placeOf(parent.path, `child-${shard}`)).toBe(shard);
      await done(admin.post(configMapsOf(child.path), configMap('here')));
      expect(names((await admin.get(configMapsOf(child.cluster))).body)).toContain('here');
      expect(names((await sharded.shard(shard).get(configMapsOf(child.cluster))).body)).toContain('here');
    }
  });

  it('P57: a workspace waits for a shard with the labels that it asks for', async () => {
    const parent = await sharded.workspace('p57', 'shard-1');
    const location = { selector: { matchLabels: { planet: 'mars' } } };
    for (const at of ['root', parent.path]) {
      await done(admin.post(workspacesOf(at), workspaceObject('homeless', { ...universal, location })));
      const waiting = await admin.until(
        `${workspacesOf(at)}/homeless`,
        ({ body }) => condition(body, 'WorkspaceScheduled') === 'False/Unschedulable',
      );
      expect(field(waiting.body, 'status.phase')).toBe('Unavailable');
      expect(waiting.text).toContain('No available shards to schedule the workspace');
    }
    await done(admin.patch(`${shardsOfRoot}/shard-2`, { metadata: { labels: { planet: 'mars' } } }));
    for (const at of ['root', parent.path]) {
      await admin.until(`${workspacesOf(at)}/homeless`, ({ body }) => field(body, 'status.phase') === 'Ready');
      expect(await placeOf(at, 'homeless')).toBe('shard-2');
    }
    await done(admin.patch(`${shardsOfRoot}/shard-2`, { metadata: { labels: { planet: null } } }));
  });

  it('P57: a shard marked unschedulable gets nothing until the mark goes', async () => {
    await setUnschedulable('shard-1', 'true');
    await done(admin.post(workspacesOf('root'), workspaceObject('refused', onShard('shard-1'))));
    await admin.until(
      `${workspacesOf('root')}/refused`,
      ({ body }) => condition(body, 'WorkspaceScheduled') === 'False/Unschedulable',
    );
    const before = await clustersOn('shard-1');
    await Promise.all(Array.from({ length: 30 }, (_, at) => makeWorkspace(admin, 'root', `around-${at}`, universal)));
    expect(await clustersOn('shard-1')).toEqual(before);
    await setUnschedulable('shard-1', null);
    await admin.until(`${workspacesOf('root')}/refused`, ({ body }) => field(body, 'status.phase') === 'Ready');
    expect(await placeOf('root', 'refused')).toBe('shard-1');
  });

  it('workspaces that ask for nothing keep the shards level', async () => {
    const spread = async () => (await Promise.all(shardNames.map(clustersOn))).map((clusters) => clusters.length);
    for (let round = 0; round < 6; round++)
      await Promise.all(
        Array.from({ length: 15 }, (_, at) => makeWorkspace(admin, 'root', `level-${round}-${at}`, universal)),
      );
    const counts = await spread();
    // The shard of the parent may be a little fuller: workspaces beside their parent cost less.
    expect(Math.max(...counts) - Math.min(...counts), counts.join(' ')).toBeLessThanOrEqual(24);
  });

  it('a tree over all shards that is deleted from the top leaves nothing on any of them', async () => {
    const before = await allClusters();
    const top = await makeWorkspace(admin, 'root', 'tree', {
      ...onShard('shard-1'),
      type: { path: 'root', name: 'organization' },
    });
    const all = [top.cluster];
    for (const shard of shardNames) {
      const middle = await sharded.workspace(`middle-${shard}`, shard, top.path);
      all.push(middle.cluster);
      for (const below of shardNames) {
        const low = await sharded.workspace(`low-${below}`, below, middle.path);
        all.push(low.cluster);
        await done(admin.post(configMapsOf(low.path), configMap('deep')));
      }
    }
    expect(await allClusters()).toEqual([...before, ...all].sort());
    await done(admin.delete(`${workspacesOf('root')}/tree`));
    await admin.until(`${workspacesOf('root')}/tree`, ({ status }) => status === 404);
    expect(await allClusters()).toEqual(before);
    for (const cluster of all) {
      expect((await admin.get(logicalClusterOf(cluster))).status).toBe(403);
      for (const shard of shardNames)
        expect(names((await sharded.shard(shard).get(`${base(cluster)}/api/v1/configmaps`)).body)).toEqual([]);
    }
    expect((await admin.get(logicalClusterOf('root:tree:middle-root'))).status).toBe(403);
  });

  it('workspaces that are deleted while another shard is still making them leave nothing there', async () => {
    const before = await allClusters();
    await Promise.all(
      Array.from({ length: 60 }, async (_, at) => {
        const shard = at % 2 === 0 ? 'shard-1' : 'shard-2';
        await done(admin.post(workspacesOf('root'), workspaceObject(`brief-${at}`, onShard(shard))));
        for (let round = 0; round < at % 4; round++) await admin.get(`${workspacesOf('root')}/brief-${at}`);
        await done(admin.delete(`${workspacesOf('root')}/brief-${at}`));
      }),
    );
    await admin.until(workspacesOf('root'), ({ body }) => !names(body).some((name) => name.startsWith('brief-')));
    expect(await allClusters()).toEqual(before);
  });

  it('P58: content with a finalizer holds the tree over all shards, and can be reached until it lets go', async () => {
    const top = await sharded.workspace('held', 'shard-2');
    const middle = await sharded.workspace('middle', 'root', top.path);
    const low = await sharded.workspace('low', 'shard-1', middle.path);
    const held = { ...configMap('held'), metadata: { name: 'held', finalizers: ['wild.west/hold'] } };
    await done(admin.post(configMapsOf(low.path), held));
    await done(admin.delete(`${workspacesOf('root')}/held`));
    await admin.until(
      `${workspacesOf('root')}/held`,
      ({ body }) => condition(body, 'WorkspaceContentDeleted')?.startsWith('False') === true,
    );
    for (const at of [low.path, low.cluster])
      expect((await admin.get(`${configMapsOf(at)}/held`)).status, at).toBe(200);
    await done(admin.patch(`${configMapsOf(low.path)}/held`, { metadata: { finalizers: null } }));
    await admin.until(`${workspacesOf('root')}/held`, ({ status }) => status === 404);
    await untilGone([top.cluster, middle.cluster, low.cluster]);
  });

  it('a finalizer on the Workspace itself keeps its cluster on another shard whole', async () => {
    const { cluster, path } = await sharded.workspace('kept', 'shard-1');
    const url = `${workspacesOf('root')}/kept`;
    const { finalizers = [] } = (await admin.get(url)).body.metadata;
    await done(admin.patch(url, { metadata: { finalizers: [...finalizers, 'wild.west/hold'] } }));
    await done(admin.post(configMapsOf(path), configMap('whole')));
    await done(admin.delete(url));
    expect((await admin.get(`${configMapsOf(path)}/whole`)).status).toBe(200);
    const left = (await admin.get(url)).body.metadata.finalizers ?? [];
    await done(admin.patch(url, { metadata: { finalizers: left.filter((text) => text !== 'wild.west/hold') } }));
    await admin.until(url, ({ status }) => status === 404);
    await untilGone([cluster]);
  });

  it('P34, P35: each shard lists over all of its own clusters and no others, and not for everybody', async () => {
    const [one, two] = [await sharded.workspace('wide-1', 'root'), await sharded.workspace('wide-2', 'shard-1')];
    for (const { path } of [one, two]) await done(admin.post(configMapsOf(path), configMap('wide')));
    const wide = `${base('*')}/api/v1/configmaps`;
    const partial = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
    for (const [shard, { cluster }, other] of [
      ['root', one, two],
      ['shard-1', two, one],
    ] as const) {
      for (const accept of ['application/json', partial]) {
        const list = await sharded.shard(shard).get(wide, { accept });
        expect(list.status, list.text).toBe(200);
        expect(list.text).toContain(cluster);
        expect(list.text).not.toContain(other.cluster);
      }
    }
    expect((await sharded.as('alice').get(wide)).status).toBe(403);
  });
});
