/**
 * Objects that are read often and written seldom (exports, schemas, workspace types), parsed once
 * per revision in a bounded cache.
 */
import { LRUCache } from 'lru-cache';
import type { Entry, Store } from './store.ts';
import { parseStored } from './stored-value.ts';

export interface ParsedReader {
  /** The newest durable object under a key, shared: it must not be changed. */
  get<T>(key: string): T | undefined;
  /** The object of an entry at hand, shared: it must not be changed. */
  parse<T>(entry: Entry): T;
  /** To be called with every changed key: what was parsed of it is of no more use. */
  changed(key: string): void;
}

interface Parsed {
  readonly revision: number;
  readonly object: unknown;
}

export function createParsedReader(store: Pick<Store, 'get' | 'head'>, entriesMax: number): ParsedReader {
  const cache = new LRUCache<string, Parsed>({ max: entriesMax });
  function parse<T>(entry: Entry): T {
    const known = cache.get(entry.key);
    if (known !== undefined && known.revision === entry.revision) return known.object as T;
    const object = parseStored<T>(entry.value);
    cache.set(entry.key, { revision: entry.revision, object });
    return object;
  }
  return {
    parse,
    changed: (key) => void cache.delete(key),
    get<T>(key: string) {
      const known = cache.get(key);
      if (known !== undefined && store.head(key)?.revision === known.revision) return known.object as T;
      const entry = store.get(key);
      return entry === undefined ? undefined : parse<T>(entry);
    },
  };
}
