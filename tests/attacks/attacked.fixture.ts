/**
 * A server in a process of its own, one of whose tenants attacks it while another one measures how
 * long it waits.
 */
import { expect } from 'vitest';
import type { Answer, ApiClient } from '../harness/api-client.ts';
import { installation } from '../harness/config.ts';
import type { NeighbourTarget } from '../harness/neighbour.ts';
import { expectNoStall, peakBytes, resetPeak } from '../harness/neighbour.ts';
import { admit, bindRole, configMap, configMapsOf, done, makeWorkspace } from '../harness/objects.ts';
import { spawnServerWithUsers } from '../harness/users.ts';

/** Over several processes a peak is that of none of them in particular. */
export const measured = installation === 'embedded';
const grownMax = 300 * 1024 * 1024;

export interface Attacked extends AsyncDisposable {
  readonly server: Awaited<ReturnType<typeof spawnServerWithUsers>>;
  /**
   * `user-1`, who is cluster-admin of the workspace at `path`, without rights in other workspaces.
   */
  readonly tenant: ApiClient;
  readonly path: string;
  /** Nobody waits while the attack runs, and memory grows by a bounded amount. */
  holds(attack: () => Promise<unknown>): Promise<void>;
}

export async function startAttacked(): Promise<Attacked> {
  const server = await spawnServerWithUsers();
  const { admin } = server;
  const universal = { type: { path: 'root', name: 'universal' } };
  const neighbour = await makeWorkspace(admin, 'root', 'neighbour', universal);
  await done(admin.post(configMapsOf(neighbour.path), configMap('one')));
  const target: NeighbourTarget = {
    url: server.url,
    ca: server.ca,
    token: server.adminToken,
    path: `${configMapsOf(neighbour.path)}/one`,
  };
  const { path } = await makeWorkspace(admin, 'root', 'mine', universal);
  await admit(admin, path, 'user-1');
  await bindRole(admin, path, 'all', 'user-1', 'cluster-admin');
  return {
    server,
    tenant: server.as('user-1'),
    path,
    async holds(attack) {
      if (measured) await resetPeak(server.pid);
      const before = measured ? await peakBytes(server.pid) : 0;
      await expectNoStall(target, attack, server);
      if (measured) expect((await peakBytes(server.pid)) - before).toBeLessThan(grownMax);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/**
 * A body in the form in which it is sent: made before the time that is measured, which the attacker
 * would otherwise compute in.
 */
export function body(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** An answer that is the server's own doing counts as a failure, also where nobody waited. */
export async function answered(answer: Promise<Answer>): Promise<Answer> {
  const got = await answer;
  expect([got.status, got.status < 500 ? '' : got.text.slice(0, 500)]).toEqual([got.status, '']);
  return got;
}
