/** What a service does for clients now, whichever service it is, and how its metrics say it. */
import type { UncaughtErrors } from '@kcp-ts/base';
import type { HttpServer, InFlight } from '@kcp-ts/http';
import { createInFlight } from '@kcp-ts/http';
import type { Series, SeriesValues } from '@kcp-ts/observability';
import type { CertificateDates } from './program-series.ts';
import { buildSeries, createCertificateDates } from './program-series.ts';

export interface ServiceLoad {
  readonly inFlight: InFlight;
  /** Of the server that serves it. */
  follow(server: HttpServer): void;
  readonly certificates: Pick<CertificateDates, 'follow'>;
  /** For the service's page of metrics. */
  readonly series: readonly Series[];
}

export interface ServiceLoadOptions {
  readonly maxRequestsInflight: number;
  readonly maxMutatingRequestsInflight: number;
}

/** kube-apiserver's. */
export const defaultInFlight: ServiceLoadOptions = { maxRequestsInflight: 400, maxMutatingRequestsInflight: 200 };

/** `uncaught`: of the process; they are not counted when absent. */
export function createServiceLoad(
  { maxRequestsInflight, maxMutatingRequestsInflight }: ServiceLoadOptions = defaultInFlight,
  uncaught?: Pick<UncaughtErrors, 'count'> | undefined,
): ServiceLoad {
  const inFlight = createInFlight({ readOnlyMax: maxRequestsInflight, mutatingMax: maxMutatingRequestsInflight });
  const certificates = createCertificateDates();
  let server: HttpServer | undefined;
  return {
    inFlight,
    certificates,
    follow(started) {
      server = started;
    },
    series: [
      buildSeries,
      ...certificates.series,
      {
        kind: 'gauge',
        name: 'apiserver_current_inflight_requests',
        help: 'Requests in flight that count against the maximum, by kind.',
        labels: ['request_kind'],
        read: () => byKind(inFlight, 'current'),
      },
      {
        kind: 'counter',
        name: 'apiserver_dropped_requests_total',
        help: 'Requests refused with 429 because too many were in flight, by kind.',
        labels: ['request_kind'],
        read: () => byKind(inFlight, 'dropped'),
      },
      ...(uncaught === undefined ? [] : [uncaughtErrors(uncaught)]),
      {
        kind: 'gauge',
        name: 'kcp_http_requests_running',
        help: 'Requests under way and not answered, of all clients.',
        read: () => server?.sizes().running ?? 0,
      },
      {
        kind: 'gauge',
        name: 'kcp_http_requests_waiting',
        help: 'Requests that wait for their turn.',
        read: () => server?.sizes().waiting ?? 0,
      },
      {
        kind: 'gauge',
        name: 'kcp_http_unsent_bytes',
        help: 'Bytes of answers that clients have not taken.',
        read: () => server?.sizes().unsentBytes ?? 0,
      },
    ],
  };
}

function byKind(inFlight: InFlight, what: 'current' | 'dropped'): SeriesValues {
  return Object.entries(inFlight.sizes()).map(([kind, sizes]) => [{ request_kind: kind }, sizes[what]]);
}

function uncaughtErrors(uncaught: Pick<UncaughtErrors, 'count'>): Series {
  return {
    kind: 'counter',
    name: 'kcp_uncaught_errors_total',
    help: 'Errors that nobody caught, of timers, listeners, callbacks and promises. Each is a fault of the program.',
    labels: ['origin'],
    read: () =>
      (['uncaughtException', 'unhandledRejection'] as const).map((origin) => [{ origin }, uncaught.count(origin)]),
  };
}
