/** Options that every service of an installation needs. */
import { WrongOption } from '@kcp-ts/flags';
import type { InstallationConfig } from '@kcp-ts/sharding';

const needed = {
  tlsCertFile: 'tls-cert-file',
  tlsPrivateKeyFile: 'tls-private-key-file',
  peerCaFile: 'peer-ca-file',
  peerCertFile: 'peer-cert-file',
  peerKeyFile: 'peer-key-file',
} as const;

/** Gives the values back; throws WrongOption for what is missing. */
export function checkInstallation<
  Values extends InstallationConfig & { readonly [Name in keyof typeof needed]: string },
>(values: Values): Values {
  for (const [name, flag] of Object.entries(needed))
    if (values[name as keyof typeof needed] === '') throw new WrongOption(`--${flag} is needed`);
  if (values.coordinationEtcd.length === 0) throw new WrongOption('--coordination-etcd is needed');
  if (values.natsUrl.length === 0) throw new WrongOption('--nats-url is needed');
  return values;
}
