/** What the proxy answers for itself: its health and its metrics. */

import { StatusError } from '@kcp-ts/api';
import type { CertificateVerdict } from '@kcp-ts/authn';
import { mastersGroup } from '@kcp-ts/authn';
import type { Exchange, Peer } from '@kcp-ts/http';
import type { Directory, PathIndex } from '@kcp-ts/sharding';

/** What is to be known of the directory. */
export interface KnownPlaces extends Pick<Directory, 'isReady'> {
  readonly index: Pick<PathIndex, 'sizes'>;
}

export interface OwnAnswersDependencies {
  readonly directory: KnownPlaces;
  draining(): boolean;
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
  readCertificate(peer: Peer): CertificateVerdict;
}

type Check = readonly [name: string, passes: () => boolean];

const text = {
  'content-type': 'text/plain; charset=utf-8',
  'cache-control': 'no-cache, no-store',
  'x-content-type-options': 'nosniff',
};

/** In the form of Kubernetes: `ok`, or a line for each check where one fails or the client wants them. */
function answerHealth(exchange: Exchange, name: string, checks: readonly Check[], query: string): void {
  const results = checks.map(([check, passes]) => [check, passes()] as const);
  const good = results.every(([, passed]) => passed);
  if (good && !new URLSearchParams(query).has('verbose')) {
    exchange.respond(200, text, 'ok');
    return;
  }
  const lines = results.map(([check, passed]) =>
    passed ? `[+]${check} ok\n` : `[-]${check} failed: reason withheld\n`,
  );
  exchange.respond(good ? 200 : 500, text, `${lines.join('')}${name} check ${good ? 'passed' : 'failed'}\n`);
}

/** Answers where the path is the proxy's own; undefined otherwise. Metrics are for those whose certificate says `system:masters`; for others the path is a shard's. */
export function createHealthAndMetrics(
  deps: OwnAnswersDependencies,
): (exchange: Exchange) => Promise<void> | true | undefined {
  const ping: Check = ['ping', () => true];
  const ready: readonly Check[] = [
    ping,
    ['index', () => deps.directory.isReady()],
    ['shutdown', () => !deps.draining()],
  ];
  const groups: Readonly<Record<string, readonly Check[]>> = { livez: [ping], readyz: ready, healthz: ready };

  function mayScrape(peer: Peer): boolean {
    const verdict = deps.readCertificate(peer);
    return verdict.kind === 'user' && verdict.user.groups.includes(mastersGroup);
  }

  async function answerMetrics(exchange: Exchange): Promise<void> {
    exchange.respond(200, text, await deps.metrics());
  }

  return (exchange) => {
    const { url } = exchange;
    // Nearly everything begins with /clusters/ or /services/.
    const first = url.charCodeAt(1);
    if (first === 0x63 || first === 0x73 || first === 0x61) return undefined;
    const question = url.indexOf('?');
    const [, name = '', check, ...more] = (question < 0 ? url : url.slice(0, question)).split('/');
    if (name === 'metrics' && check === undefined)
      return mayScrape(exchange.peer) ? answerMetrics(exchange) : undefined;
    const checks = Object.hasOwn(groups, name) ? groups[name] : undefined;
    if (checks === undefined || more.length > 0) return undefined;
    const asked = check === undefined || check === '' ? checks : checks.filter(([known]) => known === check);
    if (asked.length === 0) throw StatusError.pathNotFound();
    answerHealth(
      exchange,
      check === undefined || check === '' ? name : check,
      asked,
      question < 0 ? '' : url.slice(question + 1),
    );
    return true;
  };
}
