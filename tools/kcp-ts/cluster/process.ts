/**
 * A part of a local installation as a process: started, watched, started again when it ends by
 * itself, and ended with everything else.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '@kcp-ts/base';
import { forgetProcess, recordProcess } from './process-record.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly logFile: string;
}

export interface PartProcess {
  readonly logFile: string;
  /** Where in the log file the process that was started last begins. */
  readonly logStart: number;
  /** How it ended last, where nobody ended it: `ended with code 1`. */
  readonly ownEnd: string | undefined;
  readonly pid: number | undefined;
  readonly running: boolean;
  start(): void;
  /**
   * Ends it and leaves it ended; resolves when the process is gone. A stopped (SIGSTOP) process
   * ends too.
   */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
}

const restartMs = 500;
/** A process that does not end when asked is ended. */
const graceMs = 10_000;

export interface PartProcessDependencies {
  readonly clock: Clock;
  /** The file that says which process it is, while there is one. */
  readonly recordPath: string;
  /** That of the process, where it is not this one's own. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
}

export function createPartProcess(
  command: Command,
  { clock, recordPath, environment }: PartProcessDependencies,
): PartProcess {
  let child: ChildProcess | undefined;
  let wanted = false;
  let gone: Promise<void> = Promise.resolve();
  let ownEnd: string | undefined;
  let logStart = 0;

  function start(): void {
    wanted = true;
    if (child !== undefined) return;
    mkdirSync(dirname(command.logFile), { recursive: true, mode: 0o700 });
    const log = openSync(command.logFile, 'a', 0o600);
    logStart = fstatSync(log).size;
    const started = spawn(command.program, command.args, { stdio: ['ignore', log, log], env: environment });
    closeSync(log);
    child = started;
    if (started.pid !== undefined) recordProcess(recordPath, started.pid);
    gone = new Promise((resolve) => {
      const ended = (how: string) => {
        child = undefined;
        forgetProcess(recordPath);
        if (wanted) ownEnd = how;
        resolve();
        if (wanted) clock.setTimer(restartMs, () => void (wanted && start()));
      };
      started.once('exit', (code, signal) =>
        ended(signal === null ? `ended with code ${code}` : `was ended by ${signal}`),
      );
      started.once('error', ({ message }) => ended(`cannot be started: ${message}`));
    });
  }

  return {
    logFile: command.logFile,
    get logStart() {
      return logStart;
    },
    get ownEnd() {
      return ownEnd;
    },
    get pid() {
      return child?.pid;
    },
    get running() {
      return child !== undefined;
    },
    start,
    async kill(signal) {
      wanted = false;
      const running = child;
      if (running === undefined) return;
      running.kill(signal);
      running.kill('SIGCONT');
      const grace = clock.setTimer(graceMs, () => void running.kill('SIGKILL'));
      await gone;
      grace[Symbol.dispose]();
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
  };
}
