/** What the bench does, step by step; each step answers with its figures. */
import { createHistogram } from 'node:perf_hooks';
import type { LoadClient } from './client.ts';
import { cpuMs, memoryKb } from './process-usage.ts';
import { pause, waitFor } from './timing.ts';

export interface BenchSize {
  readonly workspaces: number;
  readonly clients: number;
  readonly objects: number;
  readonly watchers: number;
  readonly events: number;
}

export interface BenchDependencies {
  readonly admin: LoadClient;
  readonly masters: LoadClient;
  readonly pid: number;
  readonly size: BenchSize;
}

export type Figures = Readonly<Record<string, number>>;

const workspaces = '/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces';
const below = '/clusters/root:bench/apis/tenancy.kcp.io/v1alpha1/workspaces';
const configMaps = '/clusters/root:bench/api/v1/namespaces/default/configmaps';
const settleMs = 10_000;
const releaseMs = 30_000;
const listed = 500;

function workspace(name: string, type: string): object {
  return {
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: { name },
    spec: { type: { name: type, path: 'root' } },
  };
}

function configMap(name: string, i: number): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { k: 'x'.repeat(820), i: String(i) } };
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

/**
 * Runs `count` turns with so many at once; rate, CPU of the server for each, and latency
 * percentiles.
 */
async function timed(
  pid: number,
  count: number,
  atOnce: number,
  turn: (i: number) => Promise<unknown>,
): Promise<Figures> {
  const latency = createHistogram();
  const cpu = cpuMs(pid);
  const start = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) {
        const begun = performance.now();
        await turn(next++);
        latency.record(Math.max(1, Math.round((performance.now() - begun) * 1000)));
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  return {
    perSecond: round(count / seconds),
    cpuUsEach: round(((cpuMs(pid) - cpu) * 1000) / count),
    p50Ms: round(latency.percentile(50) / 1000, 2),
    p99Ms: round(latency.percentile(99) / 1000, 2),
  };
}

/**
 * Workspaces under one parent, each seen Ready by a GET; memory for each; then the deletion of all
 * of them.
 */
export async function benchWorkspaces({
  admin,
  masters,
  pid,
  size,
}: BenchDependencies): Promise<Readonly<Record<string, Figures>>> {
  await admin.ok('POST', workspaces, workspace('bench', 'organization'));
  await timed(pid, 50, size.clients, (i) => admin.ok('POST', below, workspace(`warm${i}`, 'universal')));
  await pause(settleMs);
  const before = memoryKb(pid);
  const created = await timed(pid, size.workspaces, size.clients, async (i) => {
    await admin.ok('POST', below, workspace(`w${i}`, 'universal'));
    const ready = async () => {
      const { body } = await admin.ok('GET', `${below}/w${i}`);
      return (body['status'] as { phase?: string }).phase === 'Ready';
    };
    await waitFor(`workspace w${i} to be Ready`, ready, 0);
  });
  await pause(settleMs);
  const full = memoryKb(pid);
  const each = round((full.anonymous - before.anonymous) / size.workspaces);
  const cpu = cpuMs(pid);
  const start = performance.now();
  await admin.ok('DELETE', `${workspaces}/bench`);
  const left = '/clusters/*/apis/core.kcp.io/v1alpha1/logicalclusters?limit=5';
  const gone = async () => ((await masters.ok('GET', left)).body['items'] as unknown[]).length <= 1;
  await waitFor('all logical clusters but root to be gone', gone, 100);
  const seconds = round((performance.now() - start) / 1000, 2);
  const deletedCpuMsEach = round((cpuMs(pid) - cpu) / size.workspaces, 2);
  await pause(releaseMs);
  const after = memoryKb(pid);
  return {
    workspacesCreated: { ...created, anonymousKbEach: each, residentMb: round(full.resident / 1024) },
    workspacesDeleted: {
      seconds,
      cpuMsEach: deletedCpuMsEach,
      anonymousMbBefore: round(before.anonymous / 1024),
      anonymousMbAfter: round(after.anonymous / 1024),
    },
  };
}

/** The API machinery on ConfigMaps of 1 kB, over TLS, authenticated and authorized. */
export async function benchObjects({
  admin,
  pid,
  size,
}: BenchDependencies): Promise<Readonly<Record<string, Figures>>> {
  await admin.ok('POST', workspaces, workspace('bench', 'organization'));
  const create = await timed(pid, size.objects, 32, (i) => admin.ok('POST', configMaps, configMap(`c${i}`, i)));
  const update = await timed(pid, size.objects, 32, (i) =>
    admin.ok('PUT', `${configMaps}/c${i}`, configMap(`c${i}`, i + 1)),
  );
  const get = await timed(pid, size.objects * 2, 32, (i) => admin.ok('GET', `${configMaps}/c${i % size.objects}`));
  const list = await timed(pid, 200, 8, () => admin.ok('GET', `${configMaps}?limit=${listed}`));
  const remove = await timed(pid, size.objects, 32, (i) => admin.ok('DELETE', `${configMaps}/c${i}`));
  return { create1k: create, update1k: update, get1k: get, [`list${listed}`]: list, delete1k: remove };
}

/** Events delivered to many watchers of one namespace. */
export async function benchWatch({ admin, pid, size }: BenchDependencies): Promise<Readonly<Record<string, Figures>>> {
  const { body } = await admin.ok('GET', `${configMaps}?limit=1`);
  const { resourceVersion } = body['metadata'] as { resourceVersion: string };
  let delivered = 0;
  let open = 0;
  const streams = Array.from({ length: size.watchers }, () => {
    const stream = admin.stream(`${configMaps}?watch=1&resourceVersion=${resourceVersion}`);
    stream.on('response', () => open++);
    stream.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) delivered++;
    });
    stream.on('error', () => undefined);
    stream.end();
    return stream;
  });
  await waitFor('all watches to open', () => open >= size.watchers, 20);
  const wanted = size.watchers * size.events;
  const cpu = cpuMs(pid);
  const start = performance.now();
  await timed(pid, size.events, 8, (i) => admin.ok('POST', configMaps, configMap(`e${i}`, i)));
  await waitFor('all events', () => delivered >= wanted);
  const seconds = (performance.now() - start) / 1000;
  const used = cpuMs(pid) - cpu;
  for (const stream of streams) stream.close();
  return {
    watchEvents: {
      watchers: size.watchers,
      perSecond: round(wanted / seconds),
      cpuUsEach: round((used * 1000) / wanted, 2),
    },
  };
}
