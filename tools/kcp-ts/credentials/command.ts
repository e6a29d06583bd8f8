/**
 * `kcp-ts credentials`: certificates, keys, tokens and passwords of an installation, as Secrets of
 * the Kubernetes cluster that it runs in, or as files.
 */
import { readFile } from 'node:fs/promises';
import { createSystemClock, createSystemRandom } from '@kcp-ts/base';
import type { FlagsResult, OptionTable, OptionValues } from '@kcp-ts/flags';
import { readFlags, WrongOption } from '@kcp-ts/flags';
import { createLogger } from '@kcp-ts/observability';
import { ensureCredentials } from './ensure-credentials.ts';
import { createFolderStore } from './folder-store.ts';
import { readWanted } from './read-wanted.ts';
import { createSecretStore, inClusterOptions } from './secret-store.ts';

export const options = {
  config: {
    flag: 'config',
    type: 'text',
    default: '',
    text: 'YAML file that lists what is wanted (docs/operations/credentials.md).',
  },
  directory: {
    flag: 'directory',
    type: 'text',
    default: '',
    text: 'Folder for files; Secrets of the cluster that this process runs in are made when empty.',
  },
} as const satisfies OptionTable;

type CredentialsConfig = OptionValues<typeof options>;
type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(args: readonly string[], environment: Environment): FlagsResult<CredentialsConfig> {
  const complete = (values: CredentialsConfig) => {
    if (values.config === '') throw new WrongOption('--config is needed');
    return values;
  };
  return readFlags({ usage: 'kcp-ts credentials', table: options, args, environment, complete });
}

async function makeAll({ config, directory }: CredentialsConfig, environment: Environment): Promise<void> {
  const { labels, credentials } = readWanted(await readFile(config, 'utf8'), config);
  const log = createLogger(2);
  const cluster = directory === '' ? await inClusterOptions(environment) : undefined;
  using _client = cluster?.client;
  const store = cluster === undefined ? createFolderStore(directory) : createSecretStore({ ...cluster, labels });
  let written = 0;
  await ensureCredentials(credentials, {
    store,
    random: createSystemRandom(),
    nowMs: createSystemClock().now(),
    onWritten(name, change) {
      written++;
      log.info({ name, change }, 'credentials written');
    },
  });
  log.info({ wanted: credentials.length, written }, 'credentials are complete');
}

/** The exit code: 2 for flags and files that cannot be used, 1 where something went wrong. */
export async function runCredentials(args: readonly string[], environment: Environment): Promise<number> {
  const result = readConfig(args, environment);
  if (result.kind === 'help') process.stdout.write(result.text);
  if (result.kind === 'wrong') process.stderr.write(`error: ${result.message}\n`);
  if (result.kind !== 'config') return result.kind === 'help' ? 0 : 2;
  try {
    await makeAll(result.config, environment);
    return 0;
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof WrongOption ? 2 : 1;
  }
}
