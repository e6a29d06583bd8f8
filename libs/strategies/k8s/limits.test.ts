import { beforeEach, expect, test } from 'vitest';
import type { TestRegistry } from './test-registry.ts';
import { createTestRegistry, refusal } from './test-registry.ts';

let on: TestRegistry;

beforeEach(async () => {
  on = createTestRegistry();
  await on.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
});

const metadata = { name: 'k', namespace: 'default' };
const limitRange = (...limits: object[]) => ({ apiVersion: 'v1', kind: 'LimitRange', metadata, spec: { limits } });
const quota = (spec: object) => ({ apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec });
const lease = (spec: object) => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });

test('limits of containers default to the maximum, requests to limits and then to the minimum', async () => {
  const made = await on.create(
    'limitranges',
    limitRange({ type: 'Container', max: { cpu: '1' }, min: { cpu: '100m', memory: '1Gi' } }),
  );
  expect(made['spec']).toEqual({
    limits: [
      {
        type: 'Container',
        max: { cpu: '1' },
        min: { cpu: '100m', memory: '1Gi' },
        default: { cpu: '1' },
        defaultRequest: { cpu: '1', memory: '1Gi' },
      },
    ],
  });
});

test.each([
  [
    { type: 'Container', min: { cpu: '2' }, max: { cpu: '1' }, default: { cpu: '1' }, defaultRequest: { cpu: '1' } },
    'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
  ],
  [
    { type: 'Pod', default: { cpu: '1' } },
    "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
  ],
  [{ type: 'Odd' }, 'spec.limits[0].type: Invalid value: "Odd": must be a standard limit type or fully qualified'],
  [
    { type: 'Container', max: { pods: '1' } },
    'spec.limits[0].max[pods]: Invalid value: "pods": must be a standard resource for containers',
  ],
  [
    { type: 'PersistentVolumeClaim' },
    'spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
  ],
  [
    { type: 'Pod', maxLimitRequestRatio: { cpu: '500m' } },
    'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
  ],
  [
    { type: 'Pod', max: { cpu: '2' }, min: { cpu: '1' }, maxLimitRequestRatio: { cpu: '3' } },
    'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000',
  ],
])('a limit range of %j is refused', async (item, message) => {
  expect((await refusal(on.create('limitranges', limitRange(item))))[0]).toBe(message);
});

test('each type of thing has one item', async () => {
  const twice = limitRange({ type: 'Pod', max: { cpu: '1' } }, { type: 'Pod', max: { cpu: '2' } });
  expect(await refusal(on.create('limitranges', twice))).toEqual(['spec.limits[1].type: Duplicate value: "Pod"']);
});

test('a quota bounds what can be counted, in whole numbers', async () => {
  expect(
    await on.create('resourcequotas', quota({ hard: { 'count/configmaps': '50', 'requests.cpu': '1500m' } })),
  ).toMatchObject({ status: {} });
  expect(
    await refusal(on.create('resourcequotas', quota({ hard: { odd: '1', 'count/secrets': '500m', secrets: '-1' } }))),
  ).toEqual([
    'spec.hard[odd]: Invalid value: "odd": must be a standard resource type or fully qualified',
    'spec.hard[odd]: Invalid value: "odd": must be a standard resource for quota',
    'spec.hard[count/secrets]: Invalid value: "500m": must be an integer',
    'spec.hard[secrets]: Invalid value: "-1": must be greater than or equal to 0',
  ]);
});

test('the scopes of a quota are known, agree, and stay', async () => {
  expect(await refusal(on.create('resourcequotas', quota({ scopes: ['BestEffort', 'NotBestEffort'] })))).toEqual([
    'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
  ]);
  const made = await on.create('resourcequotas', quota({ scopes: ['Terminating'] }));
  expect(await refusal(on.update('resourcequotas', { ...made, spec: {} }))).toEqual([
    'spec.scopes: Invalid value: null: field is immutable',
  ]);
});

test('the status of a quota is not written with the quota', async () => {
  const made = await on.create('resourcequotas', quota({ hard: { secrets: '5' } }));
  const counted = await on.update(
    'resourcequotas',
    { ...made, status: { hard: { secrets: '5' }, used: { secrets: '1' } } },
    'status',
  );
  expect(counted['status']).toEqual({ hard: { secrets: '5' }, used: { secrets: '1' } });
  expect(await on.update('resourcequotas', { ...counted, spec: { hard: { secrets: '6' } }, status: {} })).toMatchObject(
    {
      spec: { hard: { secrets: '6' } },
      status: { used: { secrets: '1' } },
    },
  );
});

test('leases have sensible numbers', async () => {
  expect(await refusal(on.create('leases', lease({ leaseDurationSeconds: 0, leaseTransitions: -1 })))).toEqual([
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
  ]);
  const sent = lease({ holderIdentity: 'me', preferredHolder: 'me', strategy: 'OldestEmulationVersion' });
  expect((await on.create('leases', sent))['spec']).toEqual({ holderIdentity: 'me' });
});
