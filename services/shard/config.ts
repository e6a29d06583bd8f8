/**
 * Reads the shard's configuration once: flags before environment (`KCP_ROOT_DIRECTORY`) before
 * defaults. Nothing is optional afterwards.
 */
import { join, resolve } from 'node:path';
import { validateDnsLabel } from '@kcp-ts/api';
import type { FlagsResult } from '@kcp-ts/flags';
import { helpText as helpOf, readFlags, WrongOption } from '@kcp-ts/flags';
import type { ShardConfig } from './options.ts';
import { options } from './options.ts';

function completed(values: ShardConfig): ShardConfig {
  const { shardName, etcdServers } = values;
  const [wrongName] = validateDnsLabel(shardName);
  if (wrongName !== undefined)
    throw new WrongOption(`--shard-name ${JSON.stringify(shardName)} is not a name: ${wrongName}`);
  const rootDirectory = resolve(values.rootDirectory);
  const within = (path: string, name: string) => (path === '' ? join(rootDirectory, name) : resolve(path));
  return {
    ...values,
    rootDirectory,
    rootShardName: values.rootShardName || shardName,
    etcdPrefix: values.etcdPrefix || `/kcp/${shardName}`,
    coordinationEtcd: values.coordinationEtcd.length === 0 ? etcdServers : values.coordinationEtcd,
    kubeconfigPath: within(values.kubeconfigPath, 'admin.kubeconfig'),
    authenticationAdminTokenPath: within(values.authenticationAdminTokenPath, '.admin-token-store'),
  };
}

/** The text of --help. */
export function helpText(usage: string): string {
  return helpOf(usage, options);
}

/**
 * Never exits and prints nothing: the caller does. `usage`: how the program was called, `kcp-ts
 * start`.
 */
export function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  usage = 'kcp-ts start',
): FlagsResult<ShardConfig> {
  return readFlags({ usage, table: options, args, environment, complete: completed });
}
