import { StatusError } from '@kcp-ts/api';
import type { Clock } from '@kcp-ts/base';
import type { ApiRequest, Filter } from '../api-request.ts';
import type { RequestMetrics } from '../request-metrics.ts';

/** Counts what each request was answered with, and how long that took. */
export function measure(metrics: RequestMetrics, clock: Pick<Clock, 'monotonic'>): Filter {
  function failed(request: ApiRequest, thrown: unknown, sinceMs: number): never {
    // Further out it becomes the answer, where there is none yet.
    const { exchange } = request;
    const status = exchange.answered ? exchange.status : exchange.closed ? 0 : StatusError.from(thrown).code;
    metrics.answered(request, status, (clock.monotonic() - sinceMs) / 1_000);
    throw thrown;
  }
  function answered(request: ApiRequest, sinceMs: number): void {
    const { exchange, info } = request;
    metrics.answered(request, exchange.status, (clock.monotonic() - sinceMs) / 1_000);
    // 101: over a WebSocket.
    if (info.verb === 'watch' && (exchange.status === 200 || exchange.status === 101) && !exchange.closed)
      exchange.onClose(metrics.longRunning(request));
  }
  return (next) => (request) => {
    const sinceMs = clock.monotonic();
    try {
      const done = next(request);
      if (!(done instanceof Promise)) return answered(request, sinceMs);
      return done.then(
        () => answered(request, sinceMs),
        (thrown: unknown) => failed(request, thrown, sinceMs),
      );
    } catch (thrown) {
      return failed(request, thrown, sinceMs);
    }
  };
}
