/**
 * What comes and goes leaves nothing behind: the sizes that the server shows return to where they
 * were, and so does the heap.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from './harness/api-client.ts';
import {
  base,
  bindingsOf,
  bindingTo,
  configMap,
  configMapsOf,
  custom,
  define,
  definitionsOf,
  done,
  makeWorkspace,
  provide,
  workspacesOf,
} from './harness/objects.ts';
import type { TestServer } from './harness/server.ts';
import { startServer } from './harness/server.ts';

let server: TestServer;
let admin: ApiClient;
let collectGarbage: () => void;

beforeAll(async () => {
  setFlagsFromString('--expose-gc');
  collectGarbage = runInNewContext('gc') as () => void;
  server = await startServer();
  admin = server.admin;
  await makeWorkspace(admin, 'root', 'provider');
  await provide(admin, 'root:provider', 'cowboys', 'cowboys');
});

afterAll(() => server[Symbol.asyncDispose]());

const watched = ['kcp_watch_hub', 'workqueue_depth', 'kcp_cached_entries', 'kcp_bindings', 'kcp_schemas'];

/** The gauges of the server's own sizes, by series. */
async function sizes(): Promise<Map<string, number>> {
  const { text } = await server.shardAdmin.get('/metrics');
  const series = text
    .split('\n')
    .filter((line) => watched.some((name) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)));
  return new Map(
    series.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

/** One of everything, and away with it. */
async function round(name: string): Promise<void> {
  const { path } = await makeWorkspace(admin, 'root', name, { type: { path: 'root', name: 'universal' } });
  const stop = new AbortController();
  const watching = ['/api/v1/configmaps', '/api/v1/namespaces', '/apis/apis.kcp.io/v1alpha2/apibindings'].map(
    async (rest) => {
      for await (const event of admin.watch(`${base(path)}${rest}?watch=true`, stop.signal))
        if (event.type === 'ERROR') return;
    },
  );
  await done(admin.post(bindingsOf(path), bindingTo('cowboys', 'root:provider', 'cowboys')));
  const cowboys = `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
  await admin.until(cowboys, ({ status }) => status === 200);
  await done(admin.post(cowboys, custom('Cowboy', 'luke')));
  await define(admin, path, 'horses', { group: `${name}.west` });
  await done(admin.post(configMapsOf(path), configMap('a')));
  await done(admin.delete(`${bindingsOf(path)}/cowboys`));
  await admin.until(`${bindingsOf(path)}/cowboys`, ({ status }) => status === 404);
  await done(admin.delete(`${definitionsOf(path)}/horses.${name}.west`));
  await done(admin.delete(`${workspacesOf('root')}/${name}`));
  await admin.until(`${workspacesOf('root')}/${name}`, ({ status }) => status === 404);
  stop.abort();
  await Promise.all(watching);
}

async function rounds(prefix: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += 5)
    await Promise.all(Array.from({ length: 5 }, (_, more) => round(`${prefix}-${at + more}`)));
}

function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const patienceMs = 15_000;

/** What is dropped some seconds later has gone too. */
async function sizesNoLargerThan(baseline: ReadonlyMap<string, number>): Promise<Map<string, number>> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const now = await sizes();
    const larger = [...now].filter(([series, value]) => value > (baseline.get(series) ?? 0));
    if (larger.length === 0 || performance.now() > end) return new Map(larger);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

it('workspaces, bindings, definitions and watches that come and go leave the sizes and the heap as they were', async () => {
  const empty = await sizes();
  expect(empty.size).toBeGreaterThan(8);
  // Until documents and other things that are kept in a fixed number are there.
  await rounds('warm', 50);
  const left = await sizesNoLargerThan(empty);
  expect([...left]).toEqual([]);
  const before = heapBytes();
  await rounds('churn', 40);
  expect([...(await sizesNoLargerThan(empty))]).toEqual([]);
  const grown = heapBytes() - before;
  expect(grown / 40, `bytes a workspace left behind, of ${grown}`).toBeLessThan(50_000);
}, 90_000);
