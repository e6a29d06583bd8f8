import { createAdmissionChain } from '@kcp-ts/admission';
import type { ClusterName, KubeObject } from '@kcp-ts/api';
import { createSystemRandom } from '@kcp-ts/base';
import { createMemoryStore, encodeStored, formatKey } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { expect, it } from 'vitest';
import { admissionPlugins } from './admission.ts';
import { createParts } from './parts.ts';
import { knowsNoOthers } from './shard.fixture.ts';

it('a role that lets others bind leaves the shard with the very commit that makes it', async () => {
  const clock = createManualClock();
  await using store = createMemoryStore({ clock });
  using parts = createParts({
    store,
    clock,
    random: createSystemRandom(),
    shardNumber: 1,
    shardName: 'one',
    caBundle: '',
    otherShards: knowsNoOthers(),
  });
  const plugins = admissionPlugins(parts);
  // The roles are committed nowhere, so their clusters need not be there.
  const admission = createAdmissionChain(plugins.filter(({ name }) => name !== 'NamespaceLifecycle'));
  const key = formatKey({
    group: 'apis.kcp.io',
    resource: 'apiexports',
    identity: '-',
    cluster: 'c1',
    namespace: '',
    name: 'west',
  });
  const value = encodeStored('0123456789abcdef', 0, JSON.stringify({ metadata: { name: 'west' } }));
  await store.commit([{ op: 'put', key, expect: 'any', value: () => value }]);
  const served = parts.served('rbac.authorization.k8s.io', 'clusterroles');
  const admit = (cluster: string, verbs: readonly string[], name = 'binder') => {
    const object: KubeObject = {
      apiVersion: served.apiVersion,
      kind: 'ClusterRole',
      metadata: { name },
      rules: [{ apiGroups: ['apis.kcp.io'], resources: ['apiexports'], verbs }],
    };
    const attributes = {
      ...({ operation: 'CREATE', object, oldObject: undefined } as const),
      served,
      requested: served,
      cluster: cluster as ClusterName,
      namespace: '',
      timestamp: '',
      user: { name: 'ann', groups: [] },
      dryRun: false,
      subresource: '',
      slices: { due: false, pause: () => undefined, restart: () => undefined },
      warn: () => undefined,
    };
    admission.settle(attributes);
    return object.metadata.annotations;
  };
  expect(admit('c1', ['bind'])).toEqual({ 'internal.kcp.io/replicate': 'apis.kcp.io' });
  expect(admit('c1', ['get'])).toBeUndefined();
  expect(admit('elsewhere', ['bind'])).toBeUndefined();
  // One that stands before a role of the system leaves whatever it says: otherwise others would
  // take that one for it.
  const systemRole = formatKey({
    group: 'rbac.authorization.k8s.io',
    resource: 'clusterroles',
    identity: '-',
    cluster: 'system:admin',
    namespace: '',
    name: 'view',
  });
  await store.commit([{ op: 'put', key: systemRole, expect: 'any', value: () => value }]);
  expect(admit('c1', ['get'], 'view')).toEqual({ 'internal.kcp.io/replicate': 'core.kcp.io' });
  expect(admit('elsewhere', ['get'], 'view')).toBeUndefined();
});
