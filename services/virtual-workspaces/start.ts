/** Starts the service of virtual workspaces with its server, and stops it: what the program and the tests call. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  createAssertionSigner,
  createAssertionVerifier,
  createCertificateReader,
  createServicePeers,
  serviceAudience,
} from '@kcp-ts/authn';
import type { Clock, UncaughtErrors } from '@kcp-ts/base';
import { createSystemClock, createSystemRandom } from '@kcp-ts/base';
import type { Exchange } from '@kcp-ts/http';
import { createHttpServer } from '@kcp-ts/http';
import { createLogger } from '@kcp-ts/observability';
import type { ServiceLoad } from '@kcp-ts/program';
import { addressOf, advertisedHostOf, createServiceLoad } from '@kcp-ts/program';
import { FeedService } from '@kcp-ts/proto';
import type { RpcClient } from '@kcp-ts/rpc';
import { createRpcClient } from '@kcp-ts/rpc';
import type { Confirming, Directory, ShardRecord } from '@kcp-ts/sharding';
import { createBackends, createExclusions, openConnections, openDirectory } from '@kcp-ts/sharding';
import type { Logger } from 'pino';
import type { Service } from './compose.ts';
import { createService } from './compose.ts';
import { createContents } from './contents.ts';
import { createHealthAndMetrics } from './health-and-metrics.ts';
import type { IdentityDependencies } from './identity.ts';
import type { VirtualWorkspacesConfig } from './options.ts';
import { createShardLabels } from './shard-labels.ts';
import type { ShardsMembership } from './shards.ts';
import { createShards } from './shards.ts';

export interface RunningVirtualWorkspaces extends AsyncDisposable {
  readonly port: number;
}

interface PeerPems {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface AssembleDependencies {
  /** Of this service in the register. */
  readonly name: string;
  readonly membership: ShardsMembership;
  readonly directory: Confirming & Pick<Directory, 'isReady'>;
  readonly tls: PeerPems;
  readonly clock: Clock;
  readonly log: Logger;
  /** One with the default limits when absent. */
  readonly load?: ServiceLoad;
  connect(rpcAddress: string): RpcClient<typeof FeedService>;
  labelsOf(shard: ShardRecord): Readonly<Record<string, string>>;
}

export interface Assembled extends Disposable {
  readonly service: Service;
  /** From now on readiness says no, and watches end. */
  drain(): void;
}

function identityOf({ name, tls, clock }: AssembleDependencies): IdentityDependencies {
  const subject: Readonly<Record<string, unknown>> = { ...new X509Certificate(tls.cert).toLegacyObject().subject };
  return {
    signer: createAssertionSigner({ privateKey: tls.key, issuer: String(subject['CN'] ?? ''), clock }),
    verifier: createAssertionVerifier({ audience: serviceAudience('virtual-workspaces', name), clock }),
    isService: createServicePeers({ peerCa: tls.ca }),
    readCertificate: createCertificateReader(() => clock.now()),
  };
}

/** Everything but the server and what it is connected to. */
export function assemble(deps: AssembleDependencies): Assembled {
  const { membership, directory, tls, clock, log } = deps;
  const requests = new Map<string, number>();
  const count = (code: string) => void requests.set(code, (requests.get(code) ?? 0) + 1);
  const backends = createBackends({
    clock,
    tlsOf: () => tls,
    onUnreachable: (url, error) => log.warn({ backend: url, err: error }, 'a shard cannot be reached'),
    onAnswered: (_url, status) => count(String(status)),
  });
  const shards = createShards({ membership, backends, clock, connect: deps.connect });
  const contents = createContents(backends, clock);
  const exclusions = createExclusions({
    shards: membership,
    clock,
    exclude: (name, at) => membership.exclude(name, at),
    readmit: (name) => membership.readmit(name),
    progressOf: (name) => contents.progressOf(name) ?? shards.progressRequester.progressOf(name),
    reachable: (shard) =>
      shards.progressRequester.ask(shard).then(
        () => true,
        () => false,
      ),
    failed: (error) => log.warn({ err: error }, 'the register cannot be changed'),
  });
  let living: ReadonlySet<string> = new Set();
  const following = membership.follow((state) => {
    backends.keep(new Set(state.shards.map(({ baseUrl }) => baseUrl)));
    const alive = state.shards.filter((shard) => shard.alive).map(({ baseUrl }) => baseUrl);
    for (const url of alive) if (!living.has(url)) backends.revive(url);
    living = new Set(alive);
  });
  const identity = identityOf(deps);
  let draining = false;
  const mayScrape = ({ peer }: Exchange) => {
    const verdict = identity.readCertificate(peer);
    return verdict.kind === 'user' && verdict.user.groups.includes('system:masters');
  };
  const load = deps.load ?? createServiceLoad();
  const service: Service = createService({
    inFlight: load.inFlight,
    context: { shards, contents, clock, random: createSystemRandom() },
    identity,
    directory,
    labelsOf: deps.labelsOf,
    answerOwn: createHealthAndMetrics({
      directory,
      shards,
      contents,
      requests,
      mayScrape,
      load,
      watches: () => service.watches(),
      draining: () => draining,
    }),
    logFault: (exchange, error) => log.error({ url: exchange.url, err: error.cause }, error.message),
  });
  return {
    service,
    drain() {
      draining = true;
      service.drain();
    },
    [Symbol.dispose]() {
      for (const part of [following, exclusions, contents, shards, backends]) part[Symbol.dispose]();
    },
  };
}

/** Well below the half second after which whoever has not heard the register pauses. */
const membershipAskMs = 150;

/** Resolves when the service listens; it is ready when it knows where workspaces are. */
export async function startVirtualWorkspaces(
  config: VirtualWorkspacesConfig,
  uncaught?: Pick<UncaughtErrors, 'count'>,
): Promise<RunningVirtualWorkspaces> {
  const clock = createSystemClock();
  const log = createLogger(config.verbosity);
  const read = (path: string) => readFile(path, 'utf8');
  const name = config.natsUsername || config.name;
  const host = advertisedHostOf(config);
  const connections = await openConnections({ config, name, clock, log, membershipAskMs });
  const { tls, membership } = connections;
  const labels = createShardLabels();
  const directory = await openDirectory({ connections, clock, log, feedHandlers: [labels.handler] });
  const load = createServiceLoad(config, uncaught);
  const assembled = assemble({
    name,
    membership,
    directory,
    tls,
    clock,
    log,
    load,
    connect: (address) => createRpcClient(FeedService, { addresses: [address], tls }),
    labelsOf: labels.of,
  });
  const clientCa = config.clientCaFile === '' ? tls.ca : `${await read(config.clientCaFile)}\n${tls.ca}`;
  const server = createHttpServer({
    tls: {
      certificate: await read(config.tlsCertFile),
      privateKey: await read(config.tlsPrivateKeyFile),
      clientCa,
    },
    handler: assembled.service.handler,
    isService: createServicePeers({ peerCa: tls.ca }),
    onError: (error) => log.error({ err: error }, 'a request failed'),
    clock,
  });
  load.follow(server);
  const { port } = await server.listen({ host: config.bindAddress, port: config.securePort });
  await membership.announce({
    kind: 'virtual-workspaces',
    name,
    baseUrl: `https://${addressOf(host, port)}`,
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      assembled.drain();
      await server.close({ drainMs: config.shutdownDrainSeconds * 1000 });
      assembled[Symbol.dispose]();
      await directory[Symbol.asyncDispose]();
      await connections[Symbol.asyncDispose]();
    },
  };
}
