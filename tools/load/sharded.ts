/**
 * What the bench does with a sharded installation: routing, workspaces, memory, takeover. Each step
 * answers with its figures.
 */
import { makeReady, tenancy } from './bench-workspace.ts';
import type { LoadClient } from './client.ts';
import type { Figures } from './scenarios.ts';
import type { BenchInstallation, EtcdCounts } from './sharded-server.ts';
import { pause, percentile, round, timed, waitFor } from './timing.ts';

export interface ShardedDependencies {
  readonly installation: BenchInstallation;
  readonly admin: LoadClient;
  /** Straight at the shard that holds root. */
  readonly direct: LoadClient;
  /** How much of everything: 1 is the whole. */
  readonly scale: number;
}

/** Until a garbage collector has come by. */
export const settleMs = 12_000;
/** How long etcd is watched without work, to know what the installation writes by itself. */
const quietMs = 5_000;
const watchers = 100;

const maps = (cluster: string) => `/clusters/${cluster}/api/v1/namespaces/default/configmaps`;

function configMap(name: string): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { k: 'x'.repeat(820) } };
}

/**
 * The workspace root:proxy on the shard that is spoken to directly, and the name of its logical
 * cluster.
 */
async function proxyWorkspace(admin: LoadClient): Promise<string> {
  await makeReady(admin, 'root', 'proxy', 'universal', 'root');
  const { body } = await admin.ok('GET', `/clusters/root${tenancy}/proxy`);
  return (body['spec'] as { cluster: string }).cluster;
}

