/** Whether a server may get requests, as probes ask it. */
import type { HealthCheck } from '@kcp-ts/apiserver';
import type { Store } from '@kcp-ts/storage';

export interface Readiness {
  readonly checks: readonly HealthCheck[];
  /** From now on readiness says no: clients go to other servers while open requests end. */
  drain(): void;
}

/** `more`: what else has to be well, asked last. */
export function createReadiness(store: Pick<Store, 'fault'>, more: readonly HealthCheck[]): Readiness {
  let draining = false;
  return {
    checks: [
      { name: 'ping', live: true, check: () => undefined },
      { name: 'log', live: true, check: () => undefined },
      { name: 'store', live: false, showsReason: true, check: () => (draining ? 'closing' : store.fault()) },
      { name: 'shutdown', live: false, check: () => (draining ? 'shutting down' : undefined) },
      ...more,
    ],
    drain() {
      draining = true;
    },
  };
}
