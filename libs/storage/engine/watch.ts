/**
 * History, then live: a watcher keeps no queue. It continues when its range has changed and reads
 * what is new from history, so a slow one costs nothing, loses nothing, and ends with Expired when
 * it has fallen behind the floor.
 */
import { StatusError } from '@kcp-ts/api';
import { compileRange } from '../key-range.ts';
import type { Store } from '../store.ts';

export async function* watchStore(
  store: Pick<Store, 'history' | 'subscribe' | 'currentRevision' | 'floor'>,
  ...[range, after, signal]: Parameters<Store['watch']>
): ReturnType<Store['watch']> {
  const { includes } = compileRange(range);
  let dirty = true;
  let resume: () => void = () => undefined;
  const aborted = () => resume();
  using _ = store.subscribe((events) => {
    dirty ||= events.some((event) => includes(event.key));
    if (dirty) resume();
  });
  signal.addEventListener('abort', aborted);
  try {
    const floor = store.floor();
    if (after < floor) throw StatusError.expired(`too old resource version: ${after} (${floor})`);
    let seen = after;
    while (!signal.aborted) {
      if (!dirty) await new Promise<void>((resolve) => (resume = resolve));
      if (signal.aborted) return;
      dirty = false;
      const upTo = store.currentRevision();
      if (upTo <= seen) continue;
      for await (const events of store.history(range, seen, upTo)) {
        yield events;
        if (signal.aborted) return;
      }
      seen = upTo;
    }
  } finally {
    signal.removeEventListener('abort', aborted);
  }
}
