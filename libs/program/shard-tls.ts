/**
 * The certificate of a shard and the client authorities that it trusts: the operator's files where
 * the flags name some, and for the rest what it makes in its root directory.
 */
import { hostname } from 'node:os';
import type { Live } from '@kcp-ts/base';
import type { InstallationConfig, PeerTls } from '@kcp-ts/sharding';
import { followPeerTls } from '@kcp-ts/sharding';
import type { FollowedServingFiles } from './follow-serving-files.ts';
import { followServingFiles } from './follow-serving-files.ts';
import { checkOwnIdentity } from './own-identity.ts';
import type { CertificateDependencies, ServiceCertificates } from './service-certificates.ts';
import { ensureCertificates, readAuthorities, readServingPair } from './service-certificates.ts';
import type { ServiceContext } from './service-context.ts';

export interface ShardTlsConfig extends Omit<CertificateDependencies, 'hosts' | 'nowMs'>, InstallationConfig {
  readonly bindAddress: string;
  readonly shardName: string;
}

export interface ShardTls extends FollowedServingFiles {
  /** PEM: what clients trust to reach the shard. */
  readonly servingCa: string;
  /** What services show each other; undefined where there are no others. */
  readonly peers: Live<PeerTls> | undefined;
}

/** The operator's own files as they are now; what the shard has made stays. */
async function readAgain(config: ShardTlsConfig, made: ServiceCertificates): Promise<ServiceCertificates> {
  return {
    ...made,
    serving: config.tlsCertFile === '' ? made.serving : await readServingPair(config),
    clientCa: config.clientCaFile === '' ? made.clientCa : await readAuthorities(config.clientCaFile),
  };
}

/**
 * `host`: at which clients reach the shard. Rejects, with the file, for one that cannot be used.
 */
export async function openShardTls(
  context: Pick<ServiceContext<ShardTlsConfig>, 'config' | 'clock' | 'log' | 'reloads'>,
  host: string,
): Promise<ShardTls> {
  const { config, clock } = context;
  const hosts = [host, hostname(), config.bindAddress];
  const opened = new DisposableStack();
  const check = (certificate: string) => checkOwnIdentity(certificate, 'shard', config.shardName);
  const peers = config.peerCaFile === '' ? undefined : opened.use(await followPeerTls(config, context, check));
  let certificates: ServiceCertificates | undefined;
  const read = async () => {
    certificates =
      certificates === undefined
        ? await ensureCertificates({ ...config, hosts, nowMs: clock.now() })
        : await readAgain(config, certificates);
    return { ...certificates.serving, clientCa: [certificates.clientCa, peers?.current().ca ?? ''].join('\n') };
  };
  try {
    const files = opened.use(await followServingFiles(config, context, read, peers));
    return {
      ...files,
      servingCa: certificates?.servingCa ?? '',
      peers,
      [Symbol.dispose]: () => opened[Symbol.dispose](),
    };
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}
