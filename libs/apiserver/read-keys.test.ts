import { asRevision, StatusError } from '@kcp-ts/api';
import { createTurns } from '@kcp-ts/base';
import { createMemoryStore, encodeStored } from '@kcp-ts/storage';
import { describe, expect, it } from 'vitest';
import { gizmos, serveGizmos } from './gizmos.fixture.ts';
import type { ReadOptions } from './read-entries.ts';
import { readKeys } from './read-keys.ts';

const served = serveGizmos(gizmos, { kind: 'builtin' });
const keyOf = (name: string) => `rec.io/gizmos/-/c//${name}`;
/** As a view lists them: by names, and not in the order of the store. */
const keys = ['d', 'a', 'gone', 'c', 'b'].map(keyOf);

async function storeOf(...names: readonly string[]) {
  const store = createMemoryStore();
  for (const name of names) {
    const json = JSON.stringify({ metadata: { name, labels: { half: name < 'c' ? 'first' : 'second' } } });
    await store.commit([{ op: 'put', key: keyOf(name), expect: 'any', value: () => encodeStored('0', 0, json) }]);
  }
  return store;
}

function optionsOf(given: Partial<ReadOptions>): ReadOptions {
  const turns = createTurns({ clock: { monotonic: () => 0 }, nextTurn: setImmediate });
  const unbounded = { at: undefined, after: undefined, limit: 100, bytesMax: 1_000_000, filter: undefined };
  return { ...unbounded, slices: turns.begin(), ...given };
}

const namesOf = (entries: readonly { readonly key: string }[]) => entries.map(({ key }) => key.split('/').at(-1));

describe('readKeys', () => {
  it('reads in the order of the keys, and leaves out what is not there', async () => {
    const store = await storeOf('a', 'b', 'c', 'd');
    const page = await readKeys(store, served, keys, optionsOf({}));
    expect([namesOf(page.entries), page.more, page.revision]).toEqual([
      ['d', 'a', 'c', 'b'],
      false,
      store.currentRevision(),
    ]);
  });

  it('goes on behind the last key of a page, by entries and by bytes, at the revision of the first one', async () => {
    const store = await storeOf('a', 'b', 'c', 'd');
    for (const bounds of [{ limit: 2 }, { bytesMax: 100 }]) {
      const first = await readKeys(store, served, keys, optionsOf(bounds));
      expect([namesOf(first.entries), first.more]).toEqual([['d', 'a'], true]);
      const at = asRevision(first.revision - 1);
      const second = await readKeys(store, served, keys, optionsOf({ at, after: first.entries.at(-1)?.key }));
      expect([namesOf(second.entries), second.more, second.revision]).toEqual([['c', 'b'], false, at]);
    }
  });

  it('does not go on behind what is not shown any more', async () => {
    const reading = readKeys(await storeOf('a'), served, keys, optionsOf({ after: keyOf('unbound') }));
    await expect(reading).rejects.toThrowError(StatusError);
    await expect(reading).rejects.toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('counts only what the filter matches', async () => {
    const filter = {
      metadataOnly: true,
      matches: ({ metadata }: { metadata: { labels?: Record<string, string> } }) =>
        metadata.labels?.['half'] === 'first',
    };
    const page = await readKeys(await storeOf('a', 'b', 'c', 'd'), served, keys, optionsOf({ filter, limit: 2 }));
    expect([namesOf(page.entries), page.more]).toEqual([['a', 'b'], false]);
  });

  it('gives way to others between entries', async () => {
    let nowMs = 0;
    let turns = 0;
    const clock = { monotonic: () => nowMs++ * 10 };
    const nextTurn = (run: () => void) => {
      turns++;
      setImmediate(run);
    };
    const slices = createTurns({ clock, nextTurn }).begin();
    await readKeys(await storeOf('a', 'b', 'c', 'd'), served, keys, optionsOf({ slices }));
    expect(turns).toBe(keys.length);
  });
});
