import { beforeEach, expect, test } from 'vitest';
import type { TestRegistry } from '../../../common/test-registry.fixture.ts';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

let on: TestRegistry;

beforeEach(async () => {
  on = createTestRegistry();
  await on.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
});

const metadata = { name: 'k', namespace: 'default' };
const limitRange = (...limits: object[]) => ({ apiVersion: 'v1', kind: 'LimitRange', metadata, spec: { limits } });

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
