/**
 * The service of virtual workspaces from top to bottom: everything but the server and its
 * connections.
 */
import {
  createAssertionSigner,
  createAssertionVerifier,
  createCertificateReader,
  createServicePeers,
  serviceAudience,
} from '@kcp-ts/authn';
import type { Clock, Live, Random } from '@kcp-ts/base';
import type { ServiceLoad } from '@kcp-ts/program';
import { createHealthAndMetrics, followingChecks } from '@kcp-ts/program';
import type { FeedService } from '@kcp-ts/proto';
import type { RpcClient } from '@kcp-ts/rpc';
import type {
  CallerDependencies,
  Confirming,
  Directory,
  PeerTls,
  ShardRecord,
  ShardsMembership,
  VirtualWorkspacesHandler,
} from '@kcp-ts/sharding';
import {
  createBackends,
  createExclusions,
  createMergeDelays,
  createScrapeAccess,
  createShardConnections,
  createUpstreamWatches,
  createVirtualWorkspacesHandler,
  silentMsMax,
} from '@kcp-ts/sharding';
import type { Logger } from 'pino';
import { createMetrics } from './metrics.ts';

export interface VirtualWorkspacesOptions {
  /** Of this service in the membership. */
  readonly name: string;
  readonly membership: ShardsMembership;
  readonly directory: Confirming & Pick<Directory, 'isReady' | 'feeds'>;
  readonly tls: PeerTls | Live<PeerTls>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly load: ServiceLoad;
  connect(rpcAddress: string): RpcClient<typeof FeedService>;
  labelsOf(shard: ShardRecord): Readonly<Record<string, string>>;
}

export interface VirtualWorkspaces extends Disposable {
  readonly handler: VirtualWorkspacesHandler['handler'];
  /** From now on readiness says no. */
  drain(): void;
  endWatches(milliseconds: number): Promise<void>;
}

function callerOf({ name, tls, clock }: VirtualWorkspacesOptions): CallerDependencies {
  return {
    signer: createAssertionSigner({ identity: tls, clock }),
    verifier: createAssertionVerifier({ audience: serviceAudience('virtual-workspaces', name), clock }),
    isService: createServicePeers({ peerCa: tls }),
    readCertificate: createCertificateReader(() => clock.now()),
  };
}

export function composeVirtualWorkspaces(deps: VirtualWorkspacesOptions): VirtualWorkspaces {
  const { membership, directory, tls, clock, log, load } = deps;
  const requests = new Map<string, number>();
  const count = (code: string) => void requests.set(code, (requests.get(code) ?? 0) + 1);
  const backends = createBackends({
    clock,
    tlsOf: () => tls,
    onUnreachable: (url, error) => log.warn({ backend: url, err: error }, 'a shard cannot be reached'),
    onAnswered: (_url, status) => count(String(status)),
  });
  const shards = createShardConnections({ membership, backends, clock, connect: deps.connect });
  const upstreamWatches = createUpstreamWatches(backends, clock);
  const exclusions = createExclusions({
    shards: membership,
    clock,
    exclude: (name, at) => membership.exclude(name, at),
    readmit: (name) => membership.readmit(name),
    progressOf: (name) => upstreamWatches.progressOf(name) ?? shards.progressRequester.progressOf(name),
    reachable: (shard) =>
      shards.progressRequester.ask(shard).then(
        () => true,
        () => false,
      ),
    failed: (error) => log.warn({ err: error }, 'the membership cannot be changed'),
  });
  let living: ReadonlySet<string> = new Set();
  const following = membership.follow((state) => {
    backends.keep(new Set(state.shards.map(({ baseUrl }) => baseUrl)));
    const alive = state.shards.filter((shard) => shard.alive).map(({ baseUrl }) => baseUrl);
    for (const url of alive) if (!living.has(url)) backends.revive(url);
    living = new Set(alive);
  });
  const caller = callerOf(deps);
  const delays = createMergeDelays(clock);
  let draining = false;
  const service: VirtualWorkspacesHandler = createVirtualWorkspacesHandler({
    inFlight: load.inFlight,
    merge: { shards, upstreamWatches, clock, random: deps.random, emitted: delays.observe },
    caller,
    directory,
    labelsOf: deps.labelsOf,
    answerOwn: createHealthAndMetrics({
      checks: followingChecks(directory, () => draining, [
        {
          name: 'membership',
          live: false,
          check: () =>
            membership.silentForMs() <= silentMsMax * 20 ? undefined : 'etcd has not answered for ten seconds',
        },
      ]),
      metrics: createMetrics({
        shards,
        upstreamWatches,
        requests,
        load,
        watches: () => service.watches(),
        feeds: directory.feeds,
        delays,
      }),
      readCertificate: caller.readCertificate,
      mayScrape: createScrapeAccess({ backends, shards: () => [...living], clock }),
    }),
    logFault: (exchange, error) => log.error({ url: exchange.url, err: error.cause }, error.message),
  });
  return {
    handler: service.handler,
    drain() {
      draining = true;
    },
    endWatches: service.endWatches,
    [Symbol.dispose]() {
      for (const part of [following, exclusions, upstreamWatches, shards, backends]) part[Symbol.dispose]();
    },
  };
}
