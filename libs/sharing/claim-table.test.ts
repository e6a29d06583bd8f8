import type { KubeObject, Revision } from '@kcp-ts/api';
import { formatResourceVersion, revisionZero } from '@kcp-ts/api';
import type { Store } from '@kcp-ts/storage';
import { createMemoryStore, createParsedReader, encodeStored } from '@kcp-ts/storage';
import { expect, it } from 'vitest';
import { createClaimTables } from './claim-table.ts';
import { bindingKey } from './keys.ts';

const cluster = 'consumer';
const configMaps = { group: '', plural: 'configmaps', identity: '-' };
const claim = { group: '', resource: 'configmaps', verbs: ['*'] };
const key = bindingKey(cluster, 'west');

function tablesOf(store: Store) {
  return createClaimTables({ store, reader: createParsedReader(store, 10), clustersMax: 10 });
}

/** Writes the binding as it is when its claim is in a state; the revision. */
async function write(
  store: Store,
  state: 'Accepted' | 'Rejected',
  verbs: readonly string[] = ['*'],
): Promise<Revision> {
  const object = {
    metadata: { name: 'west' },
    spec: {
      reference: { export: { path: 'root:provider', name: 'west' } },
      permissionClaims: [{ ...claim, verbs, selector: { matchAll: true }, state }],
    },
    status: {
      apiExportClusterName: 'provider',
      exportPermissionClaims: [claim],
      conditions: [{ type: 'InitialBindingCompleted', status: 'True' }],
    },
  };
  const value = encodeStored('0123456789abcdef', 0, JSON.stringify(object));
  const result = await store.commit([{ op: 'put', key, expect: 'any', value: () => value }]);
  if (result.status !== 'committed') throw new Error('nobody else writes');
  return result.revision;
}

function writtenAt(revision: Revision): KubeObject {
  const resourceVersion = formatResourceVersion(revision, 1);
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', resourceVersion } };
}

it('claims are known as of each revision, whether the table was read before they changed or after', async () => {
  await using store = createMemoryStore();
  const early = tablesOf(store);
  using _ = store.subscribe((events) => {
    for (const event of events) early.changed(event);
  });
  expect(early.of(cluster)).toEqual([]);
  // All in one flush: nobody sees the states in between.
  const [first, second, third] = (await Promise.all([
    write(store, 'Accepted'),
    write(store, 'Rejected'),
    write(store, 'Accepted', ['create']),
  ])) as [Revision, Revision, Revision];
  for (const tables of [early, tablesOf(store)]) {
    const verbsAt = (revision: number) => tables.asOf(cluster, revision as Revision).map(({ verbs }) => verbs);
    expect([verbsAt(0), verbsAt(first - 1), verbsAt(first)]).toEqual([[], [], [['*']]]);
    expect([verbsAt(second - 1), verbsAt(second), verbsAt(third)]).toEqual([[['*']], [], [['create']]]);
    expect(tables.of(cluster)).toEqual(tables.asOf(cluster, store.currentRevision()));
    expect(tables.since(cluster, 'west')).toBe(third);
  }
});

it('what a claim has shown or hidden since an object was written is known, also where it is as before again', async () => {
  await using store = createMemoryStore();
  const first = await write(store, 'Accepted');
  const tables = tablesOf(store);
  using _ = store.subscribe((events) => {
    for (const event of events) tables.changed(event);
  });
  const flipped = (revision: Revision) => tables.hasFlipped(cluster, configMaps, writtenAt(revision));
  expect([flipped(first), flipped(revisionZero)]).toEqual([false, true]);
  await write(store, 'Rejected');
  const again = await write(store, 'Accepted');
  expect([flipped(first), flipped(again)]).toEqual([true, false]);
  // Verbs that do not read show nothing; a status that changes nothing is no change.
  const narrowed = await write(store, 'Accepted', ['create']);
  expect([flipped(again), flipped(narrowed)]).toEqual([true, false]);
  await write(store, 'Accepted', ['create']);
  expect([flipped(narrowed), tables.since(cluster, 'west')]).toEqual([false, narrowed]);
  expect(tables.hasFlipped(cluster, { ...configMaps, plural: 'secrets' }, writtenAt(first))).toBe(false);
});
