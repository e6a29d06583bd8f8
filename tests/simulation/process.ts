/**
 * A process: it has a clock of its own, and it can be stopped for a while (SIGSTOP) or for good
 * (SIGKILL) with whatever it was about to do.
 */
import type { Clock } from '@kcp-ts/base';
import type { Chance, VirtualTime } from './virtual-time.ts';

export interface SimProcess {
  /** Where it is reached; no two are at the same address, not even one after the other. */
  readonly address: string;
  /** The machine that it runs on: networks break between machines. */
  readonly host: string;
  readonly clock: Clock;
  /** Milliseconds that its wall clock is ahead of the right time. */
  offsetMs: number;
  state(): 'running' | 'stopped' | 'dead';
  /** Something comes from outside: taken at once, when it runs again, or never. */
  deliver(run: () => void): void;
  stop(): void;
  resume(): void;
  kill(): void;
}

/** Clocks of two machines are at most half a second apart. */
const skewMsMax = 240;

/** How far a wall clock is off, in milliseconds: often as far as it may be. */
export function drawSkew(chance: Chance): number {
  if (chance.happens(0.4)) return chance.happens(0.5) ? skewMsMax : -skewMsMax;
  return chance.between(-skewMsMax, skewMsMax);
}

export interface ProcessOptions {
  readonly host: string;
  readonly address?: string;
  readonly offsetMs: number;
}

export function createProcess(time: VirtualTime, { host, address = host, offsetMs }: ProcessOptions): SimProcess {
  let state: 'running' | 'stopped' | 'dead' = 'running';
  let waiting: (() => void)[] = [];
  const process: SimProcess = {
    address,
    host,
    offsetMs,
    clock: {
      now: () => time.wall() + process.offsetMs,
      monotonic: () => time.now(),
      setTimer(milliseconds, run) {
        let over = false;
        const timer = time.after(milliseconds, () =>
          process.deliver(() => {
            if (!over) run();
          }),
        );
        return {
          [Symbol.dispose]() {
            over = true;
            timer[Symbol.dispose]();
          },
        };
      },
    },
    state: () => state,
    deliver(run) {
      if (state === 'running') run();
      else if (state === 'stopped') waiting.push(run);
    },
    stop() {
      if (state === 'running') state = 'stopped';
    },
    resume() {
      if (state !== 'stopped') return;
      state = 'running';
      const missed = waiting;
      waiting = [];
      for (const run of missed) process.deliver(run);
    },
    kill() {
      state = 'dead';
      waiting = [];
    },
  };
  return process;
}
