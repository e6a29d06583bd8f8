/**
 * Data that an earlier version let tenants write is not believed: it is still in the store when a
 * newer one starts.
 */

import type { KubeObject } from '@kcp-ts/api';
import { homeClusterName } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import { createMemoryStore, encodeStored, formatKey, parseStored } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { logicalClusterKey } from '@kcp-ts/tenancy';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { askTestShard, composeTestShard } from './shard.fixture.ts';

const victim = 'a'.repeat(64);
let store: Store;
const clock = createManualClock(Date.now());

beforeEach(() => {
  store = createMemoryStore({ clock });
});

afterEach(() => store[Symbol.asyncDispose]());

async function put(key: string, object: object): Promise<void> {
  const value = encodeStored('0123456789abcdef', 0, JSON.stringify(object));
  await store.commit([{ op: 'put', key, expect: 'any', value: () => value }]);
}

const place = (group: string, resource: string, name: string, namespace = '') =>
  formatKey({ group, resource, identity: '-', cluster: 'root', namespace, name });

const annotations = { 'kcp.io/cluster': 'root' };

/**
 * An export of secrets and widgets with this identity, and a binding of root to it, all as if the
 * server had written them.
 */
async function forge(identityHash: string, cluster = 'root'): Promise<void> {
  const key = (group: string, resource: string, name: string) =>
    formatKey({ group, resource, identity: '-', cluster, namespace: '', name });
  const names = { plural: 'widgets', kind: 'Widget' };
  const version = { name: 'v1', served: true, storage: true, schema: { type: 'object' } };
  const schemaOf = (group: string, plural: string) => ({
    apiVersion: 'apis.kcp.io/v1alpha1',
    kind: 'APIResourceSchema',
    metadata: { name: `v1.${plural}.${group || 'core'}`, uid: `uid-${plural}`, annotations },
    spec: { group, names: { ...names, plural }, scope: 'Namespaced', versions: [version] },
  });
  await put(key('apis.kcp.io', 'apiresourceschemas', 'v1.secrets.core'), schemaOf('', 'secrets'));
  await put(key('apis.kcp.io', 'apiresourceschemas', 'v1.widgets.example.com'), schemaOf('example.com', 'widgets'));
  const resources = [
    { name: 'secrets', group: '', schema: 'v1.secrets.core' },
    { name: 'widgets', group: 'example.com', schema: 'v1.widgets.example.com' },
  ];
  await put(key('apis.kcp.io', 'apiexports', 'forged'), {
    apiVersion: 'apis.kcp.io/v1alpha2',
    kind: 'APIExport',
    metadata: { name: 'forged', uid: 'u', annotations: { 'kcp.io/cluster': cluster } },
    spec: { resources, identity: { secretRef: { namespace: 'default', name: 'none' } } },
    status: { identityHash, conditions: [{ type: 'IdentityValid', status: 'True', lastTransitionTime: '' }] },
  });
}

it('a forged identity serves nothing once a newer version has started', async () => {
  for (const identity of ['-', 'customresources', victim]) {
    await forge(identity, 'tenant');
    await put(logicalClusterKey('tenant'), {
      metadata: { name: 'cluster', uid: 'c', annotations: { 'kcp.io/path': 'root:tenant' } },
      status: { phase: 'Ready' },
    });
    await put(place('', 'secrets', 'top', 'default'), { metadata: { name: 'top', namespace: 'default', annotations } });
    await using shard = await composeTestShard({ store, clock });
    await using client = await askTestShard(shard, clock);
    const key = formatKey({
      group: 'apis.kcp.io',
      resource: 'apiexports',
      identity: '-',
      cluster: 'tenant',
      namespace: '',
      name: 'forged',
    });
    await expect
      .poll(() => {
        const entry = store.get(key);
        const status = entry === undefined ? undefined : (parseStored<KubeObject>(entry.value)['status'] as object);
        return JSON.stringify(status);
      })
      .toMatch('IdentityVerificationFailed');
    for (const path of ['api/v1/secrets', 'apis/example.com/v1/widgets']) {
      const { status, body } = await client.get(`/services/apiexport/tenant/forged/clusters/*/${path}`);
      expect(status, body).toBe(404);
    }
  }
});

it('what a forged binding binds under no identity is not served', async () => {
  await using shard = await composeTestShard({ store, clock });
  await using client = await askTestShard(shard, clock);
  for (const identityHash of ['-', 'customresources', 'x/y']) {
    await put(place('apis.kcp.io', 'apibindings', 'forged'), {
      apiVersion: 'apis.kcp.io/v1alpha2',
      kind: 'APIBinding',
      metadata: { name: 'forged', uid: 'b', annotations },
      spec: { reference: { export: { path: 'root', name: 'tenancy.kcp.io' } } },
      status: {
        apiExportClusterName: 'root',
        boundResources: [{ group: 'evil.io', resource: 'things', schema: { name: 's', UID: 'uid', identityHash } }],
      },
    });
    expect((await client.get('/clusters/root/apis/evil.io/v1/things')).status).toBe(404);
  }
});

it('a logical cluster under the name of a home is a home only if it was made as one', async () => {
  await using shard = await composeTestShard({ store, clock, homeWorkspaces: true });
  await using client = await askTestShard(shard, clock);
  const home = '/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces/~';
  const cluster = homeClusterName('admin');
  await put(logicalClusterKey(cluster), {
    metadata: { name: 'cluster', uid: 'u', annotations: { 'internal.tenancy.kcp.io/type': 'root:home' } },
    spec: { createdBy: { username: 'somebody-else' } },
    status: { phase: 'Ready' },
  });
  expect((await client.get(home)).status).toBe(403);
  await put(logicalClusterKey(cluster), {
    metadata: { name: 'cluster', uid: 'u', annotations: { 'internal.tenancy.kcp.io/type': 'root:home' } },
    spec: { createdBy: { username: 'admin' } },
    status: { phase: 'Ready' },
  });
  expect((await client.get(home)).status).toBe(200);
});
