/** What the bench does with a sharded installation, step by step; each step answers with its figures. */
import { createHistogram } from 'node:perf_hooks';
import type { LoadClient } from './client.ts';
import type { Figures } from './scenarios.ts';
import type { BenchInstallation } from './sharded-server.ts';

export interface ShardedNeeds {
  readonly installation: BenchInstallation;
  readonly admin: LoadClient;
  /** Straight at the shard that holds root. */
  readonly direct: LoadClient;
  /** How much of everything: 1 is the whole. */
  readonly scale: number;
}

const group = 'bench.io';
const tenancy = '/apis/tenancy.kcp.io/v1alpha1/workspaces';
const widgets = `/apis/${group}/v1/namespaces/default/widgets`;

function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function workspace(name: string, type: string, shard?: string): object {
  const location = shard === undefined ? {} : { location: { selector: { matchLabels: { name: shard } } } };
  return {
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: { name },
    spec: { type: { name: type, path: 'root' }, ...location },
  };
}

/** `count` turns, so many at once; latency percentiles and how long all took. */
async function timed(count: number, atOnce: number, turn: (i: number) => Promise<number | undefined>) {
  const latency = createHistogram();
  const start = performance.now();
  let next = 0;
  const work = async () => {
    while (next < count) {
      const i = next++;
      const begun = performance.now();
      // A turn that knows better says how long it took.
      const took = (await turn(i)) ?? performance.now() - begun;
      latency.record(Math.max(1, Math.round(took * 1000)));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const seconds = (performance.now() - start) / 1000;
  const at = (percentile: number) => round(latency.percentile(percentile) / 1000);
  return { seconds, p50Ms: at(50), p99Ms: at(99), perSecond: round(count / seconds, 1) };
}

async function untilStatus(client: LoadClient, path: string, statuses: readonly number[]): Promise<void> {
  while (!statuses.includes((await client.request('GET', path)).status)) await pause(2);
}

async function makeReady(admin: LoadClient, parent: string, name: string, type: string, shard?: string): Promise<void> {
  const path = `/clusters/${parent}${tenancy}`;
  await admin.ok('POST', path, workspace(name, type, shard));
  for (;;) {
    const { body } = await admin.ok('GET', `${path}/${name}`);
    if ((body['status'] as { phase?: string } | undefined)?.phase === 'Ready') return;
    await pause(2);
  }
}

/** What the front-proxy adds to a GET of 1 kB. */
export async function benchProxy({ installation, admin, direct, scale }: ShardedNeeds): Promise<Figures> {
  await makeReady(admin, 'root', 'proxy', 'universal', 'shard-1');
  const { body } = await admin.ok('GET', `/clusters/root${tenancy}/proxy`);
  const cluster = (body['spec'] as { cluster: string }).cluster;
  const maps = (name: string) => `/clusters/${name}/api/v1/namespaces/default/configmaps`;
  const data = { k: 'x'.repeat(820) };
  await admin.ok('POST', maps('root:proxy'), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data });
  const get = (client: LoadClient, name: string) => async () => {
    await client.ok('GET', `${maps(name)}/one`);
    return undefined;
  };
  const count = Math.ceil(10_000 * scale);
  const through = get(admin, 'root:proxy');
  const straight = get(direct, cluster);
  await timed(count, 32, through);
  const one = await timed(Math.ceil(count / 5), 1, through);
  const oneDirect = await timed(Math.ceil(count / 5), 1, straight);
  const before = await installation.cpu('front-proxy');
  const many = await timed(count, 32, through);
  const used = (await installation.cpu('front-proxy')) - before;
  return {
    addedP50Ms: round(one.p50Ms - oneDirect.p50Ms),
    throughP50Ms: one.p50Ms,
    directP50Ms: oneDirect.p50Ms,
    perSecond: many.perSecond,
    proxyCpuUsEach: round((used * 1000) / count, 1),
  };
}

/** How long after it was seen Ready a workspace is served, and after it was seen gone it no longer is. */
export async function benchIndex({ admin, scale }: ShardedNeeds): Promise<Figures> {
  await makeReady(admin, 'root', 'index', 'organization');
  const count = Math.ceil(100 * scale);
  const there = (i: number) => `/clusters/root:index:x${i}/api/v1/namespaces/default`;
  const routable = await timed(count, 4, async (i) => {
    await makeReady(admin, 'root:index', `x${i}`, 'universal');
    const ready = performance.now();
    await untilStatus(admin, there(i), [200]);
    return performance.now() - ready;
  });
  const gone = await timed(count, 4, async (i) => {
    const path = `/clusters/root:index${tenancy}/x${i}`;
    await admin.ok('DELETE', path);
    await untilStatus(admin, path, [404]);
    const seen = performance.now();
    await untilStatus(admin, there(i), [403, 404]);
    return performance.now() - seen;
  });
  return { routableP50Ms: routable.p50Ms, routableP99Ms: routable.p99Ms, goneP50Ms: gone.p50Ms, goneP99Ms: gone.p99Ms };
}

/** Workspaces under one parent, placed by load. */
export async function benchShardedWorkspaces({ installation, admin, scale }: ShardedNeeds): Promise<Figures> {
  await makeReady(admin, 'root', 'many', 'organization');
  await timed(20, 4, (i) => makeReady(admin, 'root:many', `warm${i}`, 'universal').then(() => undefined));
  const count = Math.ceil(1_000 * scale);
  const [cpu, etcdCpu, writes, memory] = await Promise.all([
    installation.cpu(),
    installation.cpu('etcd'),
    installation.etcdWrites(),
    installation.memory(),
  ]);
  const made = await timed(count, 16, (i) => makeReady(admin, 'root:many', `w${i}`, 'universal').then(() => undefined));
  const [cpuAfter, etcdCpuAfter, writesAfter] = await Promise.all([
    installation.cpu(),
    installation.cpu('etcd'),
    installation.etcdWrites(),
  ]);
  await pause(10_000 * Math.min(1, scale * 2));
  const after = await installation.memory();
  const grown = Object.fromEntries(
    Object.entries(after).map(([name, { anonymous }]) => [
      `${name}KbEach`,
      round((anonymous - (memory[name]?.anonymous ?? 0)) / count, 1),
    ]),
  );
  return {
    perSecond: made.perSecond,
    readyP50Ms: made.p50Ms,
    readyP99Ms: made.p99Ms,
    cpuMsEach: round((cpuAfter - cpu) / count),
    etcdCpuMsEach: round((etcdCpuAfter - etcdCpu) / count),
    etcdTransactionsEach: round((writesAfter - writes) / count),
    ...grown,
  };
}

async function publish(admin: LoadClient): Promise<string> {
  await makeReady(admin, 'root', 'provider', 'universal', 'shard-1');
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' };
  await admin.ok('POST', '/clusters/root:provider/apis/apis.kcp.io/v1alpha1/apiresourceschemas', {
    apiVersion: 'apis.kcp.io/v1alpha1',
    kind: 'APIResourceSchema',
    metadata: { name: `v1.widgets.${group}` },
    spec: { group, names, scope: 'Namespaced', versions: [{ name: 'v1', served: true, storage: true, schema }] },
  });
  const resources = [{ name: 'widgets', group, schema: `v1.widgets.${group}`, storage: { crd: {} } }];
  await admin.ok('POST', '/clusters/root:provider/apis/apis.kcp.io/v1alpha2/apiexports', {
    apiVersion: 'apis.kcp.io/v1alpha2',
    kind: 'APIExport',
    metadata: { name: 'bench' },
    spec: { resources },
  });
  return 'root:provider';
}

async function bindAndWait(admin: LoadClient, consumer: string, provider: string): Promise<void> {
  const path = `/clusters/${consumer}/apis/apis.kcp.io/v1alpha2/apibindings`;
  const spec = { reference: { export: { path: provider, name: 'bench' } } };
  const binding = { apiVersion: 'apis.kcp.io/v1alpha2', kind: 'APIBinding', metadata: { name: 'bench' }, spec };
  await admin.ok('POST', path, binding);
  for (;;) {
    const { body } = await admin.ok('GET', `${path}/bench`);
    if ((body['status'] as { phase?: string } | undefined)?.phase === 'Bound') return;
    await pause(2);
  }
}

/** Binds of one export by consumers on all shards. */
export async function benchBinds({ installation, admin, scale }: ShardedNeeds): Promise<Figures> {
  const provider = await publish(admin);
  const count = Math.ceil(150 * scale);
  const shardOf = (i: number) => `shard-${(i % 3) + 1}`;
  await timed(count, 8, (i) => makeReady(admin, 'root', `c${i}`, 'universal', shardOf(i)).then(() => undefined));
  const cpu = await installation.cpu();
  const bound = await timed(count, 8, (i) => bindAndWait(admin, `root:c${i}`, provider).then(() => undefined));
  return {
    bindings: count,
    perSecond: bound.perSecond,
    boundP50Ms: bound.p50Ms,
    boundP99Ms: bound.p99Ms,
    cpuMsEach: round(((await installation.cpu()) - cpu) / count),
  };
}

/** From the answer to a write on any shard to the provider's watcher; after `benchBinds`. */
export async function benchEvents({ admin, scale }: ShardedNeeds): Promise<Figures> {
  const consumers = Math.ceil(150 * scale);
  const slice = '/clusters/root:provider/apis/apis.kcp.io/v1alpha1/apiexportendpointslices/bench';
  const { body } = await admin.ok('GET', slice);
  const [endpoint] = (body['status'] as { endpoints: { url: string }[] }).endpoints;
  const path = `${new URL(endpoint?.url ?? '').pathname}/clusters/*/apis/${group}/v1/widgets`;
  const listed = await admin.ok('GET', path);
  const { resourceVersion } = listed.body['metadata'] as { resourceVersion: string };
  const latency = createHistogram();
  const written = new Map<string, number>();
  const seen = new Map<string, number>();
  const stream = admin.stream(`${path}?watch=1&resourceVersion=${resourceVersion}`);
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const { object } = JSON.parse(text.slice(0, end)) as { object: { metadata: { name: string } } };
      text = text.slice(end + 1);
      const { name } = object.metadata;
      seen.set(name, (seen.get(name) ?? 0) + 1);
      latency.record(Math.max(1, Math.round((performance.now() - (written.get(name) ?? 0)) * 1000)));
    }
  });
  stream.on('error', () => undefined);
  stream.end();
  await pause(500);
  const count = Math.ceil(3_000 * scale);
  const start = performance.now();
  await timed(count, 16, async (i) => {
    const name = `e${i}`;
    written.set(name, performance.now());
    const object = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name } };
    await admin.ok('POST', `/clusters/root:c${i % consumers}${widgets}`, object);
    return undefined;
  });
  for (let waited = 0; seen.size < count && waited < 10_000; waited += 5) await pause(5);
  const seconds = (performance.now() - start) / 1000;
  stream.close();
  return {
    written: count,
    seen: seen.size,
    twice: [...seen.values()].filter((times) => times > 1).length,
    eventP50Ms: round(latency.percentile(50) / 1000),
    eventP99Ms: round(latency.percentile(99) / 1000),
    perSecond: round(seen.size / seconds, 1),
  };
}

