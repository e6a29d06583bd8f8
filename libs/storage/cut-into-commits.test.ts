import { expect, it } from 'vitest';
import { cutIntoCommits } from './cut-into-commits.ts';
import { createMemoryStore } from './memory/memory-store.ts';

it('cuts operations into commits by their number and by the bytes of what they replace, a large one alone', async () => {
  await using store = createMemoryStore();
  const put = (name: string, bytes: number) =>
    ({
      op: 'put',
      key: `core/configmaps/-/root/default/${name}`,
      expect: 'any',
      value: () => new Uint8Array(bytes),
    }) as const;
  const large = [put('a', 600_000), put('b', 600_000), put('c', 1_400_000), put('d', 300_000), put('e', 300_000)];
  for (const operation of large) await store.commit([operation]);
  const sizes = cutIntoCommits(store, large).map(({ length }) => length);
  expect(sizes).toEqual([1, 1, 1, 2]);
  const deletions = Array.from(
    { length: 250 },
    (_, index) => ({ op: 'delete', key: `k${index}`, expect: 'any' }) as const,
  );
  expect(cutIntoCommits(store, deletions).map(({ length }) => length)).toEqual([100, 100, 50]);
  expect(cutIntoCommits(store, [])).toEqual([]);
});
