/**
 * Promises about workspaces: what a ready one is, types and initializers, scheduling and deletion.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import {
  admit,
  base,
  bindingsOf,
  bindRole,
  condition,
  configMap,
  configMapsOf,
  done,
  field,
  grant,
  logicalClusterOf,
  makeWorkspace,
  names,
  workspacesOf,
} from '../harness/objects.ts';
import type { ServerWithUsers } from '../harness/users.ts';
import { startServerWithUsers } from '../harness/users.ts';

let server: ServerWithUsers;
let admin: ApiClient;

beforeAll(async () => {
  server = await startServerWithUsers();
  admin = server.admin;
});

afterAll(() => server[Symbol.asyncDispose]());

const universal = { type: { path: 'root', name: 'universal' } };
const workspaceObject = (name: string, spec: object = universal) => ({
  apiVersion: 'tenancy.kcp.io/v1alpha1',
  kind: 'Workspace',
  metadata: { name },
  spec,
});
const typesOf = (path: string) => `${base(path)}/apis/tenancy.kcp.io/v1alpha1/workspacetypes`;
const workspaceType = (name: string, spec: object) => ({
  apiVersion: 'tenancy.kcp.io/v1alpha1',
  kind: 'WorkspaceType',
  metadata: { name },
  spec,
});

it('conditions: a Ready workspace is readable by name and path, is bound and discoverable, and names its shard', async () => {
  for (const metadata of [{ name: 'named' }, { generateName: 'some-' }]) {
    const made = await done(admin.post(workspacesOf('root'), { ...workspaceObject('x'), metadata }));
    const { name } = made.metadata;
    const ready = await admin.until(
      `${workspacesOf('root')}/${name}`,
      ({ body }) => field(body, 'status.phase') === 'Ready',
    );
    const cluster = String(field(ready.body, 'spec.cluster'));
    for (const at of [cluster, `root:${name}`]) expect((await admin.get(logicalClusterOf(at))).status).toBe(200);
    const bindings = (await admin.get(bindingsOf(cluster))).body['items'] as object[];
    expect(bindings.length).toBeGreaterThan(0);
    for (const binding of bindings) {
      expect(field(binding, 'status.phase')).toBe('Bound');
      for (const { group } of field(binding, 'status.boundResources') as { group: string }[]) {
        expect((await admin.get(`${base(cluster)}/apis/${group}/v1alpha1`)).status, group).toBe(200);
      }
    }
    const shards = await admin.get(`${base('root')}/apis/core.kcp.io/v1alpha1/shards`);
    expect(names(shards.body)).toContain(ready.body.metadata.annotations?.['core.kcp.io/shard']);
  }
});

it('conditions: a workspace asks for a shard by the label name, which every shard carries', async () => {
  const shards = (await admin.get(`${base('root')}/apis/core.kcp.io/v1alpha1/shards`)).body['items'] as {
    metadata: { name: string; labels?: Record<string, string> };
  }[];
  for (const { metadata } of shards) expect(metadata.labels?.['name']).toBe(metadata.name);
  const location = { selector: { matchLabels: { name: shards[0]?.metadata.name ?? '' } } };
  await makeWorkspace(admin, 'root', 'placed', { ...universal, location });
});

it('conditions: cluster-admin and workspace access are roles of every workspace', async () => {
  const { path } = await makeWorkspace(admin, 'root', 'roles', universal);
  const user = server.as('user-3');
  expect((await user.get(configMapsOf(path))).status).toBe(403);
  await admit(admin, path, 'user-3');
  expect((await user.get(`${base(path)}/apis`)).status).toBe(200);
  expect((await user.get(configMapsOf(path))).status).toBe(403);
  await bindRole(admin, path, 'all', 'user-3', 'cluster-admin');
  expect((await user.get(configMapsOf(path))).status).toBe(200);
});

it('conditions: health is steady while a hundred clients ask every few milliseconds', async () => {
  const polls = Array.from({ length: 100 }, async () => {
    for (let round = 0; round < 5; round++) {
      for (const path of ['/livez', '/readyz']) expect((await admin.get(path)).status).toBe(200);
    }
  });
  const work = Array.from({ length: 20 }, (_, at) =>
    done(admin.post(configMapsOf('root:roles'), configMap(`load-${at}`))),
  );
  await Promise.all([...polls, ...work]);
});

it('P54: a type is defaulted, has to exist and may be used by who may', async () => {
  const { path } = await makeWorkspace(admin, 'root', 'p54', universal);
  const defaulted = await done(admin.post(workspacesOf(path), { ...workspaceObject('child'), spec: {} }));
  expect(field(defaulted, 'spec.type')).toEqual({ name: 'universal', path: 'root' });
  const unknown = await admin.post(
    workspacesOf(path),
    workspaceObject('none', { type: { name: 'nothing', path: 'root' } }),
  );
  expect(unknown.status).toBe(403);
  await admin.post(
    typesOf(path),
    workspaceType('special', { extend: { with: [{ name: 'universal', path: 'root' }] } }),
  );
  const other = await makeWorkspace(admin, 'root', 'p54-other', universal);
  await admit(admin, other.path, 'user-1');
  await bindRole(admin, other.path, 'all', 'user-1', 'cluster-admin');
  const special = workspaceObject('mine', { type: { name: 'special', path } });
  const refused = await server.as('user-1').post(workspacesOf(other.path), special);
  expect(refused.status, refused.text).toBe(403);
  expect(refused.text).toContain("verb='use'");
  await grant(admin, path, 'use-special', 'user-1', [
    { apiGroups: ['tenancy.kcp.io'], resources: ['workspacetypes'], resourceNames: ['special'], verbs: ['use'] },
  ]);
  const allowed = await server.as('user-1').post(workspacesOf(other.path), special);
  expect(allowed.status, allowed.text).toBe(201);
});

it('P54: an initializer keeps a workspace Initializing, and its removal makes it Ready', async () => {
  const { path, cluster: owner } = await makeWorkspace(admin, 'root', 'p54-init', universal);
  await done(
    admin.post(
      typesOf(path),
      workspaceType('slow', { initializer: true, extend: { with: [{ name: 'universal', path: 'root' }] } }),
    ),
  );
  const made = await done(admin.post(workspacesOf(path), workspaceObject('waiting', { type: { name: 'slow', path } })));
  const url = `${workspacesOf(path)}/${made.metadata.name}`;
  const waiting = await admin.until(url, ({ body }) => field(body, 'status.phase') === 'Initializing');
  expect(field(waiting.body, 'status.initializers')).toEqual([`${owner}:slow`]);
  const cluster = `${logicalClusterOf(String(field(waiting.body, 'spec.cluster')))}/status`;
  const logical = await server.shardAdmin.get(cluster);
  const removed = await server.shardAdmin.put(cluster, {
    ...logical.body,
    status: { ...(logical.body['status'] as object), initializers: [] },
  });
  expect(removed.status, removed.text).toBe(200);
  await admin.until(url, ({ body }) => field(body, 'status.phase') === 'Ready');
});

it('P57: a workspace that no shard can take is Unavailable until one can', async () => {
  const location = { selector: { matchLabels: { planet: 'mars' } } };
  await done(admin.post(workspacesOf('root'), workspaceObject('homeless', { ...universal, location })));
  const url = `${workspacesOf('root')}/homeless`;
  const waiting = await admin.until(url, ({ body }) => condition(body, 'WorkspaceScheduled') === 'False/Unschedulable');
  expect(field(waiting.body, 'status.phase')).toBe('Unavailable');
  expect(waiting.text).toContain('No available shards to schedule the workspace');
  const shards = `${base('root')}/apis/core.kcp.io/v1alpha1/shards`;
  const [shard = ''] = names((await server.shardAdmin.get(shards)).body);
  await done(server.shardAdmin.patch(`${shards}/${shard}`, { metadata: { labels: { planet: 'mars' } } }));
  await admin.until(url, ({ body }) => field(body, 'status.phase') === 'Ready');
});

it('P58: a workspace goes after its content, which stays reachable while it goes', async () => {
  const { path, cluster } = await makeWorkspace(admin, 'root', 'p58', universal);
  const url = `${workspacesOf('root')}/p58`;
  expect((await admin.get(url)).body.metadata.finalizers?.length ?? 0).toBeGreaterThan(0);
  const namespace = await admin.delete(`${base(path)}/api/v1/namespaces/default`);
  expect(namespace.status).toBe(403);
  await done(
    admin.post(configMapsOf(path), {
      ...configMap('held'),
      metadata: { name: 'held', finalizers: ['wild.west/hold'] },
    }),
  );
  expect((await admin.delete(url)).status).toBe(200);
  await admin.until(url, ({ body }) => condition(body, 'WorkspaceContentDeleted')?.startsWith('False') === true);
  expect((await admin.get(`${configMapsOf(path)}/held`)).status).toBe(200);
  await done(admin.patch(`${configMapsOf(path)}/held`, { metadata: { finalizers: null } }));
  await admin.until(url, ({ status }) => status === 404);
  const left = await server.shardAdmin.get(`${base(cluster)}/api/v1/configmaps`);
  expect(left.status, left.text).toBe(200);
  expect(names(left.body)).toEqual([]);
});

it("P58: somebody else's finalizer on the LogicalCluster keeps that, without its content and without kcp's finalizers", async () => {
  const { path, cluster } = await makeWorkspace(admin, 'root', 'p58-kept', universal);
  const url = `${workspacesOf('root')}/p58-kept`;
  const own = logicalClusterOf(cluster);
  const { finalizers = [] } = (await admin.get(own)).body.metadata;
  expect(finalizers).toEqual(['core.kcp.io/logicalcluster-deletion']);
  await done(admin.patch(own, { metadata: { finalizers: [...finalizers, 'wild.west/hold'] } }));
  await done(admin.post(configMapsOf(path), configMap('gone')));
  await done(admin.delete(url));
  const kept = await admin.until(own, ({ body }) => body.metadata.finalizers?.length === 1);
  expect(kept.body.metadata.finalizers).toEqual(['wild.west/hold']);
  expect(condition(kept.body, 'WorkspaceContentDeleted')).toBe('True');
  expect(names((await server.shardAdmin.get(`${base(cluster)}/api/v1/configmaps`)).body)).toEqual([]);
  const waiting = await admin.until(url, ({ text }) => text.includes('logicalclusters.core.kcp.io has 1 resource'));
  expect(condition(waiting.body, 'WorkspaceContentDeleted')).toBe('False/SomeResourcesRemain');
  await done(admin.patch(own, { metadata: { finalizers: null } }));
  await admin.until(url, ({ status }) => status === 404);
  expect((await server.shardAdmin.get(own)).status).toBe(404);
});

it('P58: deleting an organization deletes the workspaces below it', async () => {
  const top = await makeWorkspace(admin, 'root', 'p58-top', { type: { path: 'root', name: 'organization' } });
  const middle = await makeWorkspace(admin, top.path, 'middle', universal);
  const low = await makeWorkspace(admin, middle.path, 'low', universal);
  await done(admin.post(configMapsOf(low.path), configMap('deep')));
  await done(admin.delete(`${workspacesOf('root')}/p58-top`));
  await admin.until(`${workspacesOf('root')}/p58-top`, ({ status }) => status === 404);
  for (const { cluster } of [top, middle, low]) {
    const left = await server.shardAdmin.get(`${base(cluster)}/api/v1/configmaps`);
    expect(left.status).toBe(200);
    expect(names(left.body)).toEqual([]);
    expect((await server.shardAdmin.get(logicalClusterOf(cluster))).status).toBe(404);
  }
});
