/** What a service without an API of its own answers for itself: its health and its metrics. */
import type { HealthCheck } from '@kcp-ts/apiserver';
import { healthReport, parseQuery } from '@kcp-ts/apiserver';
import type { CertificateVerdict } from '@kcp-ts/authn';
import { mastersGroup } from '@kcp-ts/authn';
import type { Exchange, Peer } from '@kcp-ts/http';
import type { ScrapeAccess } from '@kcp-ts/sharding';
import { answerStatus } from '@kcp-ts/sharding';

export interface HealthAndMetricsDependencies {
  readonly checks: readonly HealthCheck[];
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
  readCertificate(peer: Peer): CertificateVerdict;
  /** Why a bearer token may not see the metrics; undefined where it may. */
  readonly mayScrape: ScrapeAccess;
}

/** Undefined where the path is not the service's own. */
export type AnswerOwn = (exchange: Exchange) => Promise<void> | true | undefined;

const headers = {
  'content-type': 'text/plain; charset=utf-8',
  'cache-control': 'no-cache, no-store',
  'x-content-type-options': 'nosniff',
};

/**
 * What every service that follows the others is asked: whether it knows where workspaces are, and
 * whether it is going.
 */
export function followingChecks(
  directory: { isReady(): boolean },
  draining: () => boolean,
  more: readonly HealthCheck[] = [],
): readonly HealthCheck[] {
  const check = (name: string, passes: () => boolean): HealthCheck => ({
    name,
    live: false,
    check: () => (passes() ? undefined : 'not now'),
  });
  return [
    { name: 'ping', live: true, check: () => undefined },
    check('index', () => directory.isReady()),
    ...more,
    check('shutdown', () => !draining()),
  ];
}

/**
 * Metrics are for those whose certificate says `system:masters`, and for bearer tokens that may
 * read those of a shard; undefined for others, and for any other path.
 */
export function createScrapeAnswer(
  deps: Pick<HealthAndMetricsDependencies, 'metrics' | 'readCertificate' | 'mayScrape'>,
): (exchange: Exchange) => Promise<void> | undefined {
  function isMaster(peer: Peer): boolean {
    const verdict = deps.readCertificate(peer);
    return verdict.kind === 'user' && verdict.user.groups.includes(mastersGroup);
  }

  async function answerMetrics(exchange: Exchange): Promise<void> {
    exchange.respond(200, headers, await deps.metrics());
  }

  async function answerToken(exchange: Exchange, authorization: string): Promise<void> {
    const refusal = await deps.mayScrape(authorization);
    if (refusal === undefined) await answerMetrics(exchange);
    else answerStatus(exchange, refusal);
  }

  return (exchange) => {
    if (exchange.url.split('?', 1)[0] !== '/metrics') return undefined;
    if (isMaster(exchange.peer)) return answerMetrics(exchange);
    const { authorization } = exchange.headers;
    return typeof authorization === 'string' && /^bearer /i.test(authorization)
      ? answerToken(exchange, authorization)
      : undefined;
  };
}

export function createHealthAndMetrics(deps: HealthAndMetricsDependencies): AnswerOwn {
  const answerScrape = createScrapeAnswer(deps);
  return (exchange) => {
    const { url } = exchange;
    // Nearly everything begins with /clusters/ or /services/.
    const first = url.charCodeAt(1);
    if (first === 0x63 || first === 0x73 || first === 0x61) return undefined;
    const scraped = answerScrape(exchange);
    if (scraped !== undefined) return scraped;
    const question = url.indexOf('?');
    const path = question < 0 ? url : url.slice(0, question);
    const report = healthReport(path, parseQuery(question < 0 ? '' : url.slice(question + 1)), deps.checks);
    if (report === undefined) return undefined;
    exchange.respond(report.status, headers, report.text);
    return true;
  };
}
