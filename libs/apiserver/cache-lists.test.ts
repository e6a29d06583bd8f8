import { expect, it } from 'vitest';
import { createCacheLists } from './cache-lists.ts';

it('lists that take any state are counted by resource, and beyond a bound together', () => {
  const lists = createCacheLists();
  for (let i = 0; i < 600; i++) lists.count({ group: 'a.b', plural: `things${i}` });
  for (let i = 0; i < 2; i++) lists.count({ group: 'a.b', plural: 'things3' });
  const read = [...(lists.series.read() as Iterable<readonly [Record<string, string>, number]>)];
  expect(read).toHaveLength(501);
  expect(read).toContainEqual([{ group: 'a.b', resource: 'things3' }, 3]);
  expect(read).toContainEqual([{ group: '', resource: 'other' }, 100]);
});
