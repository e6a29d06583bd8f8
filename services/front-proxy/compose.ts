/** A front-proxy from top to bottom, around a directory that its caller opens and closes. */
import { createAssertionSigner, createCertificateReader } from '@kcp-ts/authn';
import type { Clock, Live } from '@kcp-ts/base';
import { liveOf } from '@kcp-ts/base';
import type { ExchangeHandler } from '@kcp-ts/http';
import type { ServiceLoad } from '@kcp-ts/program';
import { createHealthAndMetrics, followingChecks } from '@kcp-ts/program';
import type { Backend, Directory, Mapping, PeerTls, RouterDirectory } from '@kcp-ts/sharding';
import { createBackends, createFrontProxyHandler, createRouter, createScrapeAccess } from '@kcp-ts/sharding';
import type { Logger } from 'pino';
import { createMetrics } from './metrics.ts';

export interface FrontProxyOptions {
  readonly directory: RouterDirectory & Pick<Directory, 'isReady' | 'shards' | 'feeds'>;
  /** What other services of the installation see. */
  readonly peer: PeerTls | Live<PeerTls>;
  readonly mappings: readonly Mapping[] | Live<readonly Mapping[]>;
  readonly rootShard: string;
  readonly passGroups: readonly string[];
  readonly dropGroups: readonly string[];
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  readonly load: ServiceLoad;
}

export interface FrontProxy extends Disposable {
  readonly handler: ExchangeHandler;
  /** Closes connections to servers that are not among these URLs, nor in the mappings. */
  keep(urls: Iterable<string>): void;
  /** From now on readiness says no. */
  drain(): void;
  endWatches(milliseconds: number): Promise<void>;
}

function living(shards: readonly Backend[]): readonly string[] {
  return shards.flatMap(({ alive, baseUrl }) => (alive ? [baseUrl] : []));
}

function onEither(values: readonly Live<unknown>[], changed: () => void): Disposable {
  const following = new DisposableStack();
  for (const value of values) following.use(value.onChange(changed));
  return following;
}

export function composeFrontProxy(options: FrontProxyOptions): FrontProxy {
  const { directory, clock, log, load } = options;
  const peer = liveOf(options.peer);
  const mappings = liveOf(options.mappings);
  const tlsOf = (url: string) => mappings.current().find(({ backend }) => backend === url)?.tls ?? peer.current();
  const metrics = createMetrics({
    load,
    backends: () => backends.statistics(),
    feeds: directory.feeds,
  });
  const backends = createBackends({
    clock,
    tlsOf: (url) => ({ current: () => tlsOf(url), onChange: (changed) => onEither([peer, mappings], changed) }),
    onUnreachable: (url, error) => log.warn({ backend: url, err: error }, 'a backend cannot be reached'),
    onAnswered: metrics.count,
  });
  let draining = false;
  const readCertificate = createCertificateReader(() => clock.now());
  const handler = createFrontProxyHandler({
    router: createRouter({
      directory,
      rootShard: options.rootShard,
      mappings: () => mappings.current().filter(({ path }) => path !== '/clusters/'),
    }),
    backends,
    signer: createAssertionSigner({
      identity: peer,
      clock,
      passGroups: options.passGroups,
      dropGroups: options.dropGroups,
    }),
    readCertificate,
    inFlight: load.inFlight,
    answerOwn: createHealthAndMetrics({
      checks: followingChecks(directory, () => draining),
      metrics: metrics.text,
      readCertificate,
      mayScrape: createScrapeAccess({ backends, shards: () => living(directory.shards()), clock }),
    }),
    onRefused: (status) => metrics.count('', status),
  });
  return {
    handler,
    keep: (urls) => backends.keep(new Set([...urls, ...mappings.current().map(({ backend }) => backend)])),
    drain() {
      draining = true;
    },
    endWatches: backends.endWatches,
    [Symbol.dispose]: () => backends[Symbol.dispose](),
  };
}
