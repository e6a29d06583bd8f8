/** Reads what a shard among others is told by its flags, and opens what it shares with them: the register, the bus, its store. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Random } from '@kcp-ts/base';
import type { Bus } from '@kcp-ts/bus';
import { connectNats } from '@kcp-ts/bus';
import { freePorts } from '@kcp-ts/http';
import type { Register, ShardRecord } from '@kcp-ts/replication';
import { openEtcdRegister } from '@kcp-ts/replication';
import type { EtcdClient, EtcdOptions } from '@kcp-ts/storage';
import { createEtcdClient, revisionAt } from '@kcp-ts/storage';
import type { Logger } from 'pino';
import type { ShardConfig } from './config.ts';
import type { PeerTls } from './installation.ts';

/** Where the register lies in the coordination etcd. */
export const registerPrefix = '/kcp/register';

export interface Joined extends AsyncDisposable {
  readonly register: Register;
  readonly own: ShardRecord;
  readonly bus: Bus;
  readonly tls: PeerTls;
  readonly rpcPort: number;
}

async function textOf(path: string): Promise<string | undefined> {
  return path === '' ? undefined : (await readFile(path, 'utf8')).trimEnd();
}

/** How the shard's flags say that etcd is reached. */
export async function etcdOptionsOf(config: ShardConfig, endpoints: readonly string[]): Promise<EtcdOptions> {
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

export async function peerTlsOf(
  config: Pick<ShardConfig, 'peerCaFile' | 'peerCertFile' | 'peerKeyFile'>,
): Promise<PeerTls> {
  const [ca, cert, key] = await Promise.all(
    [config.peerCaFile, config.peerCertFile, config.peerKeyFile].map((path) => readFile(path, 'utf8')),
  );
  return { ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
}

function labelsOf(config: ShardConfig): Record<string, string> {
  return Object.fromEntries(
    config.shardLabels.map((label) => [label.slice(0, label.indexOf('=')), label.slice(label.indexOf('=') + 1)]),
  );
}

export interface JoinNeeds {
  readonly config: ShardConfig;
  /** Of the listening server. */
  readonly baseUrl: string;
  readonly externalUrl: string;
  readonly virtualWorkspaceUrl: string;
  readonly host: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

async function natsOf(config: ShardConfig, clock: Clock, log: Logger): Promise<Bus> {
  const ca = await textOf(config.natsCafile);
  return connectNats({
    servers: config.natsUrl,
    name: config.shardName,
    clock,
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(config.natsUsername === ''
      ? {}
      : { username: config.natsUsername, password: (await textOf(config.natsPasswordFile)) ?? '' }),
    onState: (up, detail) => log.info({ up, detail }, 'nats'),
  });
}

/** A shard commits above its join revision only: by then everybody has heard of it. */
async function awaitJoin(own: ShardRecord, clock: Clock): Promise<void> {
  const aheadMs = (own.joinRevision - revisionAt(clock.now())) / 1000;
  if (aheadMs <= 0) return;
  await new Promise<void>((resolve) => void setTimeout(resolve, Math.ceil(aheadMs)));
}

/** Resolves when the shard belongs to the installation and may commit. */
export async function joinOthers(needs: JoinNeeds): Promise<Joined> {
  const { config, clock, log, host } = needs;
  const tls = await peerTlsOf(config);
  const client: EtcdClient = createEtcdClient(await etcdOptionsOf(config, config.coordinationEtcd));
  const register = await openEtcdRegister({ client, prefix: registerPrefix, clock });
  const rpcPort = config.rpcPort === 0 ? ((await freePorts(1))[0] ?? 0) : config.rpcPort;
  const own = await register.join({
    name: config.shardName,
    baseUrl: needs.baseUrl,
    rpcAddress: `${host}:${rpcPort}`,
    externalUrl: needs.externalUrl,
    virtualWorkspaceUrl: needs.virtualWorkspaceUrl,
    labels: labelsOf(config),
  });
  await awaitJoin(own, clock);
  const bus = await natsOf(config, clock, log);
  return {
    register,
    own,
    bus,
    tls,
    rpcPort,
    async [Symbol.asyncDispose]() {
      await bus[Symbol.asyncDispose]();
      await register[Symbol.asyncDispose]();
      client[Symbol.dispose]();
    },
  };
}

/** The folder of the copy of what etcd holds. */
export function mirrorPath(config: ShardConfig): string {
  return join(config.rootDirectory, 'mirror');
}
