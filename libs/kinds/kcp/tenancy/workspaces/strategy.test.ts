import type { KubeObject, UserInfo } from '@kcp-ts/api';
import { expect, test } from 'vitest';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

const plural = 'workspaces';
const master: UserInfo = { name: 'admin', groups: ['system:masters'] };
const spec = { URL: 'https://example.com/clusters/a', cluster: 'a', type: { name: 'team', path: 'root' } };
const workspace: KubeObject = {
  apiVersion: 'tenancy.kcp.io/v1alpha1',
  kind: 'Workspace',
  metadata: { name: 'one' },
  spec,
  status: { phase: 'Ready' },
};

function forbidden(why: string): string {
  return `workspaces.tenancy.kcp.io "one" is forbidden: ${why}`;
}

/** What a change of a workspace's spec is refused with. */
async function changed(change: object, user?: UserInfo): Promise<readonly string[]> {
  const on = createTestRegistry(user === undefined ? {} : { user });
  const live = await on.seed(plural, workspace);
  return refusal(on.update(plural, { ...live, spec: { ...spec, ...change } }));
}

test('where a workspace is, the server decides', async () => {
  expect(await changed({ URL: 'https://example.com/clusters/b' })).toEqual([
    forbidden('spec.URL can only be changed by system privileged users'),
  ]);
  expect(await changed({ URL: 'https://example.com/clusters/b' }, master)).toEqual([]);
  expect(await changed({ cluster: 'b' }, master)).toEqual(['spec.cluster: Invalid value: cluster is immutable']);
});

test('its type stays, and it cannot be mounted', async () => {
  expect(await changed({ type: { name: 'other', path: 'root' } })).toEqual([
    'spec.type: Invalid value: name is immutable',
  ]);
  const mount = { ref: { apiVersion: 'v1', kind: 'ConfigMap', name: 'a' } };
  expect(await changed({ mount })).toEqual([
    forbidden('spec.mount needs the feature gate WorkspaceMounts, which this server does not have'),
  ]);
});

test('its label says its phase', async () => {
  const on = createTestRegistry();
  const live = await on.seed(plural, workspace);
  const written = await on.update(plural, { ...live, status: { phase: 'Terminating' } }, 'status');
  expect(written.metadata.labels).toEqual({ 'tenancy.kcp.io/phase': 'Terminating' });
});

test.each([
  [{ cluster: 'a' }, 'spec.Cluster can only be set by system privileged users'],
  [{ URL: 'https://example.com' }, 'spec.URL can only be set by system privileged users'],
])('%j is not for users to set', async (given, why) => {
  expect(await refusal(createTestRegistry().create(plural, { ...workspace, spec: given }))).toEqual([forbidden(why)]);
});
