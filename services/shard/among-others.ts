/** What a shard of an installation of several knows beside its own objects, and an operator is told. */

import { StatusError } from '@kcp-ts/api';
import type { ApiRequest } from '@kcp-ts/apiserver';
import type { Authenticator } from '@kcp-ts/authn';
import { createAssertionVerifier, createServicePeers, serviceAudience, withAssertions } from '@kcp-ts/authn';
import type { Clock } from '@kcp-ts/base';
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

export interface ServicesOfShard {
  /** PEM of the authority of services; '' where the shard stands alone. */
  readonly peerCa: string;
  readonly shard: string;
  readonly clock: Clock;
}

/** Among others, what services hand on is taken for what it is: an assertion for this shard, and no other, says who asks. */
export function amongServices(authenticator: Authenticator, { peerCa, shard, clock }: ServicesOfShard): Authenticator {
  if (peerCa === '') return authenticator;
  const verifier = createAssertionVerifier({ audience: serviceAudience('shard', shard), clock });
  return withAssertions(authenticator, { isService: createServicePeers({ peerCa }), verifier });
}
