/**
 * Which processes an installation has, kept in files, so that a command that comes after a launcher
 * that was killed can find what it left running. A process id means nothing by itself, since it is
 * given again: the file also has when the process was started, and in which boot of the machine.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '@kcp-ts/base';
import { pauseAlive } from '@kcp-ts/base';

/**
 * `unknown`: there is a process of that id, and it is not known whether it is the one that was
 * recorded.
 */
type ProcessState = 'running' | 'gone' | 'unknown';

interface ProcessRecord {
  readonly pid: number;
  /** Of the process, different for each that ever has this id; '' where the system does not say. */
  readonly identity: string;
}

export interface LeftProcess {
  /** Of the part. */
  readonly name: string;
  readonly pid: number;
  readonly state: Exclude<ProcessState, 'gone'>;
}

const pollMs = 50;
/** A process that does not end when asked is ended. */
const graceMs = 10_000;
/**
 * Fields of /proc/<pid>/stat, counted behind the program's name: the third and the twenty-second.
 */
const statFields = { state: 0, startTime: 19 } as const;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Undefined where there is no such process, or one that has ended and that nobody has waited for;
 * '' where the system does not say.
 */
function identityOf(pid: number): string | undefined {
  const boot = readText('/proc/sys/kernel/random/boot_id');
  if (boot === undefined) return '';
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined || fields[statFields.state] === 'Z') return undefined;
  return `${boot.trim()} ${fields[statFields.startTime]}`;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function stateOf({ pid, identity }: ProcessRecord): ProcessState {
  const now = identityOf(pid);
  if (identity !== '' && now !== '') return now === identity ? 'running' : 'gone';
  return now !== undefined && exists(pid) ? 'unknown' : 'gone';
}

/** At once, so that nothing runs unrecorded for longer than a call takes. */
export function recordProcess(path: string, pid: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const record: ProcessRecord = { pid, identity: identityOf(pid) ?? '' };
  writeFileSync(path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

export function forgetProcess(path: string): void {
  rmSync(path, { force: true });
}

function readRecord(path: string): ProcessRecord | undefined {
  try {
    const { pid, identity } = JSON.parse(readText(path) ?? '') as Partial<ProcessRecord>;
    return typeof pid === 'number' && pid > 0 && typeof identity === 'string' ? { pid, identity } : undefined;
  } catch {
    return undefined;
  }
}

/** The id of the process that a file records, while that runs. */
export function recordedProcess(path: string): number | undefined {
  const record = readRecord(path);
  return record === undefined || stateOf(record) === 'gone' ? undefined : record.pid;
}

function recordsFolder(folder: string): string {
  return join(folder, 'run');
}

/** Where the process of a part is recorded. */
export function partRecordPath(folder: string, name: string): string {
  return join(recordsFolder(folder), `${name}.json`);
}

/** Where the launcher of an installation is recorded. */
export function launcherRecordPath(folder: string): string {
  return join(folder, 'launcher.json');
}

/** The parts of an installation that still run, whichever launcher started them. */
export function leftProcesses(folder: string): readonly LeftProcess[] {
  let files: readonly string[];
  try {
    files = readdirSync(recordsFolder(folder)).toSorted();
  } catch {
    return [];
  }
  return files.flatMap((file) => {
    const record = readRecord(join(recordsFolder(folder), file));
    const state = record === undefined ? 'gone' : stateOf(record);
    if (record === undefined || state === 'gone') return [];
    return [{ name: file.replace(/\.json$/, ''), pid: record.pid, state }];
  });
}

/** As in a sentence: `root (process 12), etcd (process 10)`. */
export function listProcesses(left: readonly Pick<LeftProcess, 'name' | 'pid'>[]): string {
  return left.map(({ name, pid }) => `${name} (process ${pid})`).join(', ');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended, or is another user's: whether it still runs is looked at next.
  }
}

/**
 * Ends processes that a former launcher has left, asking them first. Throws, with their ids, where
 * some may not be touched, since they may be somebody else's, or do not end.
 */
export async function endLeft(folder: string, left: readonly LeftProcess[], clock: Clock): Promise<void> {
  const unknown = left.filter(({ state }) => state === 'unknown');
  if (unknown.length > 0)
    throw new Error(
      `${listProcesses(unknown)} may be what a former launcher of ${folder} left running, and this system does not say: end what is of it, then remove ${recordsFolder(folder)}`,
    );
  const running = () => left.filter(({ name }) => recordedProcess(partRecordPath(folder, name)) !== undefined);
  const untilGone = async () => {
    const end = clock.monotonic() + graceMs;
    while (running().length > 0 && clock.monotonic() < end) await pauseAlive(clock, pollMs);
  };
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    for (const { pid } of running()) {
      signal(pid, name);
      signal(pid, 'SIGCONT');
    }
    await untilGone();
  }
  if (running().length > 0)
    throw new Error(`${listProcesses(running())} of a former launcher of ${folder} cannot be ended: end them first`);
  for (const { name } of left) forgetProcess(partRecordPath(folder, name));
}
