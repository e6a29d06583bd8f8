/**
 * From a service's flags to what it shares with the others: certificates, the membership, the bus.
 */
import { readFile } from 'node:fs/promises';
import type { Clock } from '@kcp-ts/base';
import type { Bus } from '@kcp-ts/bus';
import { connectNats } from '@kcp-ts/bus';
import type { EtcdOptions } from '@kcp-ts/etcd';
import { createEtcdClient } from '@kcp-ts/etcd';
import type { installationOptions, OptionValues } from '@kcp-ts/flags';
import type { Logger } from 'pino';
import { openEtcdMembership } from './etcd-membership.ts';
import type { Membership } from './membership.ts';

/** The flags of a service that belongs to an installation. */
export type InstallationConfig = OptionValues<typeof installationOptions>;

/** PEM texts of what services show each other. */
export interface PeerTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Where the membership lies in the coordination etcd. */
const membershipPrefix = '/kcp/register';

async function textOf(path: string): Promise<string | undefined> {
  return path === '' ? undefined : (await readFile(path, 'utf8')).trimEnd();
}

/** How the flags say that etcd is reached. */
export async function etcdOptionsOf(config: InstallationConfig, endpoints: readonly string[]): Promise<EtcdOptions> {
  const ca = await textOf(config.etcdCafile);
  return {
    endpoints,
    ...(ca === undefined
      ? {}
      : { tls: { ca, cert: await textOf(config.etcdCertfile), key: await textOf(config.etcdKeyfile) } }),
    ...(config.etcdUsername === ''
      ? {}
      : { username: config.etcdUsername, password: (await textOf(config.etcdPasswordFile)) ?? '' }),
  };
}

export async function peerTlsOf({ peerCaFile, peerCertFile, peerKeyFile }: InstallationConfig): Promise<PeerTls> {
  const read = (path: string) => readFile(path, 'utf8');
  const [ca, cert, key] = await Promise.all([read(peerCaFile), read(peerCertFile), read(peerKeyFile)]);
  return { ca, cert, key };
}

export interface Connections extends AsyncDisposable {
  readonly tls: PeerTls;
  readonly membership: Membership;
  readonly bus: Bus;
}

export interface ConnectionDependencies {
  readonly config: InstallationConfig;
  /** Shown to NATS. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
}

async function natsOf({ config, name, clock, log }: ConnectionDependencies): Promise<Bus> {
  const ca = await textOf(config.natsCafile);
  return connectNats({
    servers: config.natsUrl,
    name,
    clock,
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(config.natsUsername === ''
      ? {}
      : { username: config.natsUsername, password: (await textOf(config.natsPasswordFile)) ?? '' }),
    onState: (up, detail) => log.info({ up, detail }, 'nats'),
  });
}

/** Resolves when the membership has been read; NATS may come later. */
export async function openConnections(deps: ConnectionDependencies): Promise<Connections> {
  const { config, clock } = deps;
  const tls = await peerTlsOf(config);
  const client = createEtcdClient(await etcdOptionsOf(config, config.coordinationEtcd));
  const membership = await openEtcdMembership({ client, prefix: membershipPrefix, clock });
  const bus = await natsOf(deps);
  return {
    tls,
    membership,
    bus,
    async [Symbol.asyncDispose]() {
      await bus[Symbol.asyncDispose]();
      await membership[Symbol.asyncDispose]();
      client[Symbol.dispose]();
    },
  };
}

/**
 * The names of the shards in the membership, for a program that starts services and is none itself.
 */
export async function listRegisteredShards(endpoint: string, clock: Clock): Promise<readonly string[]> {
  using client = createEtcdClient({ endpoints: [endpoint] });
  await using membership = await openEtcdMembership({ client, prefix: membershipPrefix, clock });
  return membership.current().shards.map(({ name }) => name);
}
