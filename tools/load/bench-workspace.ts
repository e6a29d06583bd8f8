/** Workspaces that a bench makes. */
import type { LoadClient } from './client.ts';
import { pause } from './timing.ts';

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

/** Makes it, on a shard of that name if one is given, and resolves when it was seen Ready. */
export async function makeReady(
  admin: LoadClient,
  parent: string,
  name: string,
  type: string,
  shard?: string,
): Promise<void> {
  const path = `/clusters/${parent}${tenancy}`;
  await admin.ok('POST', path, workspace(name, type, shard));
  for (;;) {
    const { body } = await admin.ok('GET', `${path}/${name}`);
    if ((body['status'] as { phase?: string } | undefined)?.phase === 'Ready') return;
    await pause(2);
  }
}
