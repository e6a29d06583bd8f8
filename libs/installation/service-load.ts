/** What a service does for clients now, whichever service it is, and how its metrics say it. */
import type { UncaughtErrors } from '@kcp-ts/base';
import type { HttpServer, InFlight } from '@kcp-ts/http';
import { createInFlight } from '@kcp-ts/http';

export interface ServiceLoad {
  readonly inFlight: InFlight;
  /** Of the server that serves it. */
  follow(server: HttpServer): void;
  addMetrics(prom: PromClient, registers: InstanceType<PromClient['Registry']>[]): void;
}

type PromClient = typeof import('prom-client');

export interface ServiceLoadOptions {
  readonly maxRequestsInflight: number;
  readonly maxMutatingRequestsInflight: number;
}

/** kube-apiserver's. */
export const defaultInFlight: ServiceLoadOptions = { maxRequestsInflight: 400, maxMutatingRequestsInflight: 200 };

/** `uncaught`: of the process; nothing is told of them when absent. */
export function createServiceLoad(
  { maxRequestsInflight, maxMutatingRequestsInflight }: ServiceLoadOptions = defaultInFlight,
  uncaught?: Pick<UncaughtErrors, 'count'> | undefined,
): ServiceLoad {
  const inFlight = createInFlight({ readOnlyMax: maxRequestsInflight, mutatingMax: maxMutatingRequestsInflight });
  let server: HttpServer | undefined;
  return {
    inFlight,
    follow(started) {
      server = started;
    },
    addMetrics({ Counter, Gauge }, registers) {
      const current = new Gauge({
        name: 'apiserver_current_inflight_requests',
        help: 'Requests in flight that count against the maximum, by kind.',
        labelNames: ['request_kind'],
        registers,
      });
      const dropped = new Counter({
        name: 'apiserver_dropped_requests_total',
        help: 'Requests refused with 429 because too many were in flight, by kind.',
        labelNames: ['request_kind'],
        registers,
      });
      for (const [kind, sizes] of Object.entries(inFlight.sizes())) {
        current.set({ request_kind: kind }, sizes.current);
        dropped.inc({ request_kind: kind }, sizes.dropped);
      }
      if (uncaught !== undefined) {
        const errors = new Counter({
          name: 'kcp_uncaught_errors_total',
          help: 'Errors that nobody caught, of timers, listeners, callbacks and promises. Each is a fault of the program.',
          labelNames: ['origin'],
          registers,
        });
        for (const origin of ['uncaughtException', 'unhandledRejection'] as const)
          errors.inc({ origin }, uncaught.count(origin));
      }
      if (server === undefined) return;
      const { running, waiting, unsentBytes } = server.sizes();
      const gauge = (name: string, help: string, value: number) => new Gauge({ name, help, registers }).set(value);
      gauge('kcp_http_requests_running', 'Requests under way and not answered, whoever asks.', running);
      gauge('kcp_http_requests_waiting', 'Requests that wait for their turn.', waiting);
      gauge('kcp_http_unsent_bytes', 'Bytes of answers that clients have not taken.', unsentBytes);
    },
  };
}
