import { createSystemClock } from '@kcp-ts/base';
import { describe, expect, it } from 'vitest';
import type { KeepServingDependencies, Ownership } from './keep-serving.ts';
import { keepServing } from './keep-serving.ts';

interface Numbered extends Ownership {
  readonly number: number;
}

const clock = { ...createSystemClock(), setTimer: (_ms: number, run: () => void) => setNow(run) };

function setNow(run: () => void): Disposable {
  const timer = setImmediate(run);
  return { [Symbol.dispose]: () => clearImmediate(timer) };
}

/** A shard that is owned, served and lost as the test says; what happens is written down. */
function createScripted({ failures = {} }: { readonly failures?: Readonly<Record<number, 'lost' | 'fault'>> } = {}) {
  const log: string[] = [];
  const ownerships: { lose(): void }[] = [];
  const happened: (() => void)[] = [];
  const write = (line: string) => {
    log.push(line);
    for (const tell of happened.splice(0)) tell();
  };
  const deps: KeepServingDependencies<Numbered> = {
    clock,
    own(signal) {
      signal.throwIfAborted();
      const number = ownerships.length + 1;
      const { promise: lost, resolve } = Promise.withResolvers<Error>();
      ownerships.push({ lose: () => resolve(new Error(`lost ${number}`)) });
      write(`own ${number}`);
      return Promise.resolve({
        number,
        lost,
        [Symbol.asyncDispose]: () => Promise.resolve(write(`give back ${number}`)),
      });
    },
    standBy: () => write('stand by'),
    async serve({ number, lost }) {
      const failure = failures[number];
      if (failure === 'lost') {
        ownerships[number - 1]?.lose();
        await lost;
        throw new Error('the store is closed');
      }
      if (failure === 'fault') throw new Error('a fault');
      write(`serve ${number}`);
      return {
        drain: () => write(`drain ${number}`),
        endWatches: () => Promise.resolve(write(`end watches ${number}`)),
        [Symbol.asyncDispose]: () => Promise.resolve(write(`end ${number}`)),
      };
    },
    onLost: (error) => write(error.message),
    onError: (error) => write(String(error)),
  };
  return {
    log,
    deps,
    lose: (number: number) => ownerships[number - 1]?.lose(),
    async until(line: string) {
      while (!log.includes(line)) await new Promise<void>((resolve) => void happened.push(resolve));
    },
  };
}

describe('a shard that is kept served', () => {
  it('mirrors as a standby when the shard is lost, with everything of that ownership ended, and serves again', async () => {
    const { log, deps, lose, until } = createScripted();
    const kept = await keepServing(deps);
    lose(1);
    await until('serve 2');
    kept.drain();
    await kept.stop(async () => void log.push('closed'));
    expect(log).toEqual([
      ...['stand by', 'own 1', 'serve 1', 'lost 1', 'stand by', 'end 1', 'give back 1'],
      ...['stand by', 'own 2', 'serve 2', 'drain 2', 'end 2', 'closed', 'give back 2'],
    ]);
  });

  it('is owned again where it was lost before it was served', async () => {
    const { log, deps } = createScripted({ failures: { 1: 'lost' } });
    const kept = await keepServing(deps);
    expect(log).toEqual(['stand by', 'own 1', 'give back 1', 'lost 1', 'stand by', 'own 2', 'serve 2']);
    await kept.stop(() => Promise.resolve());
  });

  it('that cannot be served at the start says so, and later is tried again', async () => {
    const first = createScripted({ failures: { 1: 'fault' } });
    await expect(keepServing(first.deps)).rejects.toThrow('a fault');
    expect(first.log).toEqual(['stand by', 'own 1', 'give back 1']);
    const later = createScripted({ failures: { 2: 'fault' } });
    const kept = await keepServing(later.deps);
    later.lose(1);
    await later.until('serve 3');
    expect(later.log).toContain('Error: a fault');
    await kept.stop(() => Promise.resolve());
  });

  it('is not waited for by its stop while it is another one’s', async () => {
    const { log, deps, lose, until } = createScripted();
    const own = (signal: AbortSignal) =>
      log.includes('lost 1')
        ? new Promise<never>((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(new Error('given up'))),
          )
        : deps.own(signal);
    const kept = await keepServing({ ...deps, own });
    lose(1);
    await until('give back 1');
    await kept.stop(async () => void log.push('closed'));
    expect(log.filter((line) => line.startsWith('serve'))).toEqual(['serve 1']);
    expect(log.at(-1)).toBe('closed');
  });
});
