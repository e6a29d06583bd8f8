import type { KubeObject } from '@kcp-ts/api';
import { createFeedProjection } from '@kcp-ts/sharding';
import type { Store } from '@kcp-ts/storage';
import { createMemoryStore, encodeStored, formatKey, parseKey, parseStored } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { expect, it } from 'vitest';
import { composeTestShard } from './shard.fixture.ts';

const rbac = 'rbac.authorization.k8s.io';
const { project } = createFeedProjection(() => undefined);

function put(
  store: Store,
  group: string,
  resource: string,
  name: string,
  rest: object,
  namespace = '',
  cluster = 'root',
) {
  const key = formatKey({ group, resource, identity: '-' as const, cluster, namespace, name });
  const object = { apiVersion: `${group}/v1`, kind: 'X', metadata: { name, uid: name }, ...rest };
  const value = encodeStored('0123456789abcdef', 0, JSON.stringify(object));
  return store.commit([{ op: 'put', key, expect: 'any', value: () => value }]);
}

/** Why each object of a kind leaves the shard; those that stay are not named. */
function leaving(store: Store, resource: string, group = rbac): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { key, value } of store.scan({ prefix: `${group}/${resource}/-/root/` }, 1_000)) {
    if (project({ type: 'put', key, value, previous: undefined }).kind === 'none') continue;
    const { metadata } = parseStored<KubeObject>(value);
    found[metadata.name] = metadata.annotations?.['internal.kcp.io/replicate'] ?? '';
  }
  return found;
}

const rule = (apiGroups: string[], resources: string[], verbs: string[]) => ({ apiGroups, resources, verbs });
const bindRule = rule(['apis.kcp.io'], ['apiexports'], ['bind']);
const roleRef = (name: string, kind = 'ClusterRole') => ({ roleRef: { apiGroup: rbac, kind, name } });
const subjects = (name: string) => ({ subjects: [{ kind: 'User', name, apiGroup: rbac }] });

it('of the RBAC of a workspace that others bind to leaves what says who may bind, use or enter, and nothing else', async () => {
  const clock = createManualClock(Date.now());
  await using store = createMemoryStore({ clock });
  await using _ = await composeTestShard({ store, clock });
  const before = leaving(store, 'clusterroles');
  const bindingsBefore = leaving(store, 'clusterrolebindings');
  await put(store, rbac, 'clusterroles', 'binder', { rules: [bindRule] });
  await put(store, rbac, 'clusterroles', 'content', {
    rules: [rule(['apis.kcp.io'], ['apiexports/content'], ['get'])],
  });
  await put(store, rbac, 'clusterroles', 'user', { rules: [rule(['tenancy.kcp.io'], ['workspacetypes'], ['use'])] });
  await put(store, rbac, 'clusterroles', 'enter', { rules: [{ nonResourceURLs: ['/'], verbs: ['access'] }] });
  await put(store, rbac, 'clusterroles', 'reader', { rules: [rule([''], ['configmaps'], ['get'])] });
  await put(store, rbac, 'clusterroles', 'bounded', { rules: [rule(['wild.west'], ['cowboys'], ['get'])] });
  await put(store, rbac, 'clusterrolebindings', 'binds', { ...roleRef('binder'), ...subjects('ann') });
  await put(store, rbac, 'clusterrolebindings', 'reads', { ...roleRef('reader'), ...subjects('ann') });
  await put(store, rbac, 'clusterrolebindings', 'bounds', {
    ...roleRef('bounded'),
    ...subjects('apis.kcp.io:binding:ann'),
  });
  // What is in a namespace decides about nothing across workspaces: as in kcp it stays.
  await put(store, rbac, 'roles', 'binder', { rules: [bindRule] }, 'default');
  await put(store, rbac, 'rolebindings', 'binds', { ...roleRef('binder', 'Role'), ...subjects('ann') }, 'default');

  const wanted = {
    binder: 'apis.kcp.io',
    content: 'apis.kcp.io',
    user: 'tenancy.kcp.io',
    enter: 'core.kcp.io',
    bounded: 'apis.kcp.io',
  };
  const settled = async (resource: string, expected: Record<string, string>) => {
    for (let turn = 0; turn < 2_000; turn++) {
      if (JSON.stringify(leaving(store, resource)) === JSON.stringify(expected)) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(leaving(store, resource)).toEqual(expected);
  };
  const sorted = (all: Record<string, string>) =>
    Object.fromEntries(Object.entries(all).sort(([left], [right]) => (left < right ? -1 : 1)));
  await settled('clusterroles', sorted({ ...before, ...wanted }));
  await settled('clusterrolebindings', sorted({ ...bindingsBefore, binds: 'apis.kcp.io', bounds: 'apis.kcp.io' }));
  const bindings = leaving(store, 'clusterrolebindings');
  expect([leaving(store, 'roles'), leaving(store, 'rolebindings')]).toEqual([{}, {}]);

  // A role that no longer says so goes from the others.
  await put(store, rbac, 'clusterroles', 'binder', { rules: [rule([''], ['configmaps'], ['get'])] });
  const { binder: _gone, ...rest } = wanted;
  await settled('clusterroles', sorted({ ...before, ...rest }));
  const { binds: _unbound, ...others } = bindings;
  await settled('clusterrolebindings', others);
});

it('a binding never leaves the shard without its role, where system:admin has one of the same name', async () => {
  const clock = createManualClock(Date.now());
  await using store = createMemoryStore({ clock });
  await using _ = await composeTestShard({ store, clock });
  const cluster = 'c9';
  const ended = new AbortController();
  const left = new Set<string>();
  const alone: string[] = [];
  const role = formatKey({
    group: rbac,
    resource: 'clusterroles',
    identity: '-' as const,
    cluster,
    namespace: '',
    name: 'view',
  });
  const binding = formatKey({ ...parseKey(role), identity: '-', resource: 'clusterrolebindings', name: 'binds' });
  const following = (async () => {
    for await (const events of store.watch({ prefix: `${rbac}/` }, store.currentRevision(), ended.signal)) {
      for (const event of events) {
        const { kind } = project(event);
        if (kind === 'put') left.add(event.key);
        else if (kind === 'delete') left.delete(event.key);
        if (left.has(binding) && !left.has(role)) alone.push(`revision ${event.revision}`);
      }
    }
  })();
  const until = async (wanted: boolean) => {
    for (let turn = 0; turn < 2_000 && (left.has(binding) !== wanted || left.has(role) !== wanted); turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      // Who lost a race looks again a moment later.
      clock.advance(1);
    }
    expect([left.has(binding), left.has(role)]).toEqual([wanted, wanted]);
  };
  const inCluster = (resource: string, name: string, rest: object, group = rbac) =>
    put(store, group, resource, name, rest, '', cluster);
  await inCluster('logicalclusters', 'cluster', {}, 'core.kcp.io');
  await inCluster('clusterroles', 'view', { rules: [bindRule] });
  await inCluster('clusterrolebindings', 'binds', { ...roleRef('view'), ...subjects('ann') });
  for (let round = 0; round < 5; round++) {
    await inCluster('apiexports', 'west', { spec: {} }, 'apis.kcp.io');
    await until(true);
    const key = formatKey({
      ...parseKey(role),
      identity: '-',
      group: 'apis.kcp.io',
      resource: 'apiexports',
      name: 'west',
    });
    await store.commit([{ op: 'delete', key, expect: 'any' }]);
    await until(false);
  }
  ended.abort();
  await following.catch(() => undefined);
  expect(alone).toEqual([]);
});
