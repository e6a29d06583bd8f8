/**
 * What a shard shows to clients and whom it believes: the operator's files where the flags name
 * some, and for the rest what it makes in its root directory.
 */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { FollowedServingFiles } from './follow-serving-files.ts';
import { followServingFiles } from './follow-serving-files.ts';
import type { CertificateDependencies, ServiceCertificates } from './service-certificates.ts';
import { ensureCertificates, readAuthorities, readServingPair } from './service-certificates.ts';
import type { ServiceContext } from './service-context.ts';

export interface ShardTlsConfig extends Omit<CertificateDependencies, 'hosts' | 'nowMs'> {
  readonly bindAddress: string;
  /** Empty where the shard has no other services. */
  readonly peerCaFile: string;
}

export interface ShardTls extends FollowedServingFiles {
  /** PEM: what clients trust to reach the shard. */
  readonly servingCa: string;
  /** PEM of the authority of services; '' where there are none. */
  readonly peerCa: string;
}

/** The operator's own files as they are now; what the shard has made stays. */
async function readAgain(config: ShardTlsConfig, made: ServiceCertificates): Promise<ServiceCertificates> {
  return {
    ...made,
    serving: config.tlsCertFile === '' ? made.serving : await readServingPair(config),
    clientCa: config.clientCaFile === '' ? made.clientCa : await readAuthorities(config.clientCaFile),
  };
}

/** `host`: at which clients reach the shard. Rejects, with the file, for one that cannot be used. */
export async function openShardTls(
  { config, clock, log }: Pick<ServiceContext<ShardTlsConfig>, 'config' | 'clock' | 'log'>,
  host: string,
): Promise<ShardTls> {
  const hosts = [host, hostname(), config.bindAddress];
  const peerCa = config.peerCaFile === '' ? '' : await readFile(config.peerCaFile, 'utf8');
  let certificates: ServiceCertificates | undefined;
  const files = await followServingFiles(config, { clock, log }, async () => {
    certificates =
      certificates === undefined
        ? await ensureCertificates({ ...config, hosts, nowMs: clock.now() })
        : await readAgain(config, certificates);
    return { ...certificates.serving, clientCa: `${certificates.clientCa}${peerCa}` };
  });
  return { ...files, servingCa: certificates?.servingCa ?? '', peerCa };
}
