import type { ClusterName } from '@kcp-ts/api';
import { createSystemTurns } from '@kcp-ts/base';
import type { RegistryDependencies, ServedResource } from '@kcp-ts/registry';
import { admitConnect } from '@kcp-ts/registry';
import { expect, it } from 'vitest';
import { createAdmissionChain } from './chain.ts';
import type { AdmissionPlugin } from './plugin.ts';

it('asks only the plugins that look at connections about one', async () => {
  const clock = { now: () => 0, monotonic: () => 0, setTimer: () => ({ [Symbol.dispose]: () => undefined }) };
  const turns = createSystemTurns(clock);
  const asked: string[] = [];
  const plugin = (name: string, operations: AdmissionPlugin['operations']): AdmissionPlugin => ({
    name,
    operations,
    admit: (attributes) => void asked.push(`${name} admits ${attributes.operation}`),
    validate: (attributes) => void asked.push(`${name} validates ${attributes.operation}`),
  });
  const admission = createAdmissionChain([plugin('Writes', ['CREATE', 'UPDATE']), plugin('DenyExec', ['CONNECT'])]);
  const deps = { clock, turns, admission } as unknown as RegistryDependencies;
  const storage = { definition: { group: '', plural: 'pods' } };
  const served = { ...storage, storage } as unknown as ServedResource;
  const target = { served, cluster: 'here' as ClusterName, namespace: 'default', name: 'a', subresource: 'exec' };
  await admitConnect(deps, { ...target, user: { name: 'ann', groups: [] }, warn: () => undefined });
  expect(asked).toEqual(['DenyExec admits CONNECT', 'DenyExec validates CONNECT']);
});
