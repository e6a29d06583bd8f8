/** A whole installation on this machine: etcd, NATS, shards, cache-server, virtual-workspaces and front-proxies, each a process, all ended together. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '@kcp-ts/base';
import { createSystemClock, createSystemRandom, pauseAlive } from '@kcp-ts/base';
import { createHttpClient } from '@kcp-ts/http';
import { startInRootDirectory } from '@kcp-ts/program';
import type { Programs, Wiring } from './commands.ts';
import { commandOf, externalUrlOf, straight } from './commands.ts';
import { ensureCredentials } from './credentials.ts';
import { adminKubeconfigPath, writeKubeconfigs } from './kubeconfigs.ts';
import type { Layout, Part, PartKind, Wanted } from './layout.ts';
import { planLayout } from './layout.ts';
import { writeNatsConfig } from './nats-config.ts';
import type { PartProcess } from './process.ts';
import { createPartProcess } from './process.ts';

export interface ClusterOptions extends Wanted {
  readonly programs: Programs;
  /** More flags for the parts of a kind. */
  readonly flags?: Readonly<Partial<Record<PartKind, readonly string[]>>> | undefined;
  /** The environment of the programs, where that is not this process' own. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
  /** Lines of a token file, for people beside the administrators. */
  readonly tokens?: readonly string[] | undefined;
  /** How the parts reach each other, where that is not straight: called once, before anything is started. */
  wire?(layout: Layout): Promise<Wiring>;
  /** How long the start may take. */
  readonly readyMs?: number | undefined;
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

const pollMs = 100;
const logLinesShown = 10;
const readyMsDefault = 60_000;
/** Those who need others to be there are started after them, and ended before. */
const order: readonly PartKind[] = ['etcd', 'nats', 'shard', 'cache-server', 'virtual-workspaces', 'front-proxy'];

function isStandby({ name }: Part): boolean {
  return name.endsWith('-standby');
}

function healthUrl({ kind, port }: Part, path: 'livez' | 'readyz'): string | undefined {
  if (kind === 'nats') return undefined;
  return kind === 'etcd' ? `http://127.0.0.1:${port}/health` : `https://127.0.0.1:${port}/${path}`;
}

/** A part that does not get ready may take its folder with it: what it said last goes with the error. */
async function logEnd(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(String);
  return text.trimEnd().split('\n').slice(-logLinesShown).join('\n');
}

interface Awaited {
  readonly part: Part;
  readonly process: PartProcess;
  readonly path: 'livez' | 'readyz';
  readonly ca: string;
  readonly clock: Clock;
  readonly withinMs: number;
}

async function awaitReady({ part, process, path, ca, clock, withinMs }: Awaited): Promise<void> {
  const url = healthUrl(part, path);
  if (url === undefined) return;
  using client = createHttpClient({ ca, timeout: 2_000 });
  const end = clock.monotonic() + withinMs;
  for (;;) {
    const status = await client.request('GET', url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    if (clock.monotonic() > end) {
      const state = process.running ? 'is running and not ready' : 'does not run';
      throw new Error(
        `${part.name} ${state} after ${withinMs} ms; the end of its log:\n${await logEnd(process.logFile)}`,
      );
    }
    await pauseAlive(clock, pollMs);
  }
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
  const process = createPartProcess(command, clock, options.environment);
  return {
    part,
    logFile: process.logFile,
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

/** Resolves when every part is ready; rejects, with all of them ended, when one does not get there, or another launcher has the folder. */
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

async function startParts(options: ClusterOptions, clock: Clock): Promise<Cluster> {
  const layout = await planLayout(options);
  const wiring = (await options.wire?.(layout)) ?? straight;
  const credentials = await ensureCredentials(layout, wiring.host, {
    clock,
    random: createSystemRandom(),
    tokens: options.tokens ?? [],
  });
  await writeNatsConfig(layout);
  await writeKubeconfigs(layout, credentials);
  const deps = { layout, options, wiring, ca: credentials.ca, clock };
  const parts = layout.parts.map((part) => createPart(part, deps));
  const stop = async () => {
    for (const kind of order.toReversed())
      await Promise.all(parts.filter(({ part }) => part.kind === kind).map((part) => part.kill('SIGTERM')));
  };
  try {
    for (const part of parts) if (part.part.kind === 'etcd' || part.part.kind === 'nats') part.start();
    await Promise.all(parts.filter(({ part }) => part.kind === 'etcd').map((part) => part.ready()));
    const withinMs = options.readyMs ?? readyMsDefault;
    const first = parts.filter(({ part }) => !isStandby(part));
    for (const part of first) part.start();
    await Promise.all(
      first.map((process) =>
        awaitReady({ part: process.part, process, path: 'readyz', ca: credentials.ca, clock, withinMs }),
      ),
    );
    // Those who come second are standbys.
    const standbys = parts.filter(({ part }) => isStandby(part));
    for (const part of standbys) part.start();
    await Promise.all(standbys.map((part) => part.ready()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: externalUrlOf(layout),
    folder: options.folder,
    kubeconfigPath: adminKubeconfigPath(options.folder),
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
