/** The proxy's metrics: a fixed set of series, by backend and status, none by workspace. */

import type { Series } from '@kcp-ts/observability';
import { createMetricsPage } from '@kcp-ts/observability';
import type { ServiceLoad } from '@kcp-ts/program';
import type { BackendStatistics, Directory } from '@kcp-ts/sharding';
import { feedSeries } from '@kcp-ts/sharding';

export interface Metrics {
  /** A request has been answered; `backend` is empty where the proxy did so itself. */
  count(backend: string, status: number): void;
  text(): Promise<string>;
}

export interface MetricsDependencies {
  readonly load: ServiceLoad;
  backends(): readonly BackendStatistics[];
  readonly feeds: Directory['feeds'];
}

export function createMetrics({ load, backends, feeds }: MetricsDependencies): Metrics {
  /** By backend, then by status: nothing is put together for a request. */
  const answers = new Map<string, Map<number, number>>();

  function ofBackends(name: string, help: string, read: (backend: BackendStatistics) => number): Series {
    return {
      kind: 'gauge',
      name: `kcp_front_proxy_${name}`,
      help,
      labels: ['backend'],
      read: () => backends().map((backend) => [{ backend: backend.url }, read(backend)]),
    };
  }

  const text = createMetricsPage([
    {
      kind: 'counter',
      name: 'kcp_front_proxy_requests_total',
      help: "Requests, by the answer's status and who gave it; no backend means the proxy itself.",
      labels: ['backend', 'code'],
      read: () =>
        [...answers].flatMap(([backend, counts]) =>
          [...counts].map(([code, count]) => [{ backend, code: String(code) }, count] as const),
        ),
    },
    ofBackends('circuit_open', 'Backends that are not tried now.', ({ open }) => (open ? 1 : 0)),
    ofBackends('upstream_sessions', 'Connections to a backend.', ({ sessions }) => sessions),
    ofBackends('upstream_streams', 'Requests under way at a backend.', ({ streams }) => streams),
    ...feedSeries(feeds),
    ...load.series,
  ]);
  return {
    text,
    count(backend, status) {
      let counts = answers.get(backend);
      if (counts === undefined) {
        counts = new Map();
        answers.set(backend, counts);
      }
      counts.set(status, (counts.get(status) ?? 0) + 1);
    },
  };
}
