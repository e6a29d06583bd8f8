/**
 * A whole installation on this machine: etcd, NATS, shards, cache-server, virtual-workspaces and
 * front-proxies, each a process, all ended together.
 */
import type { Clock } from '@kcp-ts/base';
import { createSystemClock, createSystemRandom, isFreePort } from '@kcp-ts/base';
import { startInRootDirectory } from '@kcp-ts/program';
import type { Programs, Wiring } from './commands.ts';
import { commandOf, externalUrlOf, straight } from './commands.ts';
import { ensureCredentials } from './credentials.ts';
import { adminKubeconfigPath, writeKubeconfigs } from './kubeconfigs.ts';
import type { Layout, Part, PartKind, Wanted } from './layout.ts';
import { layoutPath, partOf, planLayout, readLayout, shardsLeftOut, writeLayout } from './layout.ts';
import { writeNatsConfig } from './nats-config.ts';
import type { PartProcess } from './process.ts';
import { createPartProcess } from './process.ts';
import {
  endLeft,
  forgetProcess,
  launcherRecordPath,
  leftProcesses,
  listProcesses,
  partRecordPath,
  recordProcess,
} from './process-record.ts';
import { awaitReady, refuseEnded } from './readiness.ts';

export interface ClusterOptions extends Wanted {
  readonly programs: Programs;
  /** More flags for the parts of a kind. */
  readonly flags?: Readonly<Partial<Record<PartKind, readonly string[]>>> | undefined;
  /** The environment of the programs, where that is not this process' own. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
  /** Lines of a token file, for people beside the administrators. */
  readonly tokens?: readonly string[] | undefined;
  /**
   * How the parts reach each other, where that is not straight: called once, before anything is
   * started.
   */
  wire?(layout: Layout): Promise<Wiring>;
  /** How long the start may take. */
  readonly readyMs?: number | undefined;
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal | undefined;
  /** Called with what was found and done at the start, a line for each. */
  tell?(line: string): void;
}

export interface ClusterPart extends PartProcess {
  readonly part: Part;
  /** Resolves when it says that it is ready; rejects after a while. */
  ready(withinMs?: number): Promise<void>;
}

export interface Cluster extends AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  readonly kubeconfigPath: string;
  /** PEM of the authority that every part is trusted by. */
  readonly ca: string;
  readonly tokens: Readonly<Record<'kcp-admin' | 'shard-admin', string>>;
  readonly parts: readonly ClusterPart[];
  /** Throws for a name that there is none of. */
  part(name: string): ClusterPart;
}

const readyMsDefault = 60_000;
/** Those who need others to be there are started after them, and ended before. */
const order: readonly PartKind[] = ['etcd', 'nats', 'shard', 'cache-server', 'virtual-workspaces', 'front-proxy'];

function isStandby({ name }: Part): boolean {
  return name.endsWith('-standby');
}

interface PartDependencies {
  readonly layout: Layout;
  readonly options: ClusterOptions;
  readonly wiring: Wiring;
  readonly ca: string;
  readonly clock: Clock;
}

function createPart(part: Part, { layout, options, wiring, ca, clock }: PartDependencies): ClusterPart {
  // Of two processes of a shard one serves, whichever it is; the other is well, and serves nothing.
  const path = options.standbys && part.kind === 'shard' ? 'livez' : 'readyz';
  const command = commandOf(layout, part, options.programs, wiring, options.flags);
  const recordPath = partRecordPath(layout.folder, part.name);
  const process = createPartProcess(command, { clock, recordPath, environment: options.environment });
  return {
    part,
    logFile: process.logFile,
    get logStart() {
      return process.logStart;
    },
    get ownEnd() {
      return process.ownEnd;
    },
    get pid() {
      return process.pid;
    },
    get running() {
      return process.running;
    },
    start: process.start,
    kill: process.kill,
    pause: process.pause,
    resume: process.resume,
    ready: (withinMs = options.readyMs ?? readyMsDefault) => awaitReady({ part, process, path, ca, clock, withinMs }),
  };
}

/**
 * Resolves when every part is ready; rejects, with all of them ended, when one does not get there,
 * or another launcher has the folder.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const clock = createSystemClock();
  const random = createSystemRandom();
  return startInRootDirectory(
    {
      path: options.folder,
      kind: 'cluster',
      shard: '',
      stores: [],
      clock,
      random,
    },
    () => startParts(options, clock),
  );
}

/**
 * Ends what a launcher that was killed has left: it has the ports and folders of the parts, and
 * would be taken for them.
 */
