import type { KubeObject } from '@kcp-ts/api';
import { expect, test } from 'vitest';
import { createTestRegistry, refusal, testTime } from '../../../common/test-registry.fixture.ts';

const plural = 'logicalclusters';
const master = { name: 'admin', groups: ['system:masters'] };

function logicalCluster(spec: object, status: object): KubeObject {
  return {
    apiVersion: 'core.kcp.io/v1alpha1',
    kind: 'LogicalCluster',
    metadata: { name: 'cluster' },
    spec,
    status,
  };
}

function forbidden(why: string): string {
  return `logicalclusters.core.kcp.io "cluster" is forbidden: ${why}`;
}

test('nobody creates one', async () => {
  const on = createTestRegistry({ user: master });
  expect(await refusal(on.create(plural, logicalCluster({}, {})))).toEqual([
    forbidden('LogicalCluster cannot be created'),
  ]);
});

test('the last initializer makes it ready', async () => {
  const on = createTestRegistry();
  const initializing = { phase: 'Initializing', initializers: ['root:one', 'root:two'] };
  const live = await on.seed(plural, logicalCluster({ initializers: ['root:one', 'root:two'] }, initializing));
  const one = await on.update(
    plural,
    { ...live, status: { phase: 'Initializing', initializers: ['root:two'] } },
    'status',
  );
  expect(one['status']).toEqual({ phase: 'Initializing', initializers: ['root:two'] });
  const none = await on.update(plural, { ...one, status: { phase: 'Initializing', initializers: [] } }, 'status');
  expect(none['status']).toEqual({
    phase: 'Ready',
    conditions: [{ type: 'WorkspaceInitialized', status: 'True', lastTransitionTime: testTime }],
  });
});

test.each([
  [{ phase: 'Initializing', initializers: ['root:one', 'root:two'] }, 'status.initializers must not grow'],
  [{ phase: 'Ready', initializers: ['root:one'] }, 'status.initializers is not empty'],
  [{ phase: 'Ready', initializers: [] }, 'status.phase can only be changed by system privileged users'],
  [{ phase: 'Scheduling', initializers: ['root:one'] }, 'cannot transition from "Initializing" to "Scheduling"'],
])('a status of %j is refused while it is initialized', async (status, why) => {
  const on = createTestRegistry();
  const live = await on.seed(
    plural,
    logicalCluster({ initializers: ['root:one'] }, { phase: 'Initializing', initializers: ['root:one'] }),
  );
  expect(await refusal(on.update(plural, { ...live, status }, 'status'))).toEqual([forbidden(why)]);
});

test('its owner is not for its users to change', async () => {
  const on = createTestRegistry();
  const owner = { apiVersion: 'tenancy.kcp.io/v1alpha1', cluster: 'root', name: 'a', resource: 'workspaces', uid: 'u' };
  const live = await on.seed(plural, logicalCluster({ owner, directlyDeletable: false }, { phase: 'Ready' }));
  const sent = { ...live, spec: { owner: { ...owner, cluster: 'forged' }, directlyDeletable: true } };
  expect((await on.update(plural, sent))['spec']).toEqual({ owner, directlyDeletable: false });
});

test.each([
  [{ directlyDeletable: false }, 'ann', ['LogicalCluster cannot be deleted']],
  [{ directlyDeletable: true }, 'ann', []],
  [{ directlyDeletable: false }, 'admin', []],
])('with %j it is deleted by %s: %j', async (spec, name, reasons) => {
  const on = createTestRegistry({ user: name === 'admin' ? master : { name, groups: ['dev'] } });
  const live = await on.seed(plural, logicalCluster(spec, { phase: 'Ready' }));
  expect(await refusal(on.remove(plural, live))).toEqual(reasons.map(forbidden));
});
