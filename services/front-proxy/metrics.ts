/** The proxy's metrics: a fixed set of series, by backend and status, none by workspace. */
import type { BackendStatistics, ServiceLoad } from '@kcp-ts/installation';

export interface Metrics {
  /** A request has been answered; `backend` is empty where the proxy did so itself. */
  count(backend: string, status: number): void;
  text(
    backends: readonly BackendStatistics[],
    index: { readonly clusters: number; readonly workspaces: number },
  ): Promise<string>;
}

export function createMetrics(load: ServiceLoad): Metrics {
  /** By backend, then by status: nothing is put together for a request. */
  const answers = new Map<string, Map<number, number>>();
  return {
    count(backend, status) {
      let counts = answers.get(backend);
      if (counts === undefined) {
        counts = new Map();
        answers.set(backend, counts);
      }
      counts.set(status, (counts.get(status) ?? 0) + 1);
    },
    async text(backends, { clusters, workspaces }) {
      // The client library is only loaded when somebody scrapes.
      const prom = await import('prom-client');
      const { Counter, Gauge, Registry, collectDefaultMetrics } = prom;
      const register = new Registry();
      const registers = [register];
      collectDefaultMetrics({ register });
      const counter = new Counter({
        name: 'kcp_front_proxy_requests_total',
        help: "Requests, by the answer's status and who gave it; no backend means the proxy itself.",
        labelNames: ['backend', 'code'],
        registers,
      });
      for (const [backend, counts] of answers)
        for (const [code, count] of counts) counter.inc({ backend, code: String(code) }, count);
      const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
        new Gauge({ name, help, labelNames: [...labelNames], registers });
      const open = gauge('kcp_front_proxy_circuit_open', 'Backends that are not tried now.', ['backend']);
      const sessions = gauge('kcp_front_proxy_upstream_sessions', 'Connections to a backend.', ['backend']);
      const streams = gauge('kcp_front_proxy_upstream_streams', 'Requests under way at a backend.', ['backend']);
      for (const backend of backends) {
        open.set({ backend: backend.url }, backend.open ? 1 : 0);
        sessions.set({ backend: backend.url }, backend.sessions);
        streams.set({ backend: backend.url }, backend.streams);
      }
      gauge('kcp_front_proxy_index_clusters', 'Logical clusters in the index.').set(clusters);
      gauge('kcp_front_proxy_index_workspaces', 'Workspaces in the index.').set(workspaces);
      load.addMetrics(prom, registers);
      return register.metrics();
    },
  };
}
