import type { ClusterName } from '@kcp-ts/api';
import type { Decision } from '@kcp-ts/storage';
import { expect, it } from 'vitest';
import type { RemovalOutcome } from './cluster-removal.ts';
import { createRequestedRemoval } from './requested-removal.ts';

const cluster = 'one' as ClusterName;

it.each<[RemovalOutcome, unknown]>([
  [{ status: 'gone' }, { gone: true }],
  [
    { status: 'waiting', remaining: new Map([['widgets.example.io', 2]]) },
    { gone: false, message: 'Some resources are remaining: widgets.example.io has 2 resource instances' },
  ],
  [{ status: 'conflict' }, undefined],
  [{ status: 'not-owned' }, undefined],
])('answers %j with %j', async (outcome, expected) => {
  const removed: string[] = [];
  const decision = {} as Decision;
  const remove = createRequestedRemoval(
    {
      remove(by, name, last, owner) {
        expect([by, last, owner]).toEqual([decision, undefined, undefined]);
        removed.push(name);
        return Promise.resolve(outcome);
      },
    },
    () => decision,
  );
  expect(await remove(cluster)).toEqual(expected);
  expect(removed).toEqual([cluster]);
});
