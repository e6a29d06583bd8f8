import { beforeEach, expect, test } from 'vitest';
import type { TestRegistry } from '../../../common/test-registry.fixture.ts';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

let on: TestRegistry;

beforeEach(async () => {
  on = createTestRegistry();
  await on.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
});

const metadata = { name: 'k', namespace: 'default' };
const quota = (spec: object) => ({ apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec });

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
