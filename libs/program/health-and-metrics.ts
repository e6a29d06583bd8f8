/** What a service without an API of its own answers for itself: its health and its metrics. */
import type { HealthCheck } from '@kcp-ts/apiserver';
import { healthReport, parseQuery } from '@kcp-ts/apiserver';
import type { CertificateVerdict } from '@kcp-ts/authn';
import { mastersGroup } from '@kcp-ts/authn';
import type { Exchange, Peer } from '@kcp-ts/http';

export interface HealthAndMetricsDependencies {
  readonly checks: readonly HealthCheck[];
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
  readCertificate(peer: Peer): CertificateVerdict;
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
 * Metrics are for those whose certificate says `system:masters`; for others the path is not the
 * service's own.
 */
export function createHealthAndMetrics(deps: HealthAndMetricsDependencies): AnswerOwn {
  function mayScrape(peer: Peer): boolean {
    const verdict = deps.readCertificate(peer);
    return verdict.kind === 'user' && verdict.user.groups.includes(mastersGroup);
  }

  async function answerMetrics(exchange: Exchange): Promise<void> {
    exchange.respond(200, headers, await deps.metrics());
  }

  return (exchange) => {
    const { url } = exchange;
    // Nearly everything begins with /clusters/ or /services/.
    const first = url.charCodeAt(1);
    if (first === 0x63 || first === 0x73 || first === 0x61) return undefined;
    const question = url.indexOf('?');
    const path = question < 0 ? url : url.slice(0, question);
    if (path === '/metrics') return mayScrape(exchange.peer) ? answerMetrics(exchange) : undefined;
    const report = healthReport(path, parseQuery(question < 0 ? '' : url.slice(question + 1)), deps.checks);
    if (report === undefined) return undefined;
    exchange.respond(report.status, headers, report.text);
    return true;
  };
}
