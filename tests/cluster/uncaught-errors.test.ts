/**
 * An error that nobody caught, from anywhere in a running service: it is logged and counted, and
 * the process goes on serving.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster, ClusterPart } from '@kcp-ts/kcp-ts';
import { readTestAuthority } from '@kcp-ts/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import { createApiClient } from '../harness/api-client.ts';
import { startTestCluster } from '../harness/cluster.ts';
import type { FaultCause } from '../harness/faults.ts';
import { failingOnDemand, faultCauses, letFail } from '../harness/faults.ts';
import { missing, portUrl } from '../harness/sharded.ts';

const services = ['root', 'front-proxy-1', 'virtual-workspaces', 'cache-server'] as const;
const causes = Object.keys(faultCauses) as FaultCause[];

let cluster: Cluster;
/** Credentials of system:masters. */
let masters: { readonly cert: string; readonly key: string };

beforeAll(async () => {
  if (missing !== undefined) return;
  cluster = await startTestCluster({ shards: 1, environment: failingOnDemand });
  const [ca = '', key = ''] = await Promise.all(
    ['client-ca.crt', 'client-ca.key'].map((name) => readFile(join(cluster.folder, name), 'utf8')),
  );
  const { certificate, privateKey } = await (await readTestAuthority(ca, key)).issue('CN=admin, O=system:masters');
  masters = { cert: certificate, key: privateKey };
}, 120_000);
afterAll(() => cluster?.[Symbol.asyncDispose]());

const clientOf = (name: string) => createApiClient({ url: portUrl(cluster, name), ca: cluster.ca, ...masters });

/** How many errors the service has counted, by where Node says they came from. */
async function counted(client: ApiClient): Promise<Readonly<Record<string, number>>> {
  const { status, text } = await client.get('/metrics');
  expect(status, text).toBe(200);
  const lines = text.matchAll(/^kcp_uncaught_errors_total\{origin="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, origin, count]) => [origin, Number(count)]));
}

/** The error that the service logged for a cause, once it has. */
async function logged({ logFile }: ClusterPart, cause: FaultCause): Promise<readonly Record<string, unknown>[]> {
  const lines = (await readFile(logFile, 'utf8')).split('\n').filter((line) => line.includes('nobody caught'));
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return entries.filter(({ err }) => (err as { message?: string }).message === `a test lets this happen: ${cause}`);
}

describe.skipIf(missing !== undefined)('an error that nobody caught', () => {
  it.each(services)(
    'in a timer, listener, callback or promise of a running %s is logged and counted, and it goes on',
    async (name) => {
      const part = cluster.part(name);
      const pid = part.pid ?? 0;
      await using client = clientOf(name);
      let before = await counted(client);
      expect(before).toEqual({ uncaughtException: 0, unhandledRejection: 0 });
      for (const cause of causes) {
        await letFail(cluster.folder, pid, cause);
        if (cause === 'connection') {
          await using another = clientOf(name);
          expect((await another.get('/livez')).status).toBe(200);
        }
        const origin = faultCauses[cause];
        const expected = { ...before, [origin]: (before[origin] ?? 0) + 1 };
        await client.until('/metrics', ({ text }) =>
          text.includes(`kcp_uncaught_errors_total{origin="${origin}"} ${expected[origin]}\n`),
        );
        before = await counted(client);
        expect(before, cause).toEqual(expected);
        expect(await logged(part, cause)).toEqual([
          expect.objectContaining({ level: 'error', origin, msg: 'an error that nobody caught; the process goes on' }),
        ]);
        expect((await client.get('/livez')).status, cause).toBe(200);
      }
      expect([part.pid, part.running]).toEqual([pid, true]);
    },
  );

  it('leaves the installation whole', async () => {
    await using admin = createApiClient({ url: cluster.url, ca: cluster.ca, token: cluster.tokens['kcp-admin'] });
    expect((await admin.get('/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces')).status).toBe(200);
    for (const name of services) {
      await using client = clientOf(name);
      expect((await client.get('/readyz')).status, name).toBe(200);
    }
  });
});
