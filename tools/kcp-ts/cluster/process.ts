/** A part of a local installation as a process: started, watched, started again when it ends by itself, and ended with everything else. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '@kcp-ts/base';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly logFile: string;
}

export interface PartProcess {
  readonly logFile: string;
  readonly pid: number | undefined;
  readonly running: boolean;
  start(): void;
  /** Ends it and leaves it ended; resolves when the process is gone. A stopped (SIGSTOP) process ends too. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
}

const restartMs = 500;
/** A process that does not end when asked is ended. */
const graceMs = 10_000;

/** `environment`: that of the process, where it is not this one's own. */
export function createPartProcess(
  command: Command,
  clock: Clock,
  environment?: NodeJS.ProcessEnv | undefined,
): PartProcess {
  let child: ChildProcess | undefined;
  let wanted = false;
  let gone: Promise<void> = Promise.resolve();

  function start(): void {
    wanted = true;
    if (child !== undefined) return;
    mkdirSync(dirname(command.logFile), { recursive: true, mode: 0o700 });
    const log = openSync(command.logFile, 'a', 0o600);
    const started = spawn(command.program, command.args, { stdio: ['ignore', log, log], env: environment });
    closeSync(log);
    child = started;
    gone = new Promise((resolve) => {
      const ended = () => {
        child = undefined;
        resolve();
        if (wanted) clock.setTimer(restartMs, () => void (wanted && start()));
      };
      started.once('exit', ended);
      started.once('error', ended);
    });
  }

  return {
    logFile: command.logFile,
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
