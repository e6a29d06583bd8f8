import { createAdmissionChain } from '@kcp-ts/admission';
import type { ClusterName, KubeObject } from '@kcp-ts/api';
import { createSystemRandom } from '@kcp-ts/base';
import { createMemoryStore, encodeStored, formatKey } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { logicalClusterKey } from '@kcp-ts/tenancy';
import { expect, it } from 'vitest';
import { admissionPlugins } from './admission.ts';
import { createParts } from './parts.ts';

const rbac = 'rbac.authorization.k8s.io';

it('what an object refers to is judged by bindings that were compiled with turns for others', async () => {
  const clock = createManualClock();
  await using store = createMemoryStore({ clock });
  const put = (key: string, object: object) => {
    const value = encodeStored('0123456789abcdef', 0, JSON.stringify(object));
    return store.commit([{ op: 'put', key, expect: 'any', value: () => value }]);
  };
  for (const cluster of ['provider', 'base'])
    await put(logicalClusterKey(cluster), { metadata: { name: 'cluster' }, status: { phase: 'Ready' } });
  for (let i = 0; i < 3_000; i++) {
    const name = `b-${i}`;
    const place = {
      group: rbac,
      resource: 'clusterrolebindings',
      identity: '-',
      cluster: 'provider',
      namespace: '',
    } as const;
    await put(formatKey({ ...place, name }), {
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'view' },
      subjects: Array.from({ length: 20 }, (_, k) => ({ kind: 'User', apiGroup: rbac, name: `user-${i}-${k}` })),
    });
  }
  // Each look at the clock is a millisecond later.
  let nowMs = 0;
  const hurried = { ...clock, monotonic: () => nowMs++ };
  using parts = createParts({
    store,
    clock: hurried,
    random: createSystemRandom(),
    shardNumber: 1,
    shardName: 'one',
    caBundle: '',
  });
  const admission = createAdmissionChain(admissionPlugins(parts));
  const isReady = (cluster: string) => parts.access.prepare(cluster, '', parts.turns) === undefined;
  const served = parts.served('apis.kcp.io', 'apibindings');
  const object: KubeObject = {
    apiVersion: served.apiVersion,
    kind: 'APIBinding',
    metadata: { name: 'one' },
    spec: { reference: { export: { path: 'provider', name: 'west' } } },
  };
  const attributes = {
    ...({ operation: 'CREATE', object, oldObject: undefined } as const),
    served,
    requested: served,
    cluster: 'consumer' as ClusterName,
    namespace: '',
    timestamp: '',
    user: { name: 'ann', groups: [] },
    dryRun: false,
    subresource: '',
    warn: () => undefined,
    slices: parts.turns.begin(),
  };
  await admission.admit(attributes, () => undefined);
  expect(isReady('provider')).toBe(true);
});
