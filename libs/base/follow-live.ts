/** What a program has from files that are replaced while it runs. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from './clock.ts';
import { followFiles } from './follow-files.ts';
import type { Live, Replaceable } from './live.ts';
import { createLive } from './live.ts';
import type { Reloads } from './reloads.ts';

/** What following files needs of the program. */
export interface FollowDependencies {
  readonly clock: Clock;
  readonly log: {
    info(details: object, message: string): void;
    error(details: object, message: string): void;
  };
  readonly reloads?: Reloads | undefined;
}

export interface FollowLiveOptions<T> extends FollowDependencies {
  /** Of the log: `the credentials for etcd`. */
  readonly what: string;
  /** Empty ones are left out. */
  readonly paths: readonly string[];
  /** Reads and checks them; rejects where they cannot be used. What it throws shows no secret. */
  read(): Promise<T>;
}

/**
 * Resolves when they have been read; rejects where that fails. What cannot be used later is logged,
 * and what was read before stays in use; what reads the same is no change.
 */
export async function followLive<T>({
  what,
  paths,
  read,
  clock,
  log,
  reloads,
}: FollowLiveOptions<T>): Promise<Live<T> & Disposable> {
  let live: Replaceable<T> | undefined;
  const files = paths.filter((path) => path !== '');
  const followed = await followFiles({
    paths: files,
    clock,
    reloads,
    async load() {
      const value = await read();
      if (live === undefined) live = createLive(value);
      else if (!isDeepStrictEqual(value, live.current())) {
        live.replace(value);
        log.info({ files }, `${what} changed and what is new is in use`);
      }
    },
    onError: (error) => log.error({ files, err: error }, `${what} changed and what is new cannot be used`),
  });
  const { current, onChange } = live as unknown as Live<T>;
  return { current, onChange, [Symbol.dispose]: () => followed[Symbol.dispose]() };
}
