/** `kcp-ts cluster`: a sharded installation on this machine, with real etcd and NATS. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { processMemory } from '@kcp-ts/base';
import { Command, InvalidArgumentError } from 'commander';
import { catchUncaught } from '../catch-uncaught.ts';
import { untilAsked } from '../until-asked.ts';
import { administratorClient, askPart } from './ask-part.ts';
import { startCluster } from './cluster.ts';
import { collectDebug } from './collect-debug.ts';
import type { Action, PartStatus } from './control.ts';
import { actions, askLauncher, catchHangUps, serveControl } from './control.ts';
import type { Wanted } from './layout.ts';
import { readLayout } from './layout.ts';

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

/** As wide as what is in them, with three blanks between. */
function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd()}\n`,
    );
}

function printParts(parts: readonly PartStatus[]): void {
  const rows = parts.map(({ name, pid, port }) => [name, pid === undefined ? '-' : String(pid), String(port)]);
  printTable([['NAME', 'PID', 'PORT'], ...rows]);
}

/** With what each part that runs says of itself. */
async function printStatus(folder: string, parts: readonly PartStatus[]): Promise<void> {
  const layout = await readLayout(folder);
  using client = await administratorClient(folder);
  const rows = await Promise.all(
    parts.map(async ({ name, pid, port }) => {
      const part = layout?.parts.find((each) => each.name === name);
      if (pid === undefined || part === undefined) return [name, '-', String(port), 'no', '-', '-'];
      const { ready, role, version } = await askPart(client, part);
      return [name, String(pid), String(port), ready, version, role];
    }),
  );
  printTable([['NAME', 'PID', 'PORT', 'READY', 'VERSION', 'ROLE'], ...rows]);
}

async function debug(folder: string, output: string): Promise<void> {
  const parts = await askLauncher(folder, 'status', []).catch(() => []);
  const missing = await collectDebug(folder, output, parts);
  for (const line of missing) process.stderr.write(`not collected: ${line}\n`);
  process.stdout.write(`${output} has versions, health, metrics, arguments and logs; secrets are not read\n`);
}

/** As of `kcp-ts start`. */
const wrongFlagsCode = 2;

const texts: Readonly<Record<Action, string>> = {
  status: 'show the parts, their processes and ports, whether they are ready, their versions, and who owns the shards',
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
        const folder = resolve(rootDirectory);
        const parts = await askLauncher(folder, action, names);
        if (action === 'status') await printStatus(folder, parts);
        else printParts(parts);
      });
  }
  command
    .command('debug')
    .description('collect versions, health, metrics, arguments and logs of all parts in a new folder, without secrets')
    .argument('<folder>', 'where to write them')
    .action(async (output: string, _flags: unknown, self: Command) => {
      await debug(resolve(self.optsWithGlobals<Flags>().rootDirectory), resolve(output));
    });
  return command;
}