async function endFormer({ folder, tell }: ClusterOptions, clock: Clock): Promise<void> {
  const left = leftProcesses(folder);
  if (left.length === 0) return;
  await endLeft(folder, left, clock);
  for (const each of left) tell?.(`ended ${listProcesses([each])}, which a former launcher had left running`);
}

/**
 * Before anything is started: a part would end at once, and what has its port could be taken for
 * it.
 */
async function refuseTakenPorts(layout: Layout, before: Layout | undefined): Promise<void> {
  for (const { name, kind, port, otherPort } of layout.parts) {
    // The second port of these is not used.
    const used =
      kind === 'nats' || kind === 'front-proxy' || kind === 'virtual-workspaces' ? [port] : [port, otherPort];
    for (const each of used) {
      if (await isFreePort(each)) continue;
      const hint = before?.parts.some((part) => part.name === name)
        ? `${layoutPath(layout.folder)} has the ports of the parts`
        : 'choose another one with --secure-port';
      throw new Error(`${name} cannot listen on 127.0.0.1:${each}, since another process does: ${hint}`);
    }
  }
}

/**
 * Shards that the installation still has are not left out without a word: their workspaces would be
 * gone.
 */
async function refuseShardsLeftOut(layout: Layout, before: Layout | undefined, clock: Clock): Promise<void> {
  const left = before === undefined ? [] : shardsLeftOut(before, layout);
  if (left.length === 0) return;
  const { listMemberShards } = await import('@kcp-ts/sharding');
  const members = await listMemberShards(`http://127.0.0.1:${partOf(layout, 'etcd').port}`, clock);
  const lost = left.filter((name) => members.includes(name));
  if (lost.length > 0)
    throw new Error(
      `the installation in ${layout.folder} also has ${lost.join(', ')}, whose workspaces would not be served: start it with more --shards, or delete the Shard objects first (kubectl delete shard)`,
    );
}

async function startParts(options: ClusterOptions, clock: Clock): Promise<Cluster> {
  const { folder, signal } = options;
  await endFormer(options, clock);
  const before = await readLayout(folder);
  const layout = await planLayout(options);
  await refuseTakenPorts(layout, before);
  const wiring = (await options.wire?.(layout)) ?? straight;
  const credentials = await ensureCredentials(layout, wiring.host, {
    clock,
    random: createSystemRandom(),
    tokens: options.tokens ?? [],
  });
  await writeNatsConfig(layout);
  const deps = { layout, options, wiring, ca: credentials.ca, clock };
  const parts = layout.parts.map((part) => createPart(part, deps));
  const stop = async () => {
    for (const kind of order.toReversed())
      await Promise.all(parts.filter(({ part }) => part.kind === kind).map((part) => part.kill('SIGTERM')));
    forgetProcess(launcherRecordPath(folder));
  };
  const withinMs = options.readyMs ?? readyMsDefault;
  const begin = async (some: readonly ClusterPart[], pathOf: (part: ClusterPart) => 'livez' | 'readyz') => {
    for (const part of some) part.start();
    await Promise.all(
      some.map((process) => {
        const { part } = process;
        return awaitReady({ part, process, path: pathOf(process), ca: deps.ca, clock, withinMs, first: { signal } });
      }),
    );
  };
  try {
    recordProcess(launcherRecordPath(folder), process.pid);
    const isServer = ({ part: { kind } }: ClusterPart) => kind === 'etcd' || kind === 'nats';
    await begin(parts.filter(isServer), () => 'readyz');
    await refuseShardsLeftOut(layout, before, clock);
    await writeLayout(layout);
    await writeKubeconfigs(layout, credentials);
    const services = parts.filter((part) => !isServer(part));
    await begin(
      services.filter(({ part }) => !isStandby(part)),
      () => 'readyz',
    );
    // Those who come second are standbys: of two processes of a shard one serves, and the other is
    // well.
    await begin(
      services.filter(({ part }) => isStandby(part)),
      () => 'livez',
    );
    for (const process of parts) await refuseEnded(process.part, process);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: externalUrlOf(layout),
    folder,
    kubeconfigPath: adminKubeconfigPath(folder),
    ca: credentials.ca,
    tokens: credentials.tokens,
    parts,
    part(name) {
      const found = parts.find(({ part }) => part.name === name);
      if (found === undefined)
        throw new Error(`Cannot find ${name}: there are ${parts.map(({ part }) => part.name).join(', ')}`);
      return found;
    },
    [Symbol.asyncDispose]: stop,
  };
}