/** Memory of every part, after a while without work. */
export async function benchIdle({ installation }: ShardedNeeds): Promise<Figures> {
  await pause(12_000);
  const memory = Object.entries(await installation.memory());
  const services = memory.filter(([name]) => name !== 'etcd' && name !== 'nats');
  const sum = (which: 'resident' | 'anonymous') =>
    round(services.reduce((total, [, usage]) => total + usage[which], 0) / 1024, 1);
  return {
    residentMb: sum('resident'),
    anonymousMb: sum('anonymous'),
    ...Object.fromEntries(memory.map(([name, { resident }]) => [`${name}Mb`, round(resident / 1024, 1)])),
  };
}

/** From the end of a shard's owner to the first write that its standby takes; with `--standbys`. */
export async function benchTakeover({ installation, admin }: ShardedNeeds): Promise<Figures> {
  await makeReady(admin, 'root', 'standing', 'universal', 'shard-2');
  const path = '/clusters/root:standing/api/v1/namespaces/default/configmaps';
  const since = performance.now();
  await installation.act('kill', 'shard-2');
  for (let i = 0; ; i++) {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `t${i}` } };
    const { status } = await admin.request('POST', path, object).catch(() => ({ status: 0 }));
    if (status === 201) break;
    await pause(50);
  }
  return { seconds: round((performance.now() - since) / 1000) };
}
