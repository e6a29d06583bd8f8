import type { Clock } from '@kcp-ts/base';
import type { RpcError } from '@kcp-ts/rpc';

export interface OutageReport {
  /** A call was not answered, or refused. */
  failed(error: RpcError): void;
  /** etcd answers again: the next failure is reported. */
  answered(): void;
  /** Calls that failed. */
  failures(): number;
}

const repeatMs = 60_000;
/** Times differ between errors that have the same reason. */
const durations = /[\d.]+m?s\b/g;

/**
 * Says why etcd does not answer: each reason once, and again after a minute, however often a call
 * is tried.
 */
export function createOutageReport(clock: Pick<Clock, 'monotonic'>, say: (reason: string) => void): OutageReport {
  let failures = 0;
  /** When each reason was said. */
  const saidMs = new Map<string, number>();
  return {
    failed({ message }) {
      failures++;
      const now = clock.monotonic();
      for (const [reason, ms] of saidMs) if (now - ms >= repeatMs) saidMs.delete(reason);
      const reason = message.replace(durations, '');
      if (saidMs.has(reason)) return;
      saidMs.set(reason, now);
      say(message);
    },
    answered: () => saidMs.clear(),
    failures: () => failures,
  };
}
