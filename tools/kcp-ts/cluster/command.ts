/** `kcp-ts cluster`: a sharded installation on this machine, with real etcd and NATS. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { processMemory } from '@kcp-ts/base';
import { Command, InvalidArgumentError } from 'commander';
import { catchUncaught } from '../catch-uncaught.ts';
import { untilAsked } from '../until-asked.ts';
import { startCluster } from './cluster.ts';
import type { Action, PartStatus } from './control.ts';
import { actions, askLauncher, catchHangUps, serveControl } from './control.ts';
import type { Wanted } from './layout.ts';

interface Flags extends Omit<Wanted, 'folder'> {
  readonly rootDirectory: string;
  readonly etcd: string;
  readonly natsServer: string;
  readonly tokenAuthFile?: string;
}

function countFrom(min: number): (text: string) => number {
  return (text) => {
    const number = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isInteger(number) || number < min || number > 64)
      throw new InvalidArgumentError(`A number from ${min} to 64.`);
    return number;
  };
}

function portOf(text: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) throw new InvalidArgumentError('A port.');
  return number;
}

async function tokenLinesOf({ tokenAuthFile }: Flags): Promise<readonly string[]> {
  if (tokenAuthFile === undefined) return [];
  const text = await readFile(tokenAuthFile, 'utf8').catch((error: Error) => {
    throw new Error(`--token-auth-file ${tokenAuthFile} cannot be read: ${error.message}`);
  });
  return text.split('\n').filter((line) => line.trim() !== '');
}

function rootDirectoryOf(text: string): string {
  if (text === '') throw new InvalidArgumentError('A folder.');
  return text;
}

async function run(flags: Flags): Promise<void> {
  const stop = untilAsked({ hangUp: false });
  const hangUps = catchHangUps();
  const tokens = await tokenLinesOf(flags);
  const stopping = new AbortController();
  void stop.asked.then(() => stopping.abort());
  const cluster = await startCluster({
    ...flags,
    tokens,
    folder: resolve(flags.rootDirectory),
    programs: { etcd: flags.etcd, natsServer: flags.natsServer },
    signal: stopping.signal,
    tell: (line) => process.stdout.write(`${line}\n`),
  }).catch((error: unknown) => {
    // A user who ends a start has no use for what that broke.
    if (stopping.signal.aborted) return undefined;
    throw error;
  });
  if (cluster === undefined) return;
  catchUncaught();
  const control = serveControl(cluster, hangUps);
  process.stdout.write(`kcp-ts is ready to serve at ${cluster.url}; kubeconfig: ${cluster.kubeconfigPath}\n`);
  // From here on it only waits.
  processMemory().collect();
  void control.hungUp.then(stop.ask);
  await stop.asked;
  await cluster[Symbol.asyncDispose]();
}

function printParts(parts: readonly PartStatus[]): void {
  const rows = parts.map(({ name, pid, port }) => [name, pid === undefined ? '-' : String(pid), String(port)] as const);
  for (const [name, pid, port] of [['NAME', 'PID', 'PORT'] as const, ...rows])
    process.stdout.write(`${name.padEnd(24)}${pid.padEnd(10)}${port}\n`);
}

/** As of `kcp-ts start`. */
const wrongFlagsCode = 2;

const texts: Readonly<Record<Action, string>> = {
  status: 'show the parts, their processes and ports',
  kill: 'end parts at once (SIGKILL) and leave them ended',
  stop: 'ask parts to end (SIGTERM) and leave them ended; all where none is named, also those of a launcher that was killed',
  start: 'start parts that were ended',
  restart: 'end parts and start them again',
  pause: 'stop the processes of parts (SIGSTOP)',
  resume: 'let stopped processes go on (SIGCONT)',
};

/** `environment`: what ETCD and NATS_SERVER say goes before what PATH has. */
export function clusterCommand(environment: Readonly<Record<string, string | undefined>>): Command {
  const command = new Command('kcp-ts cluster')
    // Its own message has been printed by then.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : wrongFlagsCode))
    .showHelpAfterError('See kcp-ts cluster --help.')
    .description('start a sharded installation on this machine; Ctrl-C stops it')
    .option('--root-directory <folder>', 'folder for data, certificates, logs and kubeconfigs', rootDirectoryOf, '.kcp')
    .option('--shards <number>', 'how many shards', countFrom(1), 3)
    .option('--front-proxies <number>', 'how many front-proxies', countFrom(1), 2)
    .option('--cache-servers <number>', 'how many cache-servers', countFrom(0), 1)
    .option('--virtual-workspaces <number>', 'how many virtual-workspaces services', countFrom(0), 1)
    .option('--standbys', 'a second process for each shard, which takes over when the first is gone', false)
    .option('--secure-port <port>', 'port of the first front-proxy; 0 takes a free one', portOf, 6443)
    .option('--token-auth-file <file>', 'CSV file of bearer tokens: token,user,uid,"group,group"')
    .option('--etcd <program>', 'the etcd to start', environment['ETCD'] ?? 'etcd')
    .option('--nats-server <program>', 'the nats-server to start', environment['NATS_SERVER'] ?? 'nats-server')
    .action((flags: Flags) => run(flags));
  for (const action of actions) {
    command
      .command(action)
      .description(texts[action])
      .argument(action === 'status' || action === 'stop' ? '[part...]' : '<part...>', 'names, as status shows them')
      .action(async (names: readonly string[], _flags: unknown, self: Command) => {
        const { rootDirectory } = self.optsWithGlobals<Flags>();
        printParts(await askLauncher(resolve(rootDirectory), action, names));
      });
  }
  return command;
}
