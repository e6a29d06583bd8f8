/** What the proxy answers for itself: its health and its metrics. */

import type { Exchange } from '@kcp-ts/http';
import type { Backends, Directory } from '@kcp-ts/installation';

export interface OwnAnswersNeeds {
  readonly directory: Directory;
  readonly backends: Backends;
  readonly requests: ReadonlyMap<string, number>;
  draining(): boolean;
}

const text = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache, no-store' };

function checks({ directory, draining }: OwnAnswersNeeds): readonly (readonly [string, boolean])[] {
  return [
    ['ping', true],
    ['index', directory.isReady()],
    ['shutdown', !draining()],
  ];
}

function answerHealth(needs: OwnAnswersNeeds, exchange: Exchange, live: boolean): void {
  const all = live ? checks(needs).slice(0, 1) : checks(needs);
  const good = all.every(([, passed]) => passed);
  const verbose = exchange.url.includes('?verbose') || exchange.url.includes('&verbose') || !good;
  const lines = all.map(([name, passed]) => `[${passed ? '+' : '-'}]${name} ${passed ? 'ok' : 'failed'}\n`).join('');
  const end = `${live ? 'livez' : 'readyz'} check ${good ? 'passed' : 'failed'}\n`;
  exchange.respond(good ? 200 : 500, text, verbose ? `${lines}${end}` : 'ok');
}

async function metricsText({ directory, backends, requests }: OwnAnswersNeeds): Promise<string> {
  // The client library is only loaded when somebody scrapes.
  const { Counter, Gauge, Registry, collectDefaultMetrics } = await import('prom-client');
  const registers = [new Registry()];
  const [register] = registers;
  if (register === undefined) return '';
  collectDefaultMetrics({ register });
  const counter = new Counter({
    name: 'kcp_front_proxy_requests_total',
    help: 'Requests, by the status of the answer; 0 where none came.',
    labelNames: ['code'],
    registers,
  });
  for (const [code, count] of requests) counter.inc({ code }, count);
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });
  const open = gauge('kcp_front_proxy_circuit_open', 'Backends that are not tried now.', ['backend']);
  const sessions = gauge('kcp_front_proxy_upstream_sessions', 'Connections to a backend.', ['backend']);
  const streams = gauge('kcp_front_proxy_upstream_streams', 'Requests under way at a backend.', ['backend']);
  for (const backend of backends.statistics()) {
    open.set({ backend: backend.url }, backend.open ? 1 : 0);
    sessions.set({ backend: backend.url }, backend.sessions);
    streams.set({ backend: backend.url }, backend.streams);
  }
  const { clusters, workspaces } = directory.index.sizes();
  gauge('kcp_front_proxy_index_clusters', 'Logical clusters in the index.').set(clusters);
  gauge('kcp_front_proxy_index_workspaces', 'Workspaces in the index.').set(workspaces);
  return register.metrics();
}

/** True where the path was the proxy's own. `mayScrape`: whether the client may see the metrics. */
export function createOwnAnswers(
  needs: OwnAnswersNeeds,
  mayScrape: (exchange: Exchange) => boolean,
): (exchange: Exchange) => boolean {
  return (exchange) => {
    const { url } = exchange;
    if (url.startsWith('/livez')) answerHealth(needs, exchange, true);
    else if (url.startsWith('/readyz') || url === '/healthz') answerHealth(needs, exchange, false);
    else if (url === '/metrics' && mayScrape(exchange)) {
      void metricsText(needs).then((metrics) => exchange.respond(200, text, metrics));
    } else return false;
    return true;
  };
}
