import type { Revision } from '@kcp-ts/api';
import { bindingKey, boundName, exportLabel } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import { createMemoryStore, encodeStored } from '@kcp-ts/storage';
import { createManualClock } from '@kcp-ts/storage/contract';
import { createWatchHub } from '@kcp-ts/watch';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BindingIndex } from './binding-index.ts';
import { createBindingIndex } from './binding-index.ts';

const identity = 'a'.repeat(64);
const cowboys = boundName('wild.west', 'cowboys', identity);
const sheriffs = boundName('wild.west', 'sheriffs', identity);
let store: Store;
let index: BindingIndex;
let following: Disposable;

function follow(): void {
  index = createBindingIndex(store);
  following = createWatchHub(store).onChanges((changes) => {
    for (const change of changes) index.changed(change);
  });
}

beforeEach(() => {
  store = createMemoryStore({ clock: createManualClock() });
  follow();
});

afterEach(async () => {
  following[Symbol.dispose]();
  await store[Symbol.asyncDispose]();
});

async function bind(cluster: string, name: string, resources: readonly string[], completed = true): Promise<void> {
  const object = {
    metadata: { name, labels: { [exportLabel]: 'h' } },
    status: {
      conditions: [{ type: 'InitialBindingCompleted', status: completed ? 'True' : 'False' }],
      boundResources: resources.map((resource) => ({
        group: 'wild.west',
        resource,
        schema: { name: '', UID: '', identityHash: identity },
      })),
    },
  };
  const value = encodeStored('0123456789abcdef', 0, JSON.stringify(object));
  await store.commit([{ op: 'put', key: bindingKey(cluster, name), expect: 'any', value: () => value }]);
}

const unbind = async (cluster: string, name: string): Promise<Revision> => {
  await store.commit([{ op: 'delete', key: bindingKey(cluster, name), expect: 'any' }]);
  return store.currentRevision();
};

it('a consumer has what its bindings to the export have bound, and nothing before the first has anything', async () => {
  await bind('c1', 'one', [], false);
  expect(index.consumers('h').has('c1')).toBe(false);
  await bind('c1', 'one', ['cowboys'], false);
  expect(index.consumers('h').has('c1')).toBe(true);
  await bind('c1', 'one', ['cowboys']);
  await bind('c2', 'one', ['cowboys']);
  expect([...(index.consumers('h').get('c1') ?? [])]).toEqual([cowboys]);
  expect(index.consumers('h').get('c2')).toBe(index.consumers('h').get('c1'));
  await bind('c1', 'two', ['sheriffs']);
  expect([...(index.consumers('h').get('c1') ?? [])]).toEqual([cowboys, sheriffs]);
  await unbind('c1', 'one');
  expect([...(index.consumers('h').get('c1') ?? [])]).toEqual([sheriffs]);
  await unbind('c1', 'two');
  expect([...index.consumers('h').keys()]).toEqual(['c2']);
});

it('tells when an export gets its first consumer and loses its last', async () => {
  const turns: number[] = [];
  index.onTurn((hash) => turns.push(index.consumers(hash).size));
  await bind('c1', 'one', ['cowboys']);
  await bind('c2', 'one', ['cowboys']);
  await unbind('c1', 'one');
  await unbind('c2', 'one');
  expect(turns).toEqual([1, 0]);
});

it('a consumer that has left had bound what it had up to then, and nothing since', async () => {
  await bind('c1', 'one', ['cowboys']);
  const bound = store.currentRevision();
  const gone = await unbind('c1', 'one');
  for (const at of [bound, gone]) expect(index.wasBound('h', 'c1', cowboys, at)).toBe(true);
  expect(index.wasBound('h', 'c1', sheriffs, bound)).toBe(false);
  expect(index.wasBound('h', 'c1', cowboys, (gone + 1) as Revision)).toBe(false);
  expect(index.wasBound('h', 'c2', cowboys, bound)).toBe(false);
});

it('a consumer that came and left again had bound what it had each time, and nothing in between', async () => {
  const stays: [Revision, Revision, Revision][] = [];
  for (let i = 0; i < 3; i++) {
    await bind('c1', 'one', ['cowboys']);
    const bound = store.currentRevision();
    const gone = await unbind('c1', 'one');
    await bind('c2', 'one', ['cowboys']);
    stays.push([bound, gone, store.currentRevision()]);
  }
  for (const [bound, gone, later] of stays) {
    for (const at of [bound, gone]) expect(index.wasBound('h', 'c1', cowboys, at)).toBe(true);
    expect(index.wasBound('h', 'c1', cowboys, later)).toBe(false);
  }
});

it('of a consumer that comes and leaves all the time the oldest is forgotten, and said to be unknown', async () => {
  const left: Revision[] = [];
  for (let i = 0; i < 22; i++) {
    await bind('c1', 'one', ['cowboys']);
    left.push(await unbind('c1', 'one'));
  }
  const [first, second, third] = left.map((at) => index.wasBound('h', 'c1', cowboys, at));
  expect([first, second, third]).toEqual(['unknown', 'unknown', true]);
  expect(index.wasBound('h', 'c2', cowboys, left[0] ?? (0 as Revision))).toBe(false);
});

it('after a restart it is not known who had bound what before', async () => {
  await bind('c1', 'one', ['cowboys']);
  await bind('c2', 'one', ['cowboys']);
  const bound = store.currentRevision();
  const gone = await unbind('c1', 'one');
  following[Symbol.dispose]();
  follow();
  await index.load();
  expect(index.wasBound('h', 'c2', cowboys, bound)).toBe(true);
  expect(index.wasBound('h', 'c1', cowboys, bound)).toBe('unknown');
  // What the index was filled with is how it was then.
  expect(index.wasBound('h', 'c1', cowboys, gone)).toBe(false);
  await bind('c3', 'one', ['cowboys']);
  expect(index.wasBound('h', 'c1', cowboys, store.currentRevision())).toBe(false);
});
