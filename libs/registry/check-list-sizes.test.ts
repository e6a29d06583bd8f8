import type { KubeObject, ListBound, ResourceDefinition } from '@kcp-ts/api';
import { expect, it } from 'vitest';
import { checkListSizes } from './check-list-sizes.ts';

const bounds: readonly ListBound[] = [
  { path: ['spec', 'list'], max: 2 },
  { path: ['spec', 'list', '[]', 'values'], max: 1 },
];

function check(spec: unknown, listBounds: readonly ListBound[] | undefined = bounds): string {
  const object = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'one' }, spec } as KubeObject;
  try {
    checkListSizes(
      { group: 'x.io', kind: 'Thing', plural: 'things', listBounds } as unknown as ResourceDefinition,
      object,
    );
    return '';
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

it('a list is as long as its bound at most, also in items of another', () => {
  expect(check({ list: [{ values: ['a'] }, {}] })).toBe('');
  expect(check({ list: [{}, {}, {}] })).toBe(
    'Thing.x.io "one" is invalid: spec.list: Too many: 3: must have at most 2 items',
  );
  expect(check({ list: [{}, { values: ['a', 'b'] }] })).toBe(
    'Thing.x.io "one" is invalid: spec.list[1].values: Too many: 2: must have at most 1 items',
  );
});

it('what is no list, or has no bound, is left to others', () => {
  for (const spec of [
    undefined,
    null,
    'x',
    [],
    { list: 'xyz' },
    { list: { length: 5 } },
    { list: [1, { values: 'ab' }] },
  ])
    expect(check(spec)).toBe('');
  expect(check({ list: [1, 2, 3] }, [])).toBe('');
});
