/**
 * What a shard of several reports to its operator: its clock, the revisions that it refused, and
 * its use of etcd.
 */

import { StatusError } from '@kcp-ts/api';
import type { HealthCheck } from '@kcp-ts/apiserver';
import type { Series } from '@kcp-ts/observability';
import type { ClockMonitor } from '../clocks/clock-monitor.ts';
import type { FeedReport } from '../feed/feed-series.ts';
import { feedSeries } from '../feed/feed-series.ts';

export interface ShardReport {
  readonly clocks: Pick<ClockMonitor, 'fault' | 'offsetMs' | 'peers'>;
  /** How often each shard was too far ahead to be followed. */
  refusedRevisions(): ReadonlyMap<string, number>;
  readonly feeds: FeedReport;
  /** Transactions that were sent to etcd. */
  etcdTransactions(): number;
}

/**
 * Why a request must not be served while the clock is wrong. What the operator needs to see why is
 * served.
 */
export function wrongClock(
  report: Pick<ShardReport, 'clocks'> | undefined,
  { path }: { readonly path: string },
): StatusError | undefined {
  const fault = report?.clocks.fault();
  if (fault === undefined || path === '/metrics') return undefined;
  return new StatusError('ServiceUnavailable', fault, { retryAfterSeconds: 1 });
}

/** Whether the clock is right, as readiness asks it. */
export function shardReportChecks({ clocks }: Pick<ShardReport, 'clocks'>): readonly HealthCheck[] {
  return [{ name: 'clock', live: false, check: () => clocks.fault() }];
}

/** A series for each other shard, and no more. */
export function shardReportSeries({
  clocks,
  refusedRevisions,
  etcdTransactions,
  feeds,
}: ShardReport): readonly Series[] {
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
    ...feedSeries(feeds),
  ];
}
