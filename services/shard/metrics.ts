/** The shard's metrics: a fixed set of series, none per workspace, binding or definition. */
import type { ApiRequest } from '@kcp-ts/apiserver';
import type { Series } from '@kcp-ts/observability';
import { createMetricsPage } from '@kcp-ts/observability';
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

/** A series for each other shard, and no more. */
function amongOthersSeries({ clocks, refusedRevisions, etcdTransactions }: AmongOthers): readonly Series[] {
  return [
    {
      kind: 'counter',
      name: 'kcp_etcd_transactions_total',
      help: 'Transactions sent to etcd for commits and reservations, repeated ones included.',
      read: etcdTransactions,
    },
    {
      kind: 'gauge',
      name: 'kcp_clock_offset_seconds',
      help: 'How far the clock is surely ahead of the others; negative: behind. Beyond half a second requests are refused.',
      read: () => clocks.offsetMs() / 1_000,
    },
    {
      kind: 'gauge',
      name: 'kcp_clock_wrong',
      help: 'Whether requests are refused because the clock is wrong.',
      read: () => (clocks.fault() === undefined ? 0 : 1),
    },
    {
      kind: 'gauge',
      name: 'kcp_clock_peer_offset_seconds',
      help: 'How far the clock of another service is surely ahead of this one; negative: behind.',
      labels: ['peer'],
      read: () => clocks.peers().map(({ name, offsetMs }) => [{ peer: name }, offsetMs / 1_000]),
    },
    {
      kind: 'counter',
      name: 'kcp_peer_revisions_refused_total',
      help: 'Messages of a shard whose revisions were more than a second ahead of the clock, so that it was not set by them.',
      labels: ['shard'],
      read: () => [...refusedRevisions()].map(([shard, count]) => [{ shard }, count]),
    },
  ];
}

function storeSeries({ store }: Pick<Core, 'store'>): readonly Series[] {
  const counter = (what: keyof ReturnType<typeof store.statistics>): Series => ({
    kind: 'counter',
    name: `kcp_store_${what}_total`,
    help: `Store: ${what}.`,
    read: () => store.statistics()[what],
  });
  const writable: Series = {
    kind: 'gauge',
    name: 'kcp_store_writable',
    help: 'Whether the store takes commits: 0 while its disk, or etcd, is full or cannot be written.',
    read: () => (store.fault() === undefined ? 1 : 0),
  };
  return [...(['commits', 'flushes', 'failures', 'operations', 'bytes'] as const).map(counter), writable];
}

export function createMetrics(core: Core, amongOthers: AmongOthers | undefined, more: readonly Series[]): Metrics {
  const requests = new Map<string, number>();
  const text = createMetricsPage([
    {
      kind: 'counter',
      name: 'apiserver_request_total',
      help: 'Requests answered, by verb.',
      labels: ['verb'],
      read: () => [...requests].map(([verb, count]) => [{ verb }, count]),
    },
    ...storeSeries(core),
    {
      kind: 'gauge',
      name: 'kcp_watch_hub',
      help: 'Watchers, distinct ranges, and watchers that catch up.',
      labels: ['what'],
      read: () => Object.entries(core.hub.sizes()).map(([what, value]) => [{ what }, value]),
    },
    {
      kind: 'gauge',
      name: 'kcp_cached_entries',
      help: 'Entries of bounded caches.',
      labels: ['cache'],
      read: () => [
        [{ cache: 'surfaces' }, core.catalog.size()],
        [{ cache: 'clusters' }, core.clusters.size()],
      ],
    },
    ...more,
    ...(amongOthers === undefined ? [] : amongOthersSeries(amongOthers)),
  ]);
  return {
    text,
    observe({ method }) {
      const verb = verbs[method] ?? 'other';
      requests.set(verb, (requests.get(verb) ?? 0) + 1);
    },
  };
}
