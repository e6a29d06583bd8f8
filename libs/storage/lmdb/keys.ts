/**
 * How keys lie in LMDB: text as UTF-8, numbers with a fixed width and the high byte first, so that
 * bytes sort as what they mean.
 */

export interface KeyEncoder<Key, Read = Key> {
  writeKey(key: Key, target: Buffer, start: number): number;
  readKey(target: Buffer, start: number, end: number): Read;
}

export const textKeys: KeyEncoder<string> = {
  writeKey: (key, target, start) => start + target.write(key, start),
  readKey: (target, start, end) => target.toString('utf8', start, end),
};

const wordSize = 2 ** 32;

function writeNumber(value: number, target: Buffer, start: number): number {
  target.writeUInt32BE(Math.floor(value / wordSize), start);
  return target.writeUInt32BE(value % wordSize, start + 4);
}

function readNumber(target: Buffer, start: number): number {
  return target.readUInt32BE(start) * wordSize + target.readUInt32BE(start + 4);
}

export const numberKeys: KeyEncoder<number> = { writeKey: writeNumber, readKey: readNumber };

/** A moment and a key; what is read back is the key. */
export interface DueKey {
  readonly at: number;
  readonly key: string;
}

export const dueKeys: KeyEncoder<DueKey, string> = {
  writeKey: (due, target, start) => {
    const end = writeNumber(due.at, target, start);
    return end + target.write(due.key, end);
  },
  readKey: (target, start, end) => target.toString('utf8', start + 8, end),
};

/**
 * A revision under the hash of a prefix of whole segments. Two prefixes with the same hash only
 * cost a look at an event that is not in the range: the reader compares the event's own key.
 */
export interface IndexKey {
  readonly high: number;
  readonly low: number;
  readonly revision: number;
}

export const indexKeys: KeyEncoder<IndexKey, number> = {
  writeKey(key, target, start) {
    target.writeUInt32BE(key.high, start);
    target.writeUInt32BE(key.low, start + 4);
    return writeNumber(key.revision, target, start + 8);
  },
  readKey: (target, start) => readNumber(target, start + 8),
};

/**
 * What history can be asked for: one resource over all clusters (3 segments), and one resource of
 * one cluster (4).
 */
export const indexedSegments = [3, 4] as const;

/**
 * The index keys of a key at a revision: one for each of `indexedSegments`; for a shorter prefix,
 * as many as it has.
 */
export function indexKeysOf(key: string, revision: number): readonly IndexKey[] {
  const found: IndexKey[] = [];
  // FNV-1a, twice over with different offsets and primes.
  let high = 0x811c9dc5;
  let low = 0x01000193;
  let segments = 0;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x5bd1e995) ^ (low >>> 15);
    if (code !== 47) continue;
    segments++;
    if (segments === indexedSegments[0] || segments === indexedSegments[1])
      found.push({ high: high >>> 0, low: low >>> 0, revision });
    if (segments === indexedSegments[1]) break;
  }
  return found;
}
