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

interface Flags {
  readonly rootDirectory: string;
  readonly shards: number;
  readonly frontProxies: number;
  readonly cacheServers: number;
  readonly virtualWorkspaces: number;
  readonly standbys: boolean;
  readonly securePort: number;
  readonly etcd: string;
  readonly natsServer: string;
  readonly tokenAuthFile?: string;
}

function countOf(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 64) throw new InvalidArgumentError('A number from 0 to 64.');
  return number;
}

/** One of them holds the workspace root. */
function shardsOf(text: string): number {
  if (countOf(text) === 0) throw new InvalidArgumentError('A number from 1 to 64.');
  return countOf(text);
}

function portOf(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) throw new InvalidArgumentError('A port.');
  return number;
}

async function run(flags: Flags): Promise<void> {
  const stop = untilAsked({ hangUp: false });
  const hangUps = catchHangUps();
  const tokens = flags.tokenAuthFile === undefined ? '' : await readFile(flags.tokenAuthFile, 'utf8');
  const starting = startCluster({
    ...flags,
    tokens: tokens.split('\n').filter((line) => line.trim() !== ''),
    folder: resolve(flags.rootDirectory),
    programs: { etcd: flags.etcd, natsServer: flags.natsServer },
  });
  const cluster = await starting;
  catchUncaught();
  const control = await serveControl(cluster, hangUps);
  process.stdout.write(`kcp-ts is ready to serve at ${cluster.url}; kubeconfig: ${cluster.kubeconfigPath}\n`);
  // From here on it only waits.
  processMemory().collect();
  void control.hungUp.then(stop.ask);
  await stop.asked;
  await control[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
}

function printParts(parts: readonly PartStatus[]): void {
  const rows = parts.map(({ name, pid, port }) => [name, pid === undefined ? '-' : String(pid), String(port)] as const);
  for (const [name, pid, port] of [['NAME', 'PID', 'PORT'] as const, ...rows])
    process.stdout.write(`${name.padEnd(24)}${pid.padEnd(10)}${port}\n`);
}

const texts: Readonly<Record<Action, string>> = {
  status: 'show the parts, their processes and ports',
  kill: 'end parts at once (SIGKILL) and leave them ended',
  stop: 'ask parts to end (SIGTERM) and leave them ended',
  start: 'start parts that were ended',
  restart: 'end parts and start them again',
  pause: 'stop the processes of parts (SIGSTOP)',
  resume: 'let stopped processes go on (SIGCONT)',
};

/** `environment`: what ETCD and NATS_SERVER say goes before what PATH has. */
export function clusterCommand(environment: Readonly<Record<string, string | undefined>>): Command {
  const command = new Command('cluster')
    .description('start a sharded installation on this machine; Ctrl-C stops it')
    .option('--root-directory <folder>', 'folder for data, certificates, logs and kubeconfigs', '.kcp')
    .option('--shards <number>', 'how many shards', shardsOf, 3)
    .option('--front-proxies <number>', 'how many front-proxies', countOf, 2)
    .option('--cache-servers <number>', 'how many cache-servers', countOf, 1)
    .option('--virtual-workspaces <number>', 'how many virtual-workspaces services', countOf, 1)
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
      .argument(action === 'status' ? '[part...]' : '<part...>', 'names, as status shows them')
      .action(async (names: readonly string[], _flags: unknown, self: Command) => {
        const { rootDirectory } = self.optsWithGlobals<Flags>();
        printParts(await askLauncher(resolve(rootDirectory), action, names));
      });
  }
  return command;
}
