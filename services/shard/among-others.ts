/** What a shard of an installation of several knows beside its own objects, and an operator is told. */

import { StatusError } from '@kcp-ts/api';
import type { ApiRequest } from '@kcp-ts/apiserver';
import type { ClockGuard } from '@kcp-ts/sharding';

export interface AmongOthers {
  readonly clocks: Pick<ClockGuard, 'fault' | 'offsetMs' | 'peers'>;
  /** How often each shard was too far ahead to be followed. */
  refusedRevisions(): ReadonlyMap<string, number>;
  /** Transactions that were sent to etcd. */
  etcdTransactions(): number;
}

/** Why a request must not be served while the clock is wrong. What the operator needs to see why is served. */
export function wrongClock(
  amongOthers: AmongOthers | undefined,
  { path }: Pick<ApiRequest, 'path'>,
): StatusError | undefined {
  const fault = amongOthers?.clocks.fault();
  if (fault === undefined || path === '/metrics') return undefined;
  return new StatusError('ServiceUnavailable', fault, { retryAfterSeconds: 1 });
}
