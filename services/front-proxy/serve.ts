/** A front-proxy that listens: its parts, put together around a directory that somebody else keeps. */
import { X509Certificate } from 'node:crypto';
import { createAssertionSigner, createCertificateReader, createServicePeers } from '@kcp-ts/authn';
import type { Clock } from '@kcp-ts/base';
import type { HttpLimits, ServerTls } from '@kcp-ts/http';
import { createHttpServer } from '@kcp-ts/http';
import type { ServiceLoad } from '@kcp-ts/program';
import { createServiceLoad } from '@kcp-ts/program';
import type { PeerTls } from '@kcp-ts/sharding';
import { createBackends } from '@kcp-ts/sharding';
import type { Logger } from 'pino';
import { createFrontProxy } from './compose.ts';
import type { KnownPlaces } from './health-and-metrics.ts';
import { createHealthAndMetrics } from './health-and-metrics.ts';
import type { Mapping } from './mapping.ts';
import { createMetrics } from './metrics.ts';
import type { Places } from './router.ts';
import { createRouter } from './router.ts';

export interface ServeOptions {
  readonly directory: Places & KnownPlaces;
  /** What clients see. */
  readonly serving: ServerTls;
  /** What other services of the installation see. */
  readonly peer: PeerTls;
  readonly mappings: readonly Mapping[];
  readonly rootShard: string;
  readonly passGroups: readonly string[];
  readonly dropGroups: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly limits?: Partial<HttpLimits>;
  /** One with the default limits when absent. */
  readonly load?: ServiceLoad;
}

export interface ServingFrontProxy {
  readonly port: number;
  /** Closes connections to servers that are not among these URLs, nor in the mappings. */
  keep(urls: Iterable<string>): void;
  /** Says that it is not ready, ends watches, lets other requests end for so long, then cuts off what is left. */
  close(options: { readonly drainMs: number }): Promise<void>;
}

function commonNameOf(certificate: string): string {
  const subject: Readonly<Record<string, unknown>> = { ...new X509Certificate(certificate).toLegacyObject().subject };
  return String(subject['CN'] ?? '');
}

/** Resolves when it listens. */
export async function serveFrontProxy(options: ServeOptions): Promise<ServingFrontProxy> {
  const { directory, peer, mappings, clock, log } = options;
  const load = options.load ?? createServiceLoad();
  const metrics = createMetrics({
    load,
    backends: () => backends.statistics(),
    index: () => directory.index.sizes(),
  });
  const backends = createBackends({
    clock,
    tlsOf: (url) => mappings.find(({ backend }) => backend === url)?.tls ?? peer,
    onUnreachable: (url, error) => log.warn({ backend: url, err: error }, 'a backend cannot be reached'),
    onAnswered: metrics.count,
  });
  let draining = false;
  const readCertificate = createCertificateReader(() => clock.now());
  const handler = createFrontProxy({
    router: createRouter({
      directory,
      rootShard: options.rootShard,
      mappings: mappings.filter(({ path }) => path !== '/clusters/'),
    }),
    backends,
    signer: createAssertionSigner({
      privateKey: peer.key,
      issuer: commonNameOf(peer.cert),
      clock,
      passGroups: options.passGroups,
      dropGroups: options.dropGroups,
    }),
    readCertificate,
    inFlight: load.inFlight,
    answerOwn: createHealthAndMetrics({
      directory,
      draining: () => draining,
      metrics: metrics.text,
      readCertificate,
    }),
    onRefused: (status) => metrics.count('', status),
  });
  const server = createHttpServer({
    tls: options.serving,
    handler,
    isService: createServicePeers({ peerCa: peer.ca }),
    onError: (error) => log.error({ err: error }, 'a request failed'),
    clock,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  load.follow(server);
  const { port } = await server.listen({ host: options.host, port: options.port });
  return {
    port,
    keep: (urls) => backends.keep(new Set([...urls, ...mappings.map(({ backend }) => backend)])),
    async close({ drainMs }) {
      draining = true;
      backends.endWatches();
      await server.close({ drainMs });
      backends[Symbol.dispose]();
    },
  };
}
