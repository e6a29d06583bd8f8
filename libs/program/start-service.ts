/**
 * How a service of an installation starts and stops, whichever service it is. It listens first, so
 * that what it announces is what it has bound; then it connects to etcd and NATS, is composed,
 * serves and announces itself. It stops in the opposite order: it says that it is not ready, lets
 * requests end, then closes what they were served from.
 */
import type { Live } from '@kcp-ts/base';
import { pauseOn } from '@kcp-ts/base';
import type { ExchangeHandler, ServerTls } from '@kcp-ts/http';
import type { Connections, Directory, FeedHandler, InstallationConfig, PeerTls, ServiceKind } from '@kcp-ts/sharding';
import { followPeerTls, openConnections, openDirectory } from '@kcp-ts/sharding';
import { followServingFiles } from './follow-serving-files.ts';
import type { Listener } from './listener.ts';
import { listen } from './listener.ts';
import type { ListenFlags } from './own-address.ts';
import { addressOf, advertisedHostOf } from './own-address.ts';
import { checkOwnIdentity } from './own-identity.ts';
import { readAuthorities, readServingPair } from './service-certificates.ts';
import type { ServiceContext } from './service-context.ts';

export interface ServiceConfig extends InstallationConfig, ListenFlags {
  readonly name: string;
  readonly securePort: number;
  readonly tlsCertFile: string;
  readonly tlsPrivateKeyFile: string;
  readonly clientCaFile: string;
  /** Milliseconds. */
  readonly shutdownDelayDuration: number;
  readonly shutdownWatchTerminationGracePeriod: number;
  readonly shutdownDrainSeconds: number;
}

export interface ServiceOptions {
  readonly kind: ServiceKind;
  /**
   * Whether other services connect to it: then their authority is trusted beside that of clients.
   */
  readonly servesServices: boolean;
}

/** What a service is composed of. */
export interface ServiceParts<Config> extends ServiceContext<Config> {
  /** In the membership, and for NATS. */
  readonly name: string;
  readonly connections: Connections;
  /** Closed when the server has ended: what was opened last goes first. */
  readonly opened: AsyncDisposableStack;
  /** Follows the feeds of all shards. */
  openDirectory(feedHandlers?: readonly FeedHandler[]): Promise<Directory>;
}

export interface Service {
  readonly handler: ExchangeHandler;
  /** Where other services call it by gRPC, if they do. */
  readonly rpcPort?: number;
  /** From now on readiness says no. */
  drain(): void;
  /** Ends watches, one after the other over so long; clients go on at another replica. */
  endWatches(milliseconds: number): Promise<void>;
}

export interface RunningService extends AsyncDisposable {
  readonly port: number;
}

async function servingTlsOf(config: ServiceConfig, peerCa: string): Promise<ServerTls> {
  const { certificate, privateKey } = await readServingPair(config);
  const clientCa = config.clientCaFile === '' ? '' : await readAuthorities(config.clientCaFile);
  const authorities = [clientCa, peerCa].filter((pem) => pem !== '').join('\n');
  return { certificate, privateKey, clientCa: authorities === '' ? undefined : authorities };
}

type Compose<Config> = (parts: ServiceParts<Config>) => Promise<Service>;

/** Composes the service, serves it and announces it. */
async function serveOn<Config extends ServiceConfig>(
  listener: Listener,
  { opened, tls }: { readonly opened: AsyncDisposableStack; readonly tls: Live<PeerTls> },
  context: ServiceContext<Config>,
  { kind }: ServiceOptions,
  compose: Compose<Config>,
): Promise<RunningService> {
  const { config, clock, log } = context;
  const { name } = config;
  const host = advertisedHostOf(config);
  const connections = opened.use(await openConnections({ ...context, name, tls }));
  const service = await compose({
    ...context,
    name,
    connections,
    opened,
    openDirectory: async (feedHandlers) => opened.use(await openDirectory({ connections, clock, log, feedHandlers })),
  });
  listener.serve(service.handler);
  await connections.membership.announce({
    kind,
    name,
    baseUrl: `https://${addressOf(host, listener.port)}`,
    ...(service.rpcPort === undefined ? {} : { rpcAddress: addressOf(host, service.rpcPort) }),
  });
  return {
    port: listener.port,
    async [Symbol.asyncDispose]() {
      service.drain();
      await pauseOn(clock, config.shutdownDelayDuration);
      await service.endWatches(config.shutdownWatchTerminationGracePeriod);
      await listener.close({ drainMs: config.shutdownDrainSeconds * 1_000 });
      await opened.disposeAsync();
    },
  };
}

/**
 * Resolves when the service serves and has announced itself; it is ready when it knows what the
 * shards have.
 */
export async function startService<Config extends ServiceConfig>(
  context: ServiceContext<Config>,
  options: ServiceOptions,
  compose: Compose<Config>,
): Promise<RunningService> {
  const { config, clock, log, logging, load } = context;
  const opened = new AsyncDisposableStack();
  try {
    const check = (certificate: string) => checkOwnIdentity(certificate, options.kind, config.name);
    const tls = opened.use(await followPeerTls(config, context, check));
    const readTls = () => servingTlsOf(config, options.servesServices ? tls.current().ca : '');
    const files = opened.use(await followServingFiles(config, context, readTls, tls));
    const listener = await listen({ config, tls: files.tls(), peers: tls, clock, log, logging, load });
    files.follow(listener.setTls);
    load.certificates.follow('serving', () => files.tls().certificate);
    load.certificates.follow('peer', () => tls.current().cert);
    try {
      return await serveOn(listener, { opened, tls }, context, options, compose);
    } catch (error) {
      await listener.close({ drainMs: 0 });
      throw error;
    }
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}
