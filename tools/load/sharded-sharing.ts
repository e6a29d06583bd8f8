/**
 * What the bench does with one export and its consumers on all shards: binds, and the provider's
 * watch of all of them.
 */
import { makeReady } from './bench-workspace.ts';
import type { LoadClient } from './client.ts';
import type { Figures } from './scenarios.ts';
import type { ShardedDependencies } from './sharded.ts';
import { grownKbEach, settleMs, watchLines } from './sharded.ts';
import { pause, percentile, round, timed, waitFor } from './timing.ts';

const group = 'bench.io';
const provider = 'root:provider';
/** The shards that do not hold root, where the provider is. */
const otherShards = ['shard-1', 'shard-2'];
const watchers = 50;
const patienceMs = 20_000;

const consumerOf = (i: number) => `root:consumers:c${i}`;
const consumersAt = (scale: number) => Math.ceil(600 * scale);

async function publish(admin: LoadClient): Promise<void> {
  await makeReady(admin, 'root', 'provider', 'universal', 'root');
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' };
  await admin.ok('POST', `/clusters/${provider}/apis/apis.kcp.io/v1alpha1/apiresourceschemas`, {
    apiVersion: 'apis.kcp.io/v1alpha1',
    kind: 'APIResourceSchema',
    metadata: { name: `v1.widgets.${group}` },
    spec: { group, names, scope: 'Namespaced', versions: [{ name: 'v1', served: true, storage: true, schema }] },
  });
  const resources = [{ name: 'widgets', group, schema: `v1.widgets.${group}`, storage: { crd: {} } }];
  await admin.ok('POST', `/clusters/${provider}/apis/apis.kcp.io/v1alpha2/apiexports`, {
    apiVersion: 'apis.kcp.io/v1alpha2',
    kind: 'APIExport',
    metadata: { name: 'bench' },
    spec: { resources },
  });
}

async function bindAndWait(admin: LoadClient, consumer: string): Promise<void> {
  const path = `/clusters/${consumer}/apis/apis.kcp.io/v1alpha2/apibindings`;
  const spec = { reference: { export: { path: provider, name: 'bench' } } };
  const binding = { apiVersion: 'apis.kcp.io/v1alpha2', kind: 'APIBinding', metadata: { name: 'bench' }, spec };
  await admin.ok('POST', path, binding);
  await waitFor(`the binding in ${consumer} to be Bound`, async () => {
    const { body } = await admin.ok('GET', `${path}/bench`);
    return (body['status'] as { phase?: string } | undefined)?.phase === 'Bound';
  });
}

/**
 * Binds of one export by consumers on the shards other than the provider's: alone, then several at
 * once; and what a binding weighs.
 */
export async function benchBinds({
  installation,
  admin,
  scale,
}: ShardedDependencies): Promise<Readonly<Record<string, Figures>>> {
  await publish(admin);
  await makeReady(admin, 'root', 'consumers', 'organization');
  const count = consumersAt(scale);
  const shardOf = (i: number) => otherShards[i % otherShards.length];
  await timed(count, 8, (i) => makeReady(admin, 'root:consumers', `c${i}`, 'universal', shardOf(i)));
  await pause(settleMs);
  const memory = await installation.memory();
  const alone = Math.ceil(count / 6);
  const one = await timed(alone, 1, (i) => bindAndWait(admin, consumerOf(i)));
  const cpu = await installation.cpu();
  const many = await timed(count - alone, 8, (i) => bindAndWait(admin, consumerOf(alone + i)));
  const used = (await installation.cpu()) - cpu;
  await pause(settleMs);
  return {
    bind: {
      bindings: count,
      aloneP50Ms: one.p50Ms,
      aloneP99Ms: one.p99Ms,
      atOnce: 8,
      p50Ms: many.p50Ms,
      p99Ms: many.p99Ms,
      perSecond: many.perSecond,
      cpuMsEach: round(used / (count - alone)),
    },
    kbPerBinding: await grownKbEach(installation, memory, count),
  };
}

/**
 * Path of the provider's view of all its consumers, below the one URL that its endpoint slice
 * shows.
 */
