/** What the service answers for itself: its health and its metrics. */
import type { Exchange } from '@kcp-ts/http';
import type { Series } from '@kcp-ts/observability';
import { createMetricsPage } from '@kcp-ts/observability';
import type { ServiceLoad } from '@kcp-ts/program';
import type { Directory } from '@kcp-ts/sharding';
import { silentMsMax } from '@kcp-ts/sharding';
import type { Contents } from './contents.ts';
import type { Shards } from './shards.ts';

export interface OwnAnswersDependencies {
  readonly directory: Pick<Directory, 'isReady'>;
  readonly shards: Shards;
  readonly contents: Contents;
  watches(): number;
  draining(): boolean;
  /** Requests by the status of the answer of a shard. */
  readonly requests: ReadonlyMap<string, number>;
  readonly load: ServiceLoad;
  mayScrape(exchange: Exchange): boolean;
}

const text = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache, no-store' };

function answerHealth(
  deps: OwnAnswersDependencies,
  exchange: Exchange,
  endpoint: 'livez' | 'readyz' | 'healthz',
): void {
  const all: readonly (readonly [string, boolean])[] = [
    ['ping', true],
    ['index', deps.directory.isReady()],
    ['register', deps.shards.membership.silentForMs() <= silentMsMax * 10],
    ['shutdown', !deps.draining()],
  ];
  const asked = endpoint === 'livez' ? all.slice(0, 1) : all;
  const good = asked.every(([, passed]) => passed);
  const verbose = /[?&]verbose/.test(exchange.url) || !good;
  const lines = asked.map(([name, passed]) => `[${passed ? '+' : '-'}]${name} ${passed ? 'ok' : 'failed'}\n`).join('');
  const end = `${endpoint} check ${good ? 'passed' : 'failed'}\n`;
  exchange.respond(good ? 200 : 500, text, verbose ? `${lines}${end}` : 'ok');
}

function metricsPage({ shards, contents, watches, requests, load }: OwnAnswersDependencies): () => Promise<string> {
  const gauge = (name: string, help: string, read: () => number): Series => ({
    kind: 'gauge',
    name: `kcp_virtual_workspaces_${name}`,
    help,
    read,
  });
  return createMetricsPage([
    {
      kind: 'counter',
      name: 'kcp_virtual_workspaces_shard_answers_total',
      help: 'Answers of shards, by their status; 503 for those that could not be reached.',
      labels: ['code'],
      read: () => [...requests].map(([code, count]) => [{ code }, count]),
    },
    gauge('watches', 'Watches over all shards.', watches),
    gauge('shard_watches', 'Watches held at shards for them.', () => contents.size()),
    gauge(
      'register_silent_seconds',
      'How long ago the register was heard.',
      () => shards.membership.silentForMs() / 1e3,
    ),
    {
      kind: 'gauge',
      name: 'kcp_virtual_workspaces_shard_excluded',
      help: 'Shards that are left out of merged streams.',
      labels: ['shard'],
      read: () =>
        shards.membership
          .current()
          .shards.map((shard) => [{ shard: shard.name }, shard.excludedAt === undefined ? 0 : 1]),
    },
    {
      kind: 'gauge',
      name: 'kcp_virtual_workspaces_circuit_open',
      help: 'Shards that are not tried now.',
      labels: ['backend'],
      read: () => shards.backends.statistics().map(({ url, open }) => [{ backend: url }, open ? 1 : 0]),
    },
    ...load.series,
  ]);
}

/** True where the path was the service's own. */
export function createHealthAndMetrics(deps: OwnAnswersDependencies): (exchange: Exchange) => boolean | Promise<void> {
  const metrics = metricsPage(deps);
  return (exchange) => {
    const [path] = exchange.url.split('?', 1);
    switch (path) {
      case '/livez':
      case '/readyz':
      case '/healthz':
        answerHealth(deps, exchange, path.slice(1) as 'livez' | 'readyz' | 'healthz');
        return true;
      case '/metrics':
        if (!deps.mayScrape(exchange)) return false;
        return metrics().then((page) => exchange.respond(200, text, page));
      default:
        return false;
    }
  };
}
