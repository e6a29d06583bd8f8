/**
 * Who owns the shard, this process or another one, as probes, metrics and refused requests say it.
 */

import { StatusError } from '@kcp-ts/api';
import type { HealthCheck } from '@kcp-ts/apiserver';
import type { Series } from '@kcp-ts/observability';
import type { ReplicaRole } from '@kcp-ts/storage';

export interface RoleReport {
  readonly check: HealthCheck;
  /** Of a process that does not serve the shard: not well where it owns it, and is about to. */
  readonly serving: HealthCheck;
  readonly series: readonly Series[];
  /** What clients get while another process serves, or none does. */
  unavailable(): StatusError;
}

/**
 * A mirror that is asked every four seconds, and has not been complete for so long, is behind:
 * a process that took over with it would read for a while first.
 */
const lagMaxMs = 10_000;

function secondsOf(milliseconds: number): string {
  return (milliseconds / 1_000).toFixed(1);
}

export interface RoleDependencies {
  role(): ReplicaRole;
  /** Whether what was read may be answered. */
  holds(): boolean;
  etcdFailures(): number;
  leaseRemainingMs(): number;
}

/** Ready is the owner, while it surely is, and a standby that has caught up. */
export function reportRole({ role, holds, etcdFailures, leaseRemainingMs }: RoleDependencies): RoleReport {
  const isRole = (name: ReplicaRole['role']) => (role().role === name ? 1 : 0);
  return {
    check: {
      name: 'role',
      live: false,
      showsReason: true,
      check() {
        const now = role();
        if (now.role === 'owner')
          return holds() ? undefined : 'etcd has not confirmed for a while that this process owns the shard';
        if (now.lagMs <= lagMaxMs) return undefined;
        return Number.isFinite(now.lagMs)
          ? `standby, and its mirror has not been complete for ${secondsOf(now.lagMs)} s`
          : 'standby, and its mirror has still to be read';
      },
      detail() {
        const now = role();
        return now.role === 'owner' ? 'owner' : `standby, complete as of ${secondsOf(now.lagMs)} s ago`;
      },
    },
    serving: {
      name: 'serving',
      live: false,
      showsReason: true,
      check: () => (role().role === 'owner' ? 'the shard is starting' : undefined),
    },
    series: [
      {
        kind: 'gauge',
        name: 'kcp_shard_role',
        help: 'Whether this process owns the shard and serves it, or is a standby.',
        labels: ['role'],
        read: () => [
          [{ role: 'owner' }, isRole('owner')],
          [{ role: 'standby' }, isRole('standby')],
        ],
      },
      {
        kind: 'gauge',
        name: 'kcp_shard_lease_remaining_seconds',
        help: 'How long it is sure, without a further word of etcd, that this process owns the shard; 0 for a standby.',
        read: () => leaseRemainingMs() / 1_000,
      },
      {
        kind: 'counter',
        name: 'kcp_shard_etcd_failures_total',
        help: 'Calls that etcd did not answer, or refused, while this process did not own the shard.',
        read: etcdFailures,
      },
      {
        kind: 'gauge',
        name: 'kcp_shard_mirror_lag_seconds',
        help: 'How long ago a standby surely had everything that etcd had; 0 for the owner, +Inf before all has been read.',
        read() {
          const now = role();
          return now.role === 'owner' ? 0 : now.lagMs / 1_000;
        },
      },
    ],
    unavailable: () =>
      new StatusError(
        'ServiceUnavailable',
        role().role === 'owner'
          ? 'the server is currently unable to handle the request: the shard is starting'
          : 'the server is currently unable to handle the request: this process is a standby of the shard',
        { retryAfterSeconds: 1 },
      ),
  };
}
