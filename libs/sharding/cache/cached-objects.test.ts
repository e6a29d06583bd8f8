import { create } from '@bufbuild/protobuf';
import type { Revision } from '@kcp-ts/api';
import { builtinDefinitions, rootExports, systemDefinitions } from '@kcp-ts/kinds';
import { FeedService } from '@kcp-ts/proto';
import { createMemoryStore, encodeStored, valueBytesMax } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { expect, it } from 'vitest';
import type { FeedEntry, FeedHandler } from '../feed/feed.ts';
import { cachedSurface } from './cached-kinds.ts';
import { createCachedObjects } from './cached-objects.ts';
import { feedReplica, feedReplicaHandler, replicatedShards } from './feed-replica.ts';
import { createOrderedWriter } from './ordered-writer.ts';

const surface = cachedSurface([
  ...builtinDefinitions,
  ...systemDefinitions,
  ...rootExports.flatMap(({ definitions }) => definitions),
]);

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
  const writers = stores.map((store) => createOrderedWriter(store, (_shard, error) => void errors.push(error)));
  const [copiesWriter, rawWriter] = writers as [(typeof writers)[0], (typeof writers)[0]];
  const feedHandlers = [createCachedObjects(copies, copiesWriter, surface), feedReplicaHandler(raw, rawWriter)];
  return {
    copies,
    raw,
    errors,
    feedHandlers,
    rawWriter,
    /** A replica's answer: keys and revision, or why there is none. */
    async kept(shard: string): Promise<{ readonly keys: readonly string[]; readonly revision: number } | string> {
      const deps = { store: raw, writer: rawWriter, epoch: 'copy', admit: () => undefined };
      const found: string[] = [];
      let at = 0;
      try {
        for await (const { entries = [], revision = 0 } of feedReplica(deps).snapshot(
          create(FeedService.method.snapshot.input, { shard }),
          { signal: new AbortController().signal, peer: { commonName: '', organizations: [], uris: [] } },
        )) {
          found.push(...entries.map(({ key = '' }) => key));
          at = revision;
        }
      } catch (thrown) {
        return (thrown as Error).message;
      }
      return { keys: found, revision: at };
    },
    async settled() {
      // What a handler still has to write comes behind what it has written.
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
  const { copies, raw, feedHandlers, settled, errors } = open();
  for (const [number, name] of ['one', 'two'].entries()) {
    const shard = { name, number: number + 1 };
    for (const feedHandler of feedHandlers)
      feedHandler.apply(
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
  expect(await replicatedShards(raw)).toEqual(['one', 'two']);
  for (const feedHandler of feedHandlers) feedHandler.removed('one');
  await settled();
  const [left, leftRaw] = await held();
  expect(left?.map((key) => key.split('/')[2])).toEqual(['two', 'two', 'two']);
  expect(leftRaw?.every((key) => key.startsWith('two/'))).toBe(true);
  expect(await replicatedShards(raw)).toEqual(['two']);
  expect(errors).toEqual([]);
});

it('what is not in a snapshot any more goes, and only of its shard', async () => {
  const { copies, feedHandlers, settled } = open();
  const [one, two] = [
    { name: 'one', number: 1 },
    { name: 'two', number: 2 },
  ];
  for (const shard of [one, two])
    for (const feedHandler of feedHandlers)
      feedHandler.apply(
        shard,
        keys.map((key, index) => entryOf(key, 10 + index, {})),
      );
  for (const feedHandler of feedHandlers) {
    const snapshot = feedHandler.begin(one);
    snapshot.add([entryOf(keys[0] ?? '', 20, {})]);
    snapshot.end();
  }
  await settled();
  const left = (await copies.list({ prefix: '' })).entries.map(({ key }) => key.split('/')[2]);
  expect(left.filter((shard) => shard === 'one')).toHaveLength(1);
  expect(left.filter((shard) => shard === 'two')).toHaveLength(3);
});

it('what comes back behind a snapshot that had it no more stays', async () => {
  const { raw, copies, feedHandlers, settled } = open();
  const shard = { name: 'one', number: 1 };
  const [key = '', other = ''] = keys;
  for (const feedHandler of feedHandlers) feedHandler.apply(shard, [entryOf(key, 10, {}), entryOf(other, 11, {})]);
  await settled();
  for (const feedHandler of feedHandlers) {
    const snapshot = feedHandler.begin(shard);
    snapshot.add([entryOf(other, 11, {})]);
    snapshot.end();
    feedHandler.apply(shard, [entryOf(key, 21, {})]);
  }
  await settled();
  for (const store of [copies, raw]) expect((await store.list({ prefix: '' })).entries).toHaveLength(2);
});

it('a copy is nobody’s to take while it is being made, also where the process ended meanwhile', async () => {
  const { raw, feedHandlers, settled, kept } = open();
  const shard = { name: 'one', number: 1 };
  const [key = '', other = ''] = keys;
  const [, feedHandler] = feedHandlers as [FeedHandler, FeedHandler];
  feedHandler.apply(shard, [entryOf(key, 10, {})]);
  await settled();
  expect(await kept('one')).toEqual({ keys: [key], revision: 10 });
  const snapshot = feedHandler.begin(shard);
  snapshot.add([entryOf(other, 20, {})]);
  await settled();
  expect(await kept('one')).toBe('the copy of one is not finished');
  expect(await replicatedShards(raw)).toEqual(['one']);
  snapshot.add([entryOf(key, 15, {})]);
  snapshot.end();
  await settled();
  expect(await kept('one')).toEqual({ keys: [key, other], revision: 20 });
  const removing = feedHandler.begin(shard);
  removing.add([entryOf(other, 20, {})]);
  feedHandler.removed('one');
  await settled();
  expect(await replicatedShards(raw)).toEqual([]);
});

it('what cannot be written ends a copy where it was, until it is begun again', async () => {
  const { raw, feedHandlers, settled, errors, kept, rawWriter } = open();
  const [, feedHandler] = feedHandlers as [FeedHandler, FeedHandler];
  const [one, two] = [
    { name: 'one', number: 1 },
    { name: 'two', number: 2 },
  ];
  const [key = '', other = '', third = ''] = keys;
  feedHandler.apply(one, [entryOf(key, 10, {})]);
  await settled();
  const { commit } = raw;
  raw.commit = () => Promise.reject(new Error('the disk is full'));
  feedHandler.apply(one, [entryOf(other, 11, {})]);
  await settled();
  raw.commit = commit;
  feedHandler.apply(one, [entryOf(third, 12, {})]);
  feedHandler.apply(two, [entryOf(third, 12, {})]);
  await settled();
  expect(errors).toHaveLength(1);
  expect([rawWriter.isBroken('one'), rawWriter.isBroken('two')]).toEqual([true, false]);
  expect((await raw.list({ prefix: 'one/' })).entries).toHaveLength(1);
  expect(await kept('one')).toBe('the copy of one could not be written');
  expect(await kept('two')).toEqual({ keys: [third], revision: 12 });
  const snapshot = feedHandler.begin(one);
  snapshot.add(keys.map((each, index) => entryOf(each, 10 + index, {})));
  snapshot.end();
  await settled();
  expect(await kept('one')).toMatchObject({ revision: 12 });
});

it('objects that are too large for one commit together are copied all the same', async () => {
  const { copies, raw, feedHandlers, settled, errors } = open();
  const shard = { name: 'one', number: 1 };
  const large = Array.from({ length: 5 }, (_, index) =>
    entryOf(`apis.kcp.io/apiresourceschemas/-/c1//s${index}`, 10 + index, {}, valueBytesMax / 2),
  );
  for (const feedHandler of feedHandlers) feedHandler.apply(shard, large);
  await settled();
  expect(errors).toEqual([]);
  for (const store of [copies, raw]) expect((await store.list({ prefix: '' })).entries).toHaveLength(5);
});
