/** Reads the configuration once. */
import type { FlagsResult } from '@kcp-ts/flags';
import { readFlags, WrongOption } from '@kcp-ts/flags';
import type { VirtualWorkspacesConfig } from './options.ts';
import { options } from './options.ts';

const needed = ['tlsCertFile', 'tlsPrivateKeyFile', 'peerCaFile', 'peerCertFile', 'peerKeyFile'] as const;

function completed(values: VirtualWorkspacesConfig): VirtualWorkspacesConfig {
  for (const name of needed) if (values[name] === '') throw new WrongOption(`--${options[name].flag} is needed`);
  if (values.coordinationEtcd.length === 0) throw new WrongOption('--coordination-etcd is needed');
  if (values.natsUrl.length === 0) throw new WrongOption('--nats-url is needed');
  return values;
}

/** Never exits and prints nothing: the caller does. */
export function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): FlagsResult<VirtualWorkspacesConfig> {
  return readFlags({ usage: 'kcp-ts virtual-workspaces', table: options, args, environment, complete: completed });
}
