import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { revisionZero } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../contract/manual-clock.ts';
import { committed, keyOf, put } from '../contract/store-case.ts';
import { compileRange } from '../key-range.ts';
import { openLmdbBackend } from './lmdb-backend.ts';
import { openLmdbStore } from './lmdb-store.ts';

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lmdb-snapshots-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('a reader that takes its time', () => {
  it('holds no read transaction over it: what writers leave behind is used again', () =>
    inFolder(async (folder) => {
      const clock = createManualClock();
      await using store = await openLmdbStore({ path: folder, clock });
      const many = Array.from({ length: 100 }, (_, index) => put(keyOf(`n${index}`), 'x'.repeat(1_000)));
      for (let round = 0; round < 10; round++) await committed(store, ...many);
      const upTo = store.currentRevision();
      // A scan of history that nobody goes on with, and one that yields at each look at the clock.
      const stuck = store.history({ prefix: '' }, revisionZero, upTo)[Symbol.asyncIterator]();
      await stuck.next();
      clock.spendPerLook(10);
      const listing = store.list({ prefix: '' });
      clock.spendPerLook(0);
      const rewrite = async (count: number) => {
        for (let round = 0; round < count; round++) {
          await committed(store, put(keyOf('large'), String(round % 10).repeat(100_000)));
          await store.compact(store.currentRevision());
        }
        return (await stat(join(folder, 'data.mdb'))).size;
      };
      const settled = await rewrite(15);
      // Eighty times a hundred thousand bytes would be 8 MB.
      expect((await rewrite(80)) - settled).toBeLessThan(3_000_000);
      await listing.catch(() => undefined);
      await stuck.return?.();
    }));
});

describe('history', () => {
  it('of one resource of one cluster is read without looking at that of others', () =>
    inFolder(async (folder) => {
      const clock = createManualClock();
      {
        await using store = await openLmdbStore({ path: folder, clock });
        for (let round = 0; round < 20; round++)
          await committed(
            store,
            ...Array.from({ length: 50 }, (_, index) => put(keyOf(`n${index}`, `c${index % 10}`), String(round))),
            put(keyOf('n', 'c1', 'default', 'secrets'), String(round)),
          );
      }
      const backend = openLmdbBackend({ path: folder, mapSizeBytes: 2 ** 30 });
      const read = (prefix: string) => {
        const range = compileRange({ prefix });
        let looked = 0;
        let found = 0;
        const counted = {
          ...range,
          includes(key: string) {
            looked++;
            return range.includes(key);
          },
        };
        backend.walkEvents(counted, revisionZero, backend.state.revision, () => ++found > 0);
        return { looked, found };
      };
      expect(read('core/configmaps/-/c1/')).toEqual({ looked: 100, found: 100 });
      expect(read('core/secrets/-/')).toEqual({ looked: 20, found: 20 });
      expect(read('core/secrets/-/c1/')).toEqual({ looked: 20, found: 20 });
      await backend.close();
    }));
});
