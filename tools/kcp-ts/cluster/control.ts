/**
 * How another terminal speaks to a running installation: a request in a file, SIGHUP to the
 * launcher, and the answer in another file.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createSystemClock, pauseAlive, readFileIfThere, writePrivateFile } from '@kcp-ts/base';
import type { Cluster } from './cluster.ts';
import { layoutPath, readLayout } from './layout.ts';
import { endLeft, launcherRecordPath, leftProcesses, listProcesses, recordedProcess } from './process-record.ts';

export const actions = ['status', 'kill', 'stop', 'start', 'restart', 'pause', 'resume'] as const;
export type Action = (typeof actions)[number];

export interface PartStatus {
  readonly name: string;
  readonly pid: number | undefined;
  readonly port: number;
}

interface Answer {
  readonly error?: string;
  readonly parts: readonly PartStatus[];
}

const pollMs = 50;
const answerMs = 60_000;

function paths(folder: string) {
  return {
    request: join(folder, 'control-request.json'),
    answer: join(folder, 'control-answer.json'),
  };
}

async function act(cluster: Cluster, action: Action, names: readonly string[]): Promise<void> {
  const parts = names.length === 0 && action === 'stop' ? cluster.parts.toReversed() : names.map(cluster.part);
  for (const part of parts) {
    switch (action) {
      case 'status':
        break;
      case 'kill':
        await part.kill('SIGKILL');
        break;
      case 'stop':
        await part.kill('SIGTERM');
        break;
      case 'start':
        part.start();
        await part.ready();
        break;
      case 'restart':
        await part.kill('SIGTERM');
        part.start();
        await part.ready();
        break;
      case 'pause':
        part.pause();
        break;
      case 'resume':
        part.resume();
        break;
    }
  }
}

/** Of the parts that are named, of all where none is. */
function statusOf(cluster: Cluster, names: readonly string[]): readonly PartStatus[] {
  return cluster.parts
    .filter(({ part }) => names.length === 0 || names.includes(part.name))
    .map(({ part, pid }) => ({ name: part.name, pid, port: part.port }));
}

/** SIGHUP, which ends a process that does not listen for it, and would leave its parts behind. */
export interface HangUps {
  /** Called for each from now on, and once for those that came before. */
  listen(listener: () => void): void;
}

export function catchHangUps(): HangUps {
  let listener: (() => void) | undefined;
  let missed = false;
  process.on('SIGHUP', () => {
    if (listener === undefined) missed = true;
    else listener();
  });
  return {
    listen(next) {
      listener = next;
      if (missed) next();
    },
  };
}

export interface Control {
  /** Resolves at a SIGHUP that nobody sent with a request: the terminal has gone. */
  readonly hungUp: Promise<void>;
}

/** Listens for requests; the launcher is recorded by `startCluster`. */
export function serveControl(cluster: Cluster, hangUps: HangUps): Control {
  const { promise: hungUp, resolve: hangUp } = Promise.withResolvers<void>();
  const { request, answer } = paths(cluster.folder);
  let last: Promise<void> = Promise.resolve();
  const handle = async () => {
    const text = await readFileIfThere(request);
    if (text === undefined) return hangUp();
    await rm(request);
    const { action, names } = JSON.parse(text) as { action: Action; names: readonly string[] };
    const error = await act(cluster, action, names).then(
      () => undefined,
      (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
    );
    const shown = action === 'status' ? names : [];
    const done: Answer = { ...(error === undefined ? {} : { error }), parts: statusOf(cluster, shown) };
    await writePrivateFile(answer, JSON.stringify(done));
  };
  hangUps.listen(() => {
    last = last.then(handle).catch(() => undefined);
  });
  return { hungUp };
}

/** What `stop` ends where the launcher is gone; rejects for every other action. */
async function withoutLauncher(
  folder: string,
  action: Action,
  names: readonly string[],
): Promise<readonly PartStatus[]> {
  const left = leftProcesses(folder);
  const all = (await readLayout(folder))?.parts ?? [];
  if (left.length === 0) throw new Error(`no installation runs in ${folder}: start one with kcp-ts cluster`);
  if (action !== 'stop')
    throw new Error(
      `the launcher of ${folder} is gone, and left ${listProcesses(left)}: kcp-ts cluster stop ends them`,
    );
  const unknown = names.find((name) => !all.some((part) => part.name === name));
  if (unknown !== undefined) throw new Error(`Cannot find ${unknown} in ${layoutPath(folder)}`);
  const isNamed = ({ name }: { readonly name: string }) => names.length === 0 || names.includes(name);
  await endLeft(folder, left.filter(isNamed), createSystemClock());
  const still = leftProcesses(folder);
  return all.map(({ name, port }) => ({ name, port, pid: still.find((each) => each.name === name)?.pid }));
}

/** Asks the launcher of a folder; rejects when there is none, or with what went wrong there. */
export async function askLauncher(
  folder: string,
  action: Action,
  names: readonly string[],
): Promise<readonly PartStatus[]> {
  const pid = recordedProcess(launcherRecordPath(folder));
  if (pid === undefined) return withoutLauncher(folder, action, names);
  const { request, answer } = paths(folder);
  const clock = createSystemClock();
  await rm(answer, { force: true });
  await writePrivateFile(request, JSON.stringify({ action, names }));
  try {
    process.kill(pid, 'SIGHUP');
  } catch {
    throw new Error(`the launcher of ${folder} is gone`);
  }
  for (let waited = 0; waited < answerMs; waited += pollMs) {
    if ((await readFileIfThere(answer)) !== undefined) {
      const { error, parts } = JSON.parse(await readFile(answer, 'utf8')) as Answer;
      if (error !== undefined) throw new Error(error);
      return parts;
    }
    await pauseAlive(clock, pollMs);
  }
  throw new Error(`the launcher of ${folder} does not answer`);
}
