/**
 * Reads the shard's configuration once: flags before environment (`KCP_ROOT_DIRECTORY`) before
 * defaults. Nothing is optional afterwards.
 */
import { join, resolve } from 'node:path';
import { validateDnsLabel } from '@kcp-ts/api';
import type { FlagsResult } from '@kcp-ts/flags';
import { helpText as helpOf, readFlags, WrongOption } from '@kcp-ts/flags';
import type { OptionValues } from './options.ts';
import { batteries, options } from './options.ts';

/** Paths are absolute and not empty, but for files that the operator may leave out. */
export type ShardConfig = OptionValues;

export type ConfigResult = FlagsResult<ShardConfig>;

/** `+x` and `-x` change the defaults; plain names replace them. */
function chosenBatteries(wanted: readonly string[]): readonly string[] {
  const plain = wanted.filter((name) => !/^[+-]/.test(name));
  const chosen = new Set<string>(plain.length > 0 ? plain : options.batteriesIncluded.default);
  for (const name of wanted) {
    if (name.startsWith('+')) chosen.add(name.slice(1));
    if (name.startsWith('-')) chosen.delete(name.slice(1));
  }
  for (const name of wanted.map((entry) => entry.replace(/^[+-]/, ''))) {
    if (!batteries.some((battery) => battery === name)) {
      throw new WrongOption(`--batteries-included knows ${batteries.join(', ')}, not ${JSON.stringify(name)}`);
    }
  }
  return [...chosen];
}

function completed(values: OptionValues): ShardConfig {
  const [wrongName] = validateDnsLabel(values.shardName);
  if (wrongName !== undefined)
    throw new WrongOption(`--shard-name ${JSON.stringify(values.shardName)} is not a name: ${wrongName}`);
  if ((values.tlsCertFile === '') !== (values.tlsPrivateKeyFile === '')) {
    throw new WrongOption('--tls-cert-file and --tls-private-key-file go together');
  }
  for (const [flag, url] of [
    ['shard-base-url', values.shardBaseUrl],
    ['shard-external-url', values.shardExternalUrl],
    ['shard-virtual-workspace-url', values.shardVirtualWorkspaceUrl],
  ] as const) {
    if (url !== '' && !(URL.canParse(url) && url.startsWith('https://'))) {
      throw new WrongOption(`--${flag} takes an https URL, not ${JSON.stringify(url)}`);
    }
  }
  if (values.natsUrl.length > 0) {
    if (values.peerCaFile === '' || values.peerCertFile === '' || values.peerKeyFile === '')
      throw new WrongOption('--nats-url needs --peer-ca-file, --peer-cert-file and --peer-key-file');
    if (values.etcdServers.length === 0) throw new WrongOption('--nats-url needs --etcd-servers');
  }
  for (const label of values.shardLabels)
    if (!/^[^=]+=[^=]*$/.test(label))
      throw new WrongOption(`--shard-labels takes key=value, not ${JSON.stringify(label)}`);
  const rootDirectory = resolve(values.rootDirectory);
  const within = (path: string, name: string) => (path === '' ? join(rootDirectory, name) : resolve(path));
  return {
    ...values,
    rootDirectory,
    rootShardName: values.rootShardName === '' ? values.shardName : values.rootShardName,
    etcdPrefix: values.etcdPrefix === '' ? `/kcp/${values.shardName}` : values.etcdPrefix,
    coordinationEtcd: values.coordinationEtcd.length === 0 ? values.etcdServers : values.coordinationEtcd,
    kubeconfigPath: within(values.kubeconfigPath, 'admin.kubeconfig'),
    authenticationAdminTokenPath: within(values.authenticationAdminTokenPath, '.admin-token-store'),
    batteriesIncluded: chosenBatteries(values.batteriesIncluded),
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
): ConfigResult {
  return readFlags({ usage, table: options, args, environment, complete: completed });
}
