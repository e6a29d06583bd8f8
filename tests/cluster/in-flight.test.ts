/**
 * The maxima of requests in flight of a front-proxy and of virtual workspaces, each by its own
 * flags.
 */
import type { Cluster } from '@kcp-ts/kcp-ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import { createApiClient } from '../harness/api-client.ts';
import { startTestCluster } from '../harness/cluster.ts';
import { configMap, configMapsOf } from '../harness/objects.ts';

const requests = 60;
const message = 'Too many requests, please try again later.';
let cluster: Cluster;
let admin: ApiClient;

beforeAll(async () => {
  const inFlight = ['--max-requests-inflight', '1', '--max-mutating-requests-inflight', '1'];
  cluster = await startTestCluster({
    shards: 3,
    flags: { 'front-proxy': inFlight, 'virtual-workspaces': inFlight },
  });
  const { ca, url, tokens } = cluster;
  admin = createApiClient({ url, ca, token: tokens['kcp-admin'] });
}, 120_000);
afterAll(async () => {
  await admin[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

/**
 * How many of requests that come together are refused; every other one is answered with `status`.
 */
async function refusedOf(status: number, ask: (index: number) => ReturnType<ApiClient['get']>): Promise<number> {
  const answers = await Promise.all(Array.from({ length: requests }, (_, index) => ask(index)));
  const refused = answers.filter((answer) => answer.status === 429);
  for (const { headers, body } of refused) {
    expect(headers['retry-after']).toBe('1');
    expect(body).toMatchObject({ kind: 'Status', reason: 'TooManyRequests', code: 429, message });
  }
  expect(answers.filter((answer) => answer.status === status)).toHaveLength(requests - refused.length);
  return refused.length;
}

const published = '/services/apiexport/root/tenancy.kcp.io/clusters/*/apis/tenancy.kcp.io/v1alpha1/workspaces';

it('a front-proxy refuses reads and writes beyond its maxima', async () => {
  const path = configMapsOf('root');
  expect(await refusedOf(200, () => admin.get(path))).toBeGreaterThan(0);
  // A write counts from when its body is there; one whose body comes after it was handed on is not
  // refused any more.
  let refused = 0;
  for (let round = 0; round < 10 && refused === 0; round++)
    refused = await refusedOf(201, (index) => admin.post(path, configMap(`together-${round}-${index}`)));
  expect(refused).toBeGreaterThan(0);
  expect((await admin.get(path)).status).toBe(200);
});

it('watches through a front-proxy and at virtual workspaces take no place', async () => {
  const stop = new AbortController();
  for (const path of [configMapsOf('root'), published]) {
    const watches = Array.from({ length: 5 }, () => admin.watch(`${path}?watch=true`, stop.signal));
    // Nothing comes where there is nothing: that they are open shows by what comes next.
    const next = watches.map((watch) => watch[Symbol.asyncIterator]().next());
    for (const each of next) each.catch(() => undefined);
    expect((await admin.get(path)).status).toBe(200);
    if (path !== published)
      expect((await Promise.all(next)).map(({ value }) => value?.type)).toEqual(next.map(() => 'ADDED'));
  }
  stop.abort();
});

it('virtual workspaces refuse reads beyond their maximum', async () => {
  const port = cluster.parts.find(({ part }) => part.kind === 'virtual-workspaces')?.part.port ?? 0;
  await using straight = createApiClient({
    url: `https://127.0.0.1:${port}`,
    ca: cluster.ca,
    token: cluster.tokens['kcp-admin'],
  });
  expect(await refusedOf(200, () => straight.get(published))).toBeGreaterThan(0);
  expect((await straight.get(published)).status).toBe(200);
});
