/** Reads the shard's configuration once: flags before environment (`KCP_ROOT_DIRECTORY`) before defaults. Nothing is optional afterwards. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { OptionSpec, OptionValues } from './options.ts';
import { batteries, options } from './options.ts';

/** Paths are absolute and not empty, but for files that the operator may leave out. */
export type ShardConfig = OptionValues;

export type ConfigResult =
  | { readonly kind: 'config'; readonly config: ShardConfig }
  | { readonly kind: 'help'; readonly text: string }
  /** To be printed on standard error; the program ends with 2. */
  | { readonly kind: 'wrong'; readonly message: string };

class WrongOption extends Error {}

const specs: readonly (readonly [string, OptionSpec])[] = Object.entries(options);

export function environmentName(flag: string): string {
  return `KCP_${flag.replaceAll('-', '_').toUpperCase()}`;
}

function dashed(flag: string): string {
  return flag.length === 1 ? `-${flag}` : `--${flag}`;
}

function readValue(spec: OptionSpec, text: string, from: string): string | number | boolean | readonly string[] {
  switch (spec.type) {
    case 'text':
      return text;
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
    case 'switch':
      if (text === 'true' || text === '1') return true;
      if (text === 'false' || text === '0') return false;
      throw new WrongOption(`${from} takes true or false, not ${JSON.stringify(text)}`);
    case 'number': {
      const number = Number(text);
      if (text.trim() !== '' && Number.isInteger(number) && number >= spec.min && number <= spec.max) return number;
      throw new WrongOption(`${from} takes a number from ${spec.min} to ${spec.max}, not ${JSON.stringify(text)}`);
    }
  }
}

/** `--flag` of a switch means `--flag=true`, as in Go. */
function spelledOut(argument: string): string {
  const isSwitch = specs.some(([, spec]) => spec.type === 'switch' && argument === `--${spec.flag}`);
  return isSwitch ? `${argument}=true` : argument;
}

function readFlags(args: readonly string[]): Readonly<Record<string, string | undefined>> & { readonly help: boolean } {
  const known = Object.fromEntries(
    specs.map(([, { flag }]) => [flag, { type: 'string' as const, ...(flag.length === 1 ? { short: flag } : {}) }]),
  );
  try {
    const { values } = parseArgs({
      args: args.map(spelledOut),
      options: { ...known, help: { type: 'boolean', short: 'h' } },
      strict: true,
      allowPositionals: false,
    });
    return values as ReturnType<typeof readFlags>;
  } catch (error) {
    throw new WrongOption(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

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
export function helpText(): string {
  const lines = specs.map(([, spec]) => {
    const standard = Array.isArray(spec.default) ? spec.default.join(',') : String(spec.default);
    const shown = standard === '' ? '' : ` (default ${standard})`;
    return `  ${dashed(spec.flag)} ${spec.type}\n        ${spec.text}${shown}\n`;
  });
  return `Usage: kcp-ts start [flags]\n\nEach flag may also be given in the environment: --root-directory as ${environmentName('root-directory')}.\n\n${lines.join('')}`;
}

/** Never exits and prints nothing: the caller does. */
export function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ConfigResult {
  try {
    const flags = readFlags(args);
    if (flags.help) return { kind: 'help', text: helpText() };
    const entries = specs.map(([name, spec]) => {
      const flag = flags[spec.flag];
      const variable = environmentName(spec.flag);
      if (flag !== undefined) return [name, readValue(spec, flag.replace(/^=/, ''), dashed(spec.flag))];
      const set = environment[variable];
      return [name, set === undefined || set === '' ? spec.default : readValue(spec, set, variable)];
    });
    return { kind: 'config', config: completed(Object.fromEntries(entries) as OptionValues) };
  } catch (error) {
    if (error instanceof WrongOption) return { kind: 'wrong', message: `${error.message}\nSee kcp-ts start --help.` };
    throw error;
  }
}
