/** What the service answers for itself: its health and its metrics. */
import type { Exchange } from '@kcp-ts/http';
import type { Directory, ServiceLoad } from '@kcp-ts/installation';
import { silentMsMax } from '@kcp-ts/merged';
import type { Contents } from './contents.ts';
import type { Shards } from './shards.ts';

export interface OwnAnswersNeeds {
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

function answerHealth(needs: OwnAnswersNeeds, exchange: Exchange, endpoint: 'livez' | 'readyz' | 'healthz'): void {
  const all: readonly (readonly [string, boolean])[] = [
    ['ping', true],
    ['index', needs.directory.isReady()],
    ['register', needs.shards.register.silentForMs() <= silentMsMax * 10],
    ['shutdown', !needs.draining()],
  ];
  const asked = endpoint === 'livez' ? all.slice(0, 1) : all;
  const good = asked.every(([, passed]) => passed);
  const verbose = /[?&]verbose/.test(exchange.url) || !good;
  const lines = asked.map(([name, passed]) => `[${passed ? '+' : '-'}]${name} ${passed ? 'ok' : 'failed'}\n`).join('');
  const end = `${endpoint} check ${good ? 'passed' : 'failed'}\n`;
  exchange.respond(good ? 200 : 500, text, verbose ? `${lines}${end}` : 'ok');
}

async function metricsText({ shards, contents, watches, requests, load }: OwnAnswersNeeds): Promise<string> {
  // The client library is only loaded when somebody scrapes.
  const prom = await import('prom-client');
  const { Counter, Gauge, Registry, collectDefaultMetrics } = prom;
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name: `kcp_virtual_workspaces_${name}`, help, labelNames: [...labelNames], registers });
  const counter = new Counter({
    name: 'kcp_virtual_workspaces_shard_answers_total',
    help: 'Answers of shards, by their status; 503 for those that could not be reached.',
    labelNames: ['code'],
    registers,
  });
  for (const [code, count] of requests) counter.inc({ code }, count);
  gauge('watches', 'Watches over all shards.').set(watches());
  gauge('shard_watches', 'Watches held at shards for them.').set(contents.size());
  gauge('register_silent_seconds', 'How long ago the register was heard.').set(shards.register.silentForMs() / 1_000);
  const excluded = gauge('shard_excluded', 'Shards that are left out of merged streams.', ['shard']);
  for (const shard of shards.register.current().shards)
    excluded.set({ shard: shard.name }, shard.excludedAt === undefined ? 0 : 1);
  const open = gauge('circuit_open', 'Shards that are not tried now.', ['backend']);
  for (const backend of shards.backends.statistics()) open.set({ backend: backend.url }, backend.open ? 1 : 0);
  load.addMetrics(prom, registers);
  return register.metrics();
}

/** True where the path was the service's own. */
export function createOwnAnswers(needs: OwnAnswersNeeds): (exchange: Exchange) => boolean | Promise<void> {
  return (exchange) => {
    const [path] = exchange.url.split('?', 1);
    switch (path) {
      case '/livez':
      case '/readyz':
      case '/healthz':
        answerHealth(needs, exchange, path.slice(1) as 'livez' | 'readyz' | 'healthz');
        return true;
      case '/metrics':
        if (!needs.mayScrape(exchange)) return false;
        return metricsText(needs).then((metrics) => exchange.respond(200, text, metrics));
      default:
        return false;
    }
  };
}
