/**
 * Files that may be replaced while they are in use: certificates that are renewed, keys that are
 * rotated. They are looked at now and then instead of being watched: a mounted Secret is a chain of
 * links that kubelet replaces, and of which no event says that it did.
 */
import { stat } from 'node:fs/promises';
import type { Clock } from './clock.ts';
import type { Reloads } from './reloads.ts';

export interface FollowFilesOptions {
  readonly paths: readonly string[];
  /**
   * Reads and takes them; called at once, and whenever one of them has changed. Throws where they
   * cannot be used, half of a pair that is being replaced among them: then what was taken before
   * stays in use, and they are tried again at each check.
   */
  load(): Promise<void>;
  readonly clock: Clock;
  /** Files that have changed and cannot be used; once for each change. */
  onError(error: unknown): void;
  readonly checkMs?: number;
  /** Orders to load now, whether anything has changed or not. */
  readonly reloads?: Reloads | undefined;
}

async function versionOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs}/${size}/${ino}`;
  } catch {
    return 'absent';
  }
}

/** Resolves when they have been loaded; rejects where that fails for the first time. */
export async function followFiles({
  paths,
  load,
  clock,
  onError,
  checkMs = 10_000,
  reloads,
}: FollowFilesOptions): Promise<Disposable> {
  const look = async () => (await Promise.all(paths.map(versionOf))).join(' ');
  let seen = await look();
  await load();
  let failed = false;
  let stopped = false;
  let timer: Disposable | undefined;

  async function check(ordered: boolean): Promise<void> {
    const now = await look();
    const changed = now !== seen;
    if (stopped || !(changed || failed || ordered)) return;
    seen = now;
    try {
      await load();
      failed = false;
    } catch (error) {
      failed = true;
      if (changed || ordered) onError(error);
    }
  }

  /** One check after the other: an older one never ends with what a newer one has replaced. */
  let checks = Promise.resolve();
  const checkNext = (ordered: boolean) => {
    checks = checks.then(() => check(ordered));
    return checks;
  };
  const checkLater = () => {
    timer = clock.setTimer(checkMs, () => void checkNext(false).then(() => stopped || checkLater()));
  };
  checkLater();
  const ordered = reloads?.onReload(() => checkNext(true));
  return {
    [Symbol.dispose]() {
      stopped = true;
      timer?.[Symbol.dispose]();
      ordered?.[Symbol.dispose]();
    },
  };
}
