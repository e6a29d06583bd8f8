import { beforeEach, expect, test } from 'vitest';
import type { TestRegistry } from '../../../common/test-registry.fixture.ts';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

let on: TestRegistry;

beforeEach(async () => {
  on = createTestRegistry();
  await on.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
});

const metadata = { name: 'k', namespace: 'default' };
const lease = (spec: object) => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });

test('leases have sensible numbers', async () => {
  expect(await refusal(on.create('leases', lease({ leaseDurationSeconds: 0, leaseTransitions: -1 })))).toEqual([
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
  ]);
  const sent = lease({ holderIdentity: 'me', preferredHolder: 'me', strategy: 'OldestEmulationVersion' });
  expect((await on.create('leases', sent))['spec']).toEqual({ holderIdentity: 'me' });
});
