import { expect, it } from 'vitest';
import { startServer } from './harness/server.ts';

it('a fresh server makes a workspace that is usable at once', async () => {
  await using server = await startServer();
  const workspaces = '/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces';
  const made = await server.admin.post(workspaces, {
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: { name: 'first' },
  });
  expect(made.status).toBe(201);
  expect((made.body['status'] as { phase: string }).phase).toBe('Ready');
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: '1' } };
  const stored = await server.admin.post('/clusters/root:first/api/v1/namespaces/default/configmaps', configMap);
  expect(stored.status).toBe(201);
});