async function viewPath(admin: LoadClient): Promise<string> {
  const slice = `/clusters/${provider}/apis/apis.kcp.io/v1alpha1/apiexportendpointslices/bench`;
  const { body } = await admin.ok('GET', slice);
  const { endpoints = [] } = body['status'] as { endpoints?: { url: string }[] };
  const [endpoint, ...more] = endpoints;
  if (endpoint === undefined || more.length > 0) throw new Error(`${endpoints.length} endpoints, and not one`);
  return `${new URL(endpoint.url).pathname}/clusters/*/apis/${group}/v1/widgets`;
}

async function watchPath(admin: LoadClient, view: string): Promise<string> {
  const { body } = await admin.ok('GET', `${view}?limit=1`);
  return `${view}?watch=1&resourceVersion=${(body['metadata'] as { resourceVersion: string }).resourceVersion}`;
}

/**
 * From before a write to the event of it at the provider's watcher, for so many writes, so many at
 * once, on all the consumers' shards.
 */
async function benchEvents(deps: ShardedDependencies, view: string, name: string, count: number, atOnce: number) {
  const { installation, admin, scale } = deps;
  const written = new Map<string, number>();
  const seen = new Map<string, number>();
  const took: number[] = [];
  const close = await watchLines(admin, await watchPath(admin, view), (line) => {
    const { object } = JSON.parse(line) as { object: { metadata: { name: string } } };
    const widget = object.metadata.name;
    seen.set(widget, (seen.get(widget) ?? 0) + 1);
    took.push(performance.now() - (written.get(widget) ?? 0));
  });
  const cpu = await installation.cpu('virtual-workspaces');
  const start = performance.now();
  await timed(count, atOnce, (i) => write(admin, `${name}${i}`, i % consumersAt(scale), written));
  for (let waited = 0; seen.size < count && waited < patienceMs; waited += 5) await pause(5);
  const seconds = (performance.now() - start) / 1000;
  const used = (await installation.cpu('virtual-workspaces')) - cpu;
  close();
  return {
    written: count,
    seen: seen.size,
    twice: [...seen.values()].filter((times) => times > 1).length,
    p50Ms: percentile(took, 0.5),
    p99Ms: percentile(took, 0.99),
    perSecond: round(seen.size / seconds, 1),
    viewCpuUsEach: round((used * 1000) / count, 1),
  };
}

function write(admin: LoadClient, name: string, consumer: number, written?: Map<string, number>): Promise<unknown> {
  written?.set(name, performance.now());
  const object = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name } };
  return admin.ok('POST', `/clusters/${consumerOf(consumer)}/apis/${group}/v1/namespaces/default/widgets`, object);
}

/** As many events as the view delivers: every write goes to many watchers. */
async function benchFanOut({ installation, admin, scale }: ShardedDependencies, view: string): Promise<Figures> {
  const count = Math.ceil(2_000 * scale);
  let delivered = 0;
  const path = await watchPath(admin, view);
  const open = await Promise.all(Array.from({ length: watchers }, () => watchLines(admin, path, () => delivered++)));
  const cpu = await installation.cpu('virtual-workspaces');
  const start = performance.now();
  await timed(count, 16, (i) => write(admin, `f${i}`, i % consumersAt(scale)));
  for (let waited = 0; delivered < count * watchers && waited < patienceMs; waited += 5) await pause(5);
  const seconds = (performance.now() - start) / 1000;
  const used = (await installation.cpu('virtual-workspaces')) - cpu;
  for (const close of open) close();
  return {
    watchers,
    written: count * watchers,
    seen: delivered,
    perSecond: round(delivered / seconds, 0),
    viewCpuUsEach: round((used * 1000) / delivered, 2),
  };
}

/** The provider's watch of all consumers; after `benchBinds`. */
export async function benchView(deps: ShardedDependencies): Promise<Readonly<Record<string, Figures>>> {
  const view = await viewPath(deps.admin);
  return {
    eventsAlone: await benchEvents(deps, view, 'a', Math.ceil(500 * deps.scale), 1),
    eventsBusy: await benchEvents(deps, view, 'b', Math.ceil(5_000 * deps.scale), 16),
    eventsFanOut: await benchFanOut(deps, view),
  };
}
