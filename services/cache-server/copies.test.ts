import type { Revision } from '@kcp-ts/meta';
import type { FeedEntry } from '@kcp-ts/replication';
import { createMemoryStore, encodeStored, valueBytesMax } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { expect, it } from 'vitest';
import { cachedSurface } from './cached-kinds.ts';
import { createCopies } from './copies.ts';
import { createOrderedWriter, keptShards, rawFeedSink } from './raw-feeds.ts';

const surface = cachedSurface();

function entryOf(key: string, revision: number, object: object, padding = 0): FeedEntry {
  const [group = '', , , , , name = ''] = key.split('/');
  const metadata = { name, annotations: { 'internal.kcp.io/replicate': 'apis.kcp.io' } };
  const text = JSON.stringify({ apiVersion: `${group}/v1`, kind: 'X', metadata, note: 'x'.repeat(padding), ...object });
  const at = revision as Revision;
  return { key, revision: at, createRevision: at, value: encodeStored('0123456789abcdef', 0, text) };
}

function open() {
  const clock = createManualClock();
  const stores = [createMemoryStore({ clock }), createMemoryStore({ clock })] as const;
  const errors: unknown[] = [];
  const [copies, raw] = stores;
  const writers = stores.map((store) => createOrderedWriter(store, (error) => void errors.push(error)));
  const [copiesWriter, rawWriter] = writers as [(typeof writers)[0], (typeof writers)[0]];
  const sinks = [createCopies(copies, copiesWriter, surface), rawFeedSink(raw, rawWriter)];
  return {
    copies,
    raw,
    errors,
    sinks,
    async settled() {
      // What a sink still has to say comes behind what it has said.
      for (let turn = 0; turn < 3; turn++) for (const writer of writers) await writer.settled();
    },
  };
}

const keys = [
  'apis.kcp.io/apiexports/-/c1//widgets',
  'core.kcp.io/shards/id/root//shard-1',
  'rbac.authorization.k8s.io/clusterroles/-/c1//bind',
];

it('nothing is left of a shard that leaves, and all of the others', async () => {
  const { copies, raw, sinks, settled, errors } = open();
  for (const [number, name] of ['one', 'two'].entries()) {
    const shard = { name, number: number + 1 };
    for (const sink of sinks)
      sink.apply(
        shard,
        keys.map((key, index) => entryOf(key, 10 + index, {})),
      );
  }
  await settled();
  const held = async () =>
    Promise.all(
      [copies, raw].map(async (store) => (await store.list({ prefix: '' })).entries.map(({ key }) => key).sort()),
    );
  const [before] = await held();
  expect(before).toHaveLength(6);
  expect(await keptShards(raw)).toEqual(['one', 'two']);
  for (const sink of sinks) sink.removed('one');
  await settled();
  const [left, leftRaw] = await held();
  expect(left?.map((key) => key.split('/')[2])).toEqual(['two', 'two', 'two']);
  expect(leftRaw?.every((key) => key.startsWith('two/'))).toBe(true);
  expect(await keptShards(raw)).toEqual(['two']);
  expect(errors).toEqual([]);
});

it('what is not in a snapshot any more goes, and only of its shard', async () => {
  const { copies, sinks, settled } = open();
  const [one, two] = [
    { name: 'one', number: 1 },
    { name: 'two', number: 2 },
  ];
  for (const shard of [one, two])
    for (const sink of sinks)
      sink.apply(
        shard,
        keys.map((key, index) => entryOf(key, 10 + index, {})),
      );
  for (const sink of sinks) {
    const snapshot = sink.begin(one);
    snapshot.add([entryOf(keys[0] ?? '', 20, {})]);
    snapshot.end();
  }
  await settled();
  const left = (await copies.list({ prefix: '' })).entries.map(({ key }) => key.split('/')[2]);
  expect(left.filter((shard) => shard === 'one')).toHaveLength(1);
  expect(left.filter((shard) => shard === 'two')).toHaveLength(3);
});

it('objects that are too large for one commit together are copied all the same', async () => {
  const { copies, raw, sinks, settled, errors } = open();
  const shard = { name: 'one', number: 1 };
  const large = Array.from({ length: 5 }, (_, index) =>
    entryOf(`apis.kcp.io/apiresourceschemas/-/c1//s${index}`, 10 + index, {}, valueBytesMax / 2),
  );
  for (const sink of sinks) sink.apply(shard, large);
  await settled();
  expect(errors).toEqual([]);
  for (const store of [copies, raw]) expect((await store.list({ prefix: '' })).entries).toHaveLength(5);
});
