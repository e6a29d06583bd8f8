import type { Operation, Store } from '@kcp-ts/storage';
import { createMemoryStore, encodeStored } from '@kcp-ts/storage';
import { expect, it } from 'vitest';
import type { RegistryDependencies } from './registry-dependencies.ts';
import type { PreparedWrite } from './write-loop.ts';
import { commitPrepared } from './write-loop.ts';
import type { WriteRequest } from './write-request.ts';

const clock = { now: () => 0, monotonic: () => 0, setTimer: () => ({ [Symbol.dispose]: () => undefined }) };
const request = { served: { definition: { group: '', plural: 'things', kind: 'Thing' } } } as unknown as WriteRequest;
const value = encodeStored('0123456789abcdef', 0, '{}');
const put = (key: string, expected: 'absent' | 'any'): Operation => ({
  op: 'put',
  key,
  expect: expected,
  value: () => value,
});

function commit(
  store: Store,
  prepared: PreparedWrite<string>,
  by: { monotonic(): number } = clock,
): Promise<string | undefined> {
  return commitPrepared({ store, clock: by } as unknown as RegistryDependencies, request, 'a', prepared);
}

it('asks what to do where there is an object already, and where a dry run finds one', async () => {
  await using store = createMemoryStore({ clock });
  await store.commit([put('a', 'any')]);
  for (const plan of [() => 'taken' as const, () => ({ operations: [put('a', 'absent')], answer: () => 'written' })]) {
    let asked = 0;
    const read = await commit(store, {
      plan,
      onConflict() {
        asked++;
        return 'read';
      },
    });
    expect([read, asked]).toEqual([undefined, 1]);
  }
});

it('plans again under another name, and where what goes with the object has changed', async () => {
  await using store = createMemoryStore({ clock });
  await store.commit([put('a', 'any'), put('with', 'any')]);
  const names = ['a', 'b'];
  const made = await commit(store, {
    plan: () => ({ operations: [put(names[0] ?? '', 'absent')], answer: () => names[0] ?? '' }),
    onConflict() {
      names.shift();
      return 'plan';
    },
  });
  expect(made).toBe('b');
  const attempts = ['absent', 'any'] as const;
  let planned = 0;
  const written = await commit(store, {
    plan: () => ({
      operations: [put('c', 'absent'), put('with', attempts[planned++] ?? 'any')],
      answer: () => 'written',
    }),
    onConflict: () => 'read',
  });
  expect([written, planned]).toEqual(['written', 2]);
});

it('gives up where what an object depends on changes all the time', async () => {
  await using store = createMemoryStore({ clock });
  let now = 0;
  let planned = 0;
  const never = commit(
    store,
    {
      plan() {
        planned++;
        // Another writer is faster each time.
        void store.commit([put('with', 'any')]);
        return { operations: [put('c', 'absent'), put('with', 'absent')], answer: () => '' };
      },
      onConflict: () => 'read',
    },
    { monotonic: () => (now += 100) },
  );
  await expect(never).rejects.toMatchObject({ code: 409, message: expect.stringContaining('changes all the time') });
  expect(planned).toBeGreaterThan(40);
});

it('gives up soon where what is in the way stays as it is', async () => {
  await using store = createMemoryStore({ clock });
  await store.commit([put('with', 'any')]);
  let planned = 0;
  const never = commit(store, {
    plan() {
      planned++;
      return { operations: [put('c', 'absent'), put('with', 'absent')], answer: () => '' };
    },
    onConflict: () => 'read',
  });
  await expect(never).rejects.toMatchObject({ code: 409, message: expect.stringContaining('in the way') });
  expect(planned).toBe(3);
});