/** What the front-proxy adds to a GET of 1 kB. */
async function benchProxyGet(
  { installation, admin, direct, scale }: ShardedDependencies,
  cluster: string,
): Promise<Figures> {
  await admin.ok('POST', maps('root:proxy'), configMap('one'));
  const through = () => admin.ok('GET', `${maps('root:proxy')}/one`);
  const straight = () => direct.ok('GET', `${maps(cluster)}/one`);
  const count = Math.ceil(20_000 * scale);
  await timed(count, 32, through);
  await timed(count, 32, straight);
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

/** Calls back for every line of a watch; resolves with its end when the watch is open. */
export function watchLines(client: LoadClient, path: string, onLine: (line: string) => void): Promise<() => void> {
  return new Promise((done, failed) => {
    const stream = client.stream(path);
    let text = '';
    stream.setEncoding('utf8');
    stream.on('response', (headers) => {
      if (headers[':status'] === 200) done(() => stream.close());
      else failed(new Error(`GET ${path}: ${headers[':status']}`));
    });
    stream.on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
    stream.on('error', failed);
    stream.end();
  });
}

/**
 * What the front-proxy adds to a watch event: the same events, seen through it and without it; and
 * its CPU with many watchers.
 */
async function benchProxyWatch(
  { installation, admin, direct, scale }: ShardedDependencies,
  cluster: string,
): Promise<Figures> {
  const { body } = await admin.ok('GET', `${maps('root:proxy')}?limit=1`);
  const { resourceVersion } = body['metadata'] as { resourceVersion: string };
  const query = `?watch=1&resourceVersion=${resourceVersion}`;
  const nameIn = (line: string) =>
    (JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name;
  const through = new Map<string, number>();
  const straight = new Map<string, number>();
  const both = [
    await watchLines(admin, `${maps('root:proxy')}${query}`, (line) => through.set(nameIn(line), performance.now())),
    await watchLines(direct, `${maps(cluster)}${query}`, (line) => straight.set(nameIn(line), performance.now())),
  ];
  const paced = Math.ceil(500 * scale);
  for (let i = 0; i < paced; i++) {
    await direct.ok('POST', maps(cluster), configMap(`p${i}`));
    await waitFor(`event p${i}`, () => through.has(`p${i}`) && straight.has(`p${i}`), 1);
  }
  for (const close of both) close();
  const added = [...straight].map(([name, at]) => (through.get(name) ?? at) - at);

  const events = Math.ceil(500 * scale);
  let delivered = 0;
  const now = await direct.ok('GET', `${maps(cluster)}?limit=1`);
  const since = (now.body['metadata'] as { resourceVersion: string }).resourceVersion;
  const open = await Promise.all(
    Array.from({ length: watchers }, () =>
      watchLines(admin, `${maps('root:proxy')}?watch=1&resourceVersion=${since}`, () => delivered++),
    ),
  );
  const before = await installation.cpu('front-proxy');
  const start = performance.now();
  await timed(events, 8, (i) => direct.ok('POST', maps(cluster), configMap(`m${i}`)));
  await waitFor('all events', () => delivered >= events * watchers);
  const seconds = (performance.now() - start) / 1000;
  const used = (await installation.cpu('front-proxy')) - before;
  for (const close of open) close();
  return {
    addedP50Ms: percentile(added, 0.5),
    addedP99Ms: percentile(added, 0.99),
    watchers,
    perSecond: round(delivered / seconds, 0),
    proxyCpuUsEach: round((used * 1000) / delivered, 2),
  };
}

export async function benchProxy(deps: ShardedDependencies): Promise<Readonly<Record<string, Figures>>> {
  const cluster = await proxyWorkspace(deps.admin);
  return { proxyGet: await benchProxyGet(deps, cluster), proxyWatch: await benchProxyWatch(deps, cluster) };
}

/**
 * How long after it was seen Ready a workspace is served, and after it was seen gone it no longer
 * is. Late: not so at the first request.
 */
async function indexLag(admin: LoadClient, parent: string, count: number): Promise<Figures> {
  let lateUp = 0;
  let lateDown = 0;
  const until = async (path: string, statuses: readonly number[]) => {
    let late = false;
    await waitFor(`${path} to answer ${statuses.join(' or ')}`, async () => {
      const answered = statuses.includes((await admin.request('GET', path)).status);
      late ||= !answered;
      return answered;
    });
    return late;
  };
  const there = (i: number) => `/clusters/${parent}:x${i}/api/v1/namespaces/default`;
  const up = await timed(count, 4, async (i) => {
    await makeReady(admin, parent, `x${i}`, 'universal');
    const ready = performance.now();
    if (await until(there(i), [200])) lateUp++;
    return performance.now() - ready;
  });
  const down = await timed(count, 4, async (i) => {
    const path = `/clusters/${parent}${tenancy}/x${i}`;
    await admin.ok('DELETE', path);
    await until(path, [404]);
    const gone = performance.now();
    if (await until(there(i), [403, 404])) lateDown++;
    return performance.now() - gone;
  });
  return {
    workspaces: count,
    routableP50Ms: up.p50Ms,
    routableP99Ms: up.p99Ms,
    routableLate: lateUp,
    goneP50Ms: down.p50Ms,
    goneP99Ms: down.p99Ms,
    goneLate: lateDown,
  };
}

/** The index with nothing else to do, and while workspaces are made as fast as it goes. */
export async function benchIndex({ admin, scale }: ShardedDependencies): Promise<Readonly<Record<string, Figures>>> {
  const count = Math.ceil(200 * scale);
  await makeReady(admin, 'root', 'index', 'organization');
  const indexIdle = await indexLag(admin, 'root:index', count);
  await makeReady(admin, 'root', 'busy', 'organization');
  await makeReady(admin, 'root', 'load', 'organization');
  let ended = false;
  let made = 0;
  const load = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (!ended) await makeReady(admin, 'root:load', `l${made++}`, 'universal');
    }),
  );
  const indexBusy = await indexLag(admin, 'root:busy', count).finally(() => (ended = true));
  await load;
  return { indexIdle, indexBusy: { ...indexBusy, madeBeside: made } };
}

/** Growth of each part's anonymous memory. */
export async function grownKbEach(
  installation: BenchInstallation,
  before: Awaited<ReturnType<BenchInstallation['memory']>>,
  count: number,
): Promise<Figures> {
  const after = await installation.memory();
  return Object.fromEntries(
    Object.entries(after).map(([name, { anonymous }]) => [
      name,
      round((anonymous - (before[name]?.anonymous ?? 0)) / count, 1),
    ]),
  );
}

/**
 * Workspaces under one parent, placed by load; memory is per workspace of the whole installation,
 * whichever shard it is on.
 */
