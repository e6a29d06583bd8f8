/** Reads the front-proxy's configuration once. */
import type { FlagsResult } from '@kcp-ts/flags';
import { readFlags, WrongOption } from '@kcp-ts/flags';
import type { FrontProxyConfig } from './options.ts';
import { options } from './options.ts';

const needed = {
  tlsCertFile: 'tls-cert-file',
  tlsPrivateKeyFile: 'tls-private-key-file',
  peerCaFile: 'peer-ca-file',
  peerCertFile: 'peer-cert-file',
  peerKeyFile: 'peer-key-file',
} as const;

function completed(values: FrontProxyConfig): FrontProxyConfig {
  for (const [name, flag] of Object.entries(needed))
    if (values[name as keyof typeof needed] === '') throw new WrongOption(`--${flag} is needed`);
  if (values.coordinationEtcd.length === 0) throw new WrongOption('--coordination-etcd is needed');
  if (values.natsUrl.length === 0) throw new WrongOption('--nats-url is needed');
  return values;
}

/** Never exits and prints nothing: the caller does. */
export function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): FlagsResult<FrontProxyConfig> {
  return readFlags({ usage: 'kcp-ts front-proxy', table: options, args, environment, complete: completed });
}
