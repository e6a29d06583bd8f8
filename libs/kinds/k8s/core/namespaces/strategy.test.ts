import { formatKey } from '@kcp-ts/storage';
import { expect, test } from 'vitest';
import { cluster, createTestRegistry, refusal, testTime } from '../../../common/test-registry.fixture.ts';

const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

test('a namespace is complete from the commit that makes it', async () => {
  await using on = createTestRegistry();
  const made = await on.create('namespaces', { ...namespace('team'), status: { phase: 'Odd' } });
  expect(made).toMatchObject({
    metadata: {
      name: 'team',
      labels: { 'kubernetes.io/metadata.name': 'team' },
      annotations: { 'kcp.io/cluster': cluster },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
  const inside = (resource: string, name: string) =>
    on.store.get(formatKey({ group: '', resource, identity: '-', cluster, namespace: 'team', name }));
  expect(inside('serviceaccounts', 'default')).toBeDefined();
  expect(inside('configmaps', 'kube-root-ca.crt')).toBeDefined();
});

test('an update keeps the label, the finalizers and the status', async () => {
  await using on = createTestRegistry();
  const made = await on.create('namespaces', namespace('team'));
  const changed = await on.update('namespaces', {
    ...made,
    metadata: { ...made.metadata, labels: { a: 'b' } },
    spec: { finalizers: [] },
    status: { phase: 'Terminating' },
  });
  expect(changed.metadata.labels).toEqual({ a: 'b', 'kubernetes.io/metadata.name': 'team' });
  expect(changed).toMatchObject({ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
});

test('finalize changes the finalizers and nothing of the status', async () => {
  await using on = createTestRegistry();
  const made = await on.create('namespaces', namespace('team'));
  const sent = { ...made, spec: { finalizers: ['example.io/mine'] }, status: { phase: 'Odd' } };
  expect(await on.update('namespaces', sent, 'finalize')).toMatchObject({
    spec: { finalizers: ['example.io/mine'] },
    status: { phase: 'Active' },
  });
  const bad = on.update(
    'namespaces',
    { ...made, metadata: { name: 'team' }, spec: { finalizers: ['mine'] } },
    'finalize',
  );
  expect(await refusal(bad)).toEqual([
    'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
  ]);
});

test('the phase follows the deletion', async () => {
  await using on = createTestRegistry();
  const made = await on.create('namespaces', namespace('team'));
  const odd = on.update('namespaces', { ...made, status: { phase: 'Terminating' } }, 'status');
  expect(await refusal(odd)).toEqual([
    'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
  ]);
  const removed = await on.remove('namespaces', made);
  expect(removed).toMatchObject({ metadata: { deletionTimestamp: testTime }, status: { phase: 'Terminating' } });
  expect(removed.metadata.deletionGracePeriodSeconds).toBeUndefined();
  expect(on.get('namespaces', made)).toBeDefined();
});

test('default, kube-system and kube-public stay while their workspace stays', async () => {
  let clusterDeleting = false;
  await using on = createTestRegistry({ clusterDeleting: () => clusterDeleting });
  for (const name of ['default', 'kube-system', 'kube-public']) {
    const made = await on.create('namespaces', namespace(name));
    expect(await refusal(on.remove('namespaces', made))).toEqual([
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    ]);
  }
  clusterDeleting = true;
  expect((await on.remove('namespaces', namespace('default'))).metadata.deletionTimestamp).toBe(testTime);
});

test('the name must be a DNS label', async () => {
  await using on = createTestRegistry();
  const [message] = await refusal(on.create('namespaces', namespace('a.b')));
  expect(message).toContain('metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label must consist of');
});