export async function benchShardedWorkspaces(
  { installation, admin, scale }: ShardedDependencies,
  shards: number,
): Promise<Readonly<Record<string, Figures>>> {
  await makeReady(admin, 'root', 'many', 'organization');
  const count = Math.ceil(2_000 * scale);
  await timed(Math.ceil(count / 4), 16, (i) => makeReady(admin, 'root:many', `warm${i}`, 'universal'));
  await pause(settleMs);
  const memory = await installation.memory();
  const quietFrom = await installation.etcd();
  await pause(quietMs);
  const [etcd, cpu, etcdCpu] = [await installation.etcd(), await installation.cpu(), await installation.cpu('etcd')];
  const made = await timed(count, 16, (i) => makeReady(admin, 'root:many', `w${i}`, 'universal'));
  const used = (await installation.cpu()) - cpu;
  const etcdUsed = (await installation.cpu('etcd')) - etcdCpu;
  const after = await installation.etcd();
  const alone = Math.ceil(count / 10);
  // Those made at once share transactions.
  const oneByOne = await timed(alone, 1, (i) => makeReady(admin, 'root:many', `a${i}`, 'universal'));
  const last = await installation.etcd();
  await pause(settleMs);
  const each = (which: keyof EtcdCounts, from: EtcdCounts, to: EtcdCounts, seconds: number, number: number) => {
    const anyway = ((etcd[which] - quietFrom[which]) * seconds * 1000) / quietMs;
    return round((to[which] - from[which] - anyway) / number);
  };
  return {
    [`workspaces${shards}Shards`]: {
      perSecond: made.perSecond,
      readyP50Ms: made.p50Ms,
      readyP99Ms: made.p99Ms,
      cpuMsEach: round(used / count),
      etcdCpuMsEach: round(etcdUsed / count),
      etcdTransactionsEach: each('committed', etcd, after, made.seconds, count),
      etcdPutsEach: each('puts', etcd, after, made.seconds, count),
      aloneP50Ms: oneByOne.p50Ms,
      aloneEtcdTransactionsEach: each('committed', after, last, oneByOne.seconds, alone),
    },
    [`kbPerWorkspace${shards}Shards`]: await grownKbEach(installation, memory, count + alone),
  };
}

/** Memory of every part and CPU of the services, after a while without work. */
export async function benchIdle({ installation }: ShardedDependencies): Promise<Figures> {
  await pause(settleMs);
  const cpu = await installation.cpu();
  await pause(quietMs);
  const cpuPercent = round((((await installation.cpu()) - cpu) / quietMs) * 100, 1);
  const memory = Object.entries(await installation.memory());
  const services = memory.filter(([name]) => name !== 'etcd' && name !== 'nats');
  const sum = (which: 'resident' | 'anonymous') =>
    round(services.reduce((total, [, usage]) => total + usage[which], 0) / 1024, 1);
  return {
    residentMb: sum('resident'),
    anonymousMb: sum('anonymous'),
    cpuPercent,
    ...Object.fromEntries(memory.map(([name, { resident }]) => [`${name}Mb`, round(resident / 1024, 1)])),
  };
}

/**
 * From the end of a shard's owner (SIGKILL) to the first read, and the first write, that its
 * standby takes; with `--standbys`.
 */
export async function benchTakeover({ installation, admin }: ShardedDependencies): Promise<Figures> {
  await makeReady(admin, 'root', 'standing', 'universal', 'shard-1');
  const path = maps('root:standing');
  await admin.ok('POST', path, configMap('before'));
  const since = performance.now();
  await installation.act('kill', 'shard-1');
  const until = async (method: string, at: string, wanted: number, body?: () => object) => {
    const answered = async () =>
      (await admin.request(method, at, body?.()).catch(() => ({ status: 0 }))).status === wanted;
    await waitFor(`${method} ${at} after the takeover`, answered, 20);
    return round((performance.now() - since) / 1000);
  };
  let tries = 0;
  const [readSeconds, writeSeconds] = await Promise.all([
    until('GET', `${path}/before`, 200),
    until('POST', path, 201, () => configMap(`after${tries++}`)),
  ]);
  return { readSeconds, writeSeconds };
}
