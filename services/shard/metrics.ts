/** The shard's metrics: a fixed set of series, none per workspace, binding or definition. */
import type { ApiRequest } from '@kcp-ts/apiserver';
import type { ControllerRuntime } from '@kcp-ts/controller';
import type { ServiceLoad } from '@kcp-ts/installation';
import type { AmongOthers } from './among-others.ts';
import type { Core } from './core.ts';

export interface Metrics {
  observe(request: ApiRequest): void;
  text(): Promise<string>;
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

type PromClient = typeof import('prom-client');

/** A series for each other shard, and no more. */
function addAmongOthers(
  { clocks, refusedRevisions, etcdTransactions }: AmongOthers,
  { Counter, Gauge }: PromClient,
  registers: InstanceType<PromClient['Registry']>[],
): void {
  new Counter({
    name: 'kcp_etcd_transactions_total',
    help: 'Transactions sent to etcd for commits and reservations, repeated ones included.',
    registers,
  }).inc(etcdTransactions());
  new Gauge({
    name: 'kcp_clock_offset_seconds',
    help: 'How far the clock is surely ahead of the others; negative: behind. Beyond half a second requests are refused.',
    registers,
  }).set(clocks.offsetMs() / 1_000);
  new Gauge({
    name: 'kcp_clock_wrong',
    help: 'Whether requests are refused because the clock is wrong.',
    registers,
  }).set(clocks.fault() === undefined ? 0 : 1);
  const peers = new Gauge({
    name: 'kcp_clock_peer_offset_seconds',
    help: 'How far the clock of another service is surely ahead of this one; negative: behind.',
    labelNames: ['peer'],
    registers,
  });
  for (const { name, offsetMs } of clocks.peers()) peers.set({ peer: name }, offsetMs / 1_000);
  const refused = new Counter({
    name: 'kcp_peer_revisions_refused_total',
    help: 'Messages of a shard whose revisions were more than a second ahead of the clock, so that it was not set by them.',
    labelNames: ['shard'],
    registers,
  });
  for (const [shard, count] of refusedRevisions()) refused.inc({ shard }, count);
}

export function createMetrics(
  core: Core,
  controllers: () => ControllerRuntime,
  amongOthers: AmongOthers | undefined,
  load: ServiceLoad,
): Metrics {
  const requests = new Map<string, number>();
  return {
    observe({ method }) {
      const verb = verbs[method] ?? 'other';
      requests.set(verb, (requests.get(verb) ?? 0) + 1);
    },
    async text() {
      // The client library is only loaded when somebody scrapes.
      const prom = await import('prom-client');
      const { Counter, Gauge, Registry, collectDefaultMetrics } = prom;
      const registry = new Registry();
      collectDefaultMetrics({ register: registry });
      const counter = new Counter({
        name: 'apiserver_request_total',
        help: 'Requests answered, by verb.',
        labelNames: ['verb'],
        registers: [registry],
      });
      for (const [verb, count] of requests) counter.inc({ verb }, count);
      const { commits, flushes, operations, bytes } = core.store.statistics();
      const store = {
        commits_total: commits,
        flushes_total: flushes,
        operations_total: operations,
        bytes_total: bytes,
      };
      for (const [name, value] of Object.entries(store)) {
        new Counter({
          name: `kcp_store_${name}`,
          help: `Store: ${name.replaceAll('_', ' ')}.`,
          registers: [registry],
        }).inc(value);
      }
      const { followers, ranges, catchingUp } = core.hub.sizes();
      const watch = new Gauge({
        name: 'kcp_watch_hub',
        help: 'Watchers, distinct ranges, and watchers that catch up.',
        labelNames: ['what'],
        registers: [registry],
      });
      for (const [what, value] of Object.entries({ followers, ranges, catchingUp })) watch.set({ what }, value);
      const queues = new Gauge({
        name: 'workqueue_depth',
        help: 'Keys that a controller has still to look at.',
        labelNames: ['name'],
        registers: [registry],
      });
      for (const [name, value] of Object.entries(controllers().sizes())) queues.set({ name }, value);
      const cached = new Gauge({
        name: 'kcp_cached_entries',
        help: 'Entries of bounded caches.',
        labelNames: ['cache'],
        registers: [registry],
      });
      cached.set({ cache: 'surfaces' }, core.catalog.size());
      cached.set({ cache: 'clusters' }, core.clusters.size());
      load.addMetrics(prom, [registry]);
      if (amongOthers !== undefined) addAmongOthers(amongOthers, prom, [registry]);
      return registry.metrics();
    },
  };
}
