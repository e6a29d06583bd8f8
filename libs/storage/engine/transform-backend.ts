/** A backend of which all values lie transformed: the current ones, and those of history. */
import type { StoreEvent } from '../store.ts';
import type { ValueTransformer } from '../value-transformer.ts';
import type { Backend, Flush, StoredEntry, Write } from './backend.ts';

/** The backend itself where nothing is transformed. */
export function withTransformer(backend: Backend, transformer: ValueTransformer | undefined): Backend {
  return transformer === undefined ? backend : transformBackend(backend, transformer);
}

function transformBackend(backend: Backend, transformer: ValueTransformer): Backend {
  const plainOf = (key: string, stored: Uint8Array) => transformer.fromStorage(key, stored).value;

  function entryOf(stored: StoredEntry): StoredEntry {
    const { value, stale } = transformer.fromStorage(stored.key, stored.value);
    return stale === true ? { ...stored, value, stale } : { ...stored, value };
  }

  function eventOf(stored: StoreEvent): StoreEvent {
    const { key, previous } = stored;
    const value = plainOf(key, stored.value);
    if (previous === undefined) return { ...stored, value };
    // A deletion's value is what was there before: it lies there once.
    const before = previous.value === stored.value ? value : plainOf(key, previous.value);
    return { ...stored, value, previous: { ...previous, value: before } };
  }

  function storedWrite(write: Write): Write {
    const { key, previous } = write.event;
    const value = transformer.toStorage(key, write.event.value);
    if (previous === undefined) return { ...write, event: { ...write.event, value } };
    const before = previous.value === write.event.value ? value : transformer.toStorage(key, previous.value);
    return { ...write, event: { ...write.event, value, previous: { ...previous, value: before } } };
  }

  function storedFlush(flush: Flush): Flush {
    const writes = new Map(flush.writes.map((write) => [write, storedWrite(write)]));
    const storedOf = (write: Write) => writes.get(write) ?? storedWrite(write);
    return { ...flush, writes: [...writes.values()], commits: flush.commits.map((commit) => commit.map(storedOf)) };
  }

  return {
    state: backend.state,
    get(key) {
      const stored = backend.get(key);
      return stored === undefined ? undefined : entryOf(stored);
    },
    head: (key) => backend.head(key),
    walk: (range, after, visit) => backend.walk(range, after, (entry) => visit(entryOf(entry))),
    walkKeys: (range, after, visit) => backend.walkKeys(range, after, visit),
    walkEvents: (range, after, upTo, visit) => backend.walkEvents(range, after, upTo, (event) => visit(eventOf(event))),
    walkOldest: (visit) => backend.walkOldest(visit),
    historyBytes: () => backend.historyBytes(),
    sizeBytes: () => backend.sizeBytes?.() ?? 0,
    expired: (now, limit) => backend.expired(now, limit),
    write: (flush) => backend.write(storedFlush(flush)),
    publish: () => backend.publish(),
    refusesGrowth: () => backend.refusesGrowth?.() ?? false,
    close: () => backend.close(),
  };
}
