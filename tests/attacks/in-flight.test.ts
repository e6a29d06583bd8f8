/** kube-apiserver's two maxima of requests in flight, on a running server. */
import type { KubeObject } from '@kcp-ts/api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Answer } from '../harness/api-client.ts';
import { configMap, configMapsOf } from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

const readsMax = 2;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    flags: ['--max-requests-inflight', String(readsMax), '--max-mutating-requests-inflight', '1'],
  });
}, 120_000);
afterAll(() => server[Symbol.asyncDispose]());

// The first shard has it.
const path = configMapsOf('root');
const tooMany = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'Too many requests, please try again later.',
  reason: 'TooManyRequests',
  details: { retryAfterSeconds: 1 },
  code: 429,
};

function expectRefused({ status, headers, body }: Answer): void {
  expect({ status, retryAfter: headers['retry-after'], body }).toEqual({ status: 429, retryAfter: '1', body: tooMany });
}

async function metric(name: string, kind: string): Promise<number> {
  const { text } = await server.shardAdmin.get('/metrics');
  return Number(new RegExp(`^${name}\\{request_kind="${kind}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** The request that asks is in flight itself. */
async function readsInFlight(): Promise<number> {
  return (await metric('apiserver_current_inflight_requests', 'readOnly')) - 1;
}

/** Fills all places for reads: lists at a version that is yet to come wait for it, for seconds. */
async function fill(): Promise<Promise<Answer>[]> {
  const list = await server.shardAdmin.get<KubeObject>(path);
  const later = BigInt(list.body.metadata?.resourceVersion ?? '0') + 10n ** 15n;
  const held = Array.from({ length: readsMax }, () =>
    server.admin.get(`${path}?resourceVersion=${later}&resourceVersionMatch=NotOlderThan`),
  );
  for (let tries = 0; (await readsInFlight()) < readsMax; tries++) expect(tries).toBeLessThan(1000);
  return held;
}

it('reads beyond the maximum are refused with 429 and Retry-After, until others are answered', async () => {
  const before = await metric('apiserver_dropped_requests_total', 'readOnly');
  const held = await fill();
  expectRefused(await server.admin.get(path));
  expectRefused(await server.admin.get('/clusters/root/api/v1/namespaces/default'));
  expect(await metric('apiserver_dropped_requests_total', 'readOnly')).toBe(before + 2);
  // The other kind has places of its own.
  expect((await server.admin.post(path, configMap('while-reads-wait'))).status).toBe(201);
  const answers = await Promise.all(held);
  expect(answers.map(({ status }) => status)).toEqual(held.map(() => 504));
  expect((await server.admin.get(path)).status).toBe(200);
  expect(await readsInFlight()).toBe(0);
});

it('system:masters always gets through', async () => {
  const held = await fill();
  expectRefused(await server.admin.get(path));
  expect((await server.shardAdmin.get(path)).status).toBe(200);
  await Promise.all(held);
});

it('watches take no place, and are not refused where there is none', async () => {
  const stop = new AbortController();
  const watches = Array.from({ length: readsMax + 3 }, () => server.admin.watch(`${path}?watch=true`, stop.signal));
  const begun = await Promise.all(watches.map((watch) => watch[Symbol.asyncIterator]().next()));
  expect(begun.map(({ value }) => value?.type)).toEqual(watches.map(() => 'ADDED'));
  expect((await server.admin.get(path)).status).toBe(200);
  const held = await fill();
  expectRefused(await server.admin.get(path));
  const late = server.admin.watch(`${path}?watch=true`, stop.signal)[Symbol.asyncIterator]();
  expect((await late.next()).value?.type).toBe('ADDED');
  stop.abort();
  await Promise.all(held);
});

it('of writes that come together some are refused, none is half done, and later ones go on', async () => {
  const before = await metric('apiserver_dropped_requests_total', 'mutating');
  const names = Array.from({ length: 50 }, (_, index) => `together-${index}`);
  const answers = await Promise.all(names.map((name) => server.admin.post(path, configMap(name))));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) expectRefused(answer);
  expect(await metric('apiserver_dropped_requests_total', 'mutating')).toBe(before + refused.length);
  const made = names.filter((_, index) => answers[index]?.status === 201);
  expect(made.length).toBe(names.length - refused.length);
  const list = await server.admin.get<{ items: KubeObject[] }>(path);
  const found = list.body.items
    .map(({ metadata }) => metadata?.name ?? '')
    .filter((name) => name.startsWith('together-'));
  expect(found.toSorted()).toEqual(made.toSorted());
  expect((await server.admin.post(path, configMap('together-later'))).status).toBe(201);
  expect(await metric('apiserver_current_inflight_requests', 'mutating')).toBe(0);
});
