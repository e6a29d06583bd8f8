/** Workspaces that a bench makes. */
import type { LoadClient } from './client.ts';
import { waitFor } from './timing.ts';

export const tenancy = '/apis/tenancy.kcp.io/v1alpha1/workspaces';

function workspace(name: string, type: string, shard?: string): object {
  const location = shard === undefined ? {} : { location: { selector: { matchLabels: { name: shard } } } };
  return {
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: { name },
    spec: { type: { name: type, path: 'root' }, ...location },
  };
}

/**
 * Makes the workspace, on the shard of that name if one is given, and resolves when it was seen
 * Ready.
 */
export async function makeReady(
  admin: LoadClient,
  parent: string,
  name: string,
  type: string,
  shard?: string,
): Promise<void> {
  const path = `/clusters/${parent}${tenancy}`;
  await admin.ok('POST', path, workspace(name, type, shard));
  await waitFor(`workspace ${parent}:${name} to be Ready`, async () => {
    const { body } = await admin.ok('GET', `${path}/${name}`);
    return (body['status'] as { phase?: string } | undefined)?.phase === 'Ready';
  });
}
