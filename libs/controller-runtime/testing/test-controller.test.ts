import { expect, it } from 'vitest';
import type { Controller } from '../controller.ts';
import { commit, nothing, wait } from '../outcome.ts';
import type { TestEnvironment } from './test-controller.ts';
import { testController } from './test-controller.ts';

const key = (name: string) => `core/configmaps/-/root/default/${name}`;

/** Deletes ConfigMaps that are marked once a minute has passed since it saw them first. */
function createReaper({ clock }: TestEnvironment): Controller {
  const seen = new Map<string, number>();
  return {
    name: 'reaper',
    watches: [{ prefix: 'core/configmaps/-/', initial: (entry) => [entry.key], keys: ({ event }) => [event.key] }],
    reconcile(key, decision) {
      const entry = decision.peek(key);
      if (entry === undefined) return nothing;
      const since = seen.get(key) ?? clock.monotonic();
      seen.set(key, since);
      const left = since + 60_000 - clock.monotonic();
      return left > 0 ? wait(left, 'young') : commit([{ op: 'delete', key, expect: entry.revision }]);
    },
  };
}

it('starts with the objects that are there, and tells what was reconciled and what waits', async () => {
  await using test = await testController(createReaper, { [key('a')]: {}, [key('b')]: { metadata: {} } });
  expect(test.reconciled()).toEqual([key('a'), key('b')]);
  expect(test.reconciled()).toEqual([]);
  expect(test.delayed()).toEqual({ [key('a')]: 'young', [key('b')]: 'young' });
  await test.put(key('c'), {});
  expect(test.reconciled()).toEqual([key('c')]);
  expect(test.keys('core/')).toEqual([key('a'), key('b'), key('c')]);
});

it('lets time go by, and has what waits for it done when it resolves', async () => {
  await using test = await testController(createReaper, { [key('a')]: {} });
  await test.advance(30_000);
  await test.put(key('b'), { metadata: {} });
  await test.advance(30_000);
  expect(test.get(key('a'))).toBeUndefined();
  expect(test.get(key('b'))).toEqual({ metadata: {} });
  await test.delete(key('b'));
  expect([test.keys(''), test.delayed()]).toEqual([[], {}]);
});

it('rejects where a controller reconciles what it has committed itself, without end', async () => {
  const create = (): Controller => ({
    name: 'restless',
    watches: [{ prefix: 'core/configmaps/-/', keys: ({ event }) => [event.key] }],
    reconcile: (key) => commit([{ op: 'put', key, expect: 'any', value: () => new Uint8Array(9) }]),
  });
  await using test = await testController(create);
  await expect(test.put(key('a'), {})).rejects.toThrow(`restless reconciles ${key('a')} again and again`);
});

it('rejects with what a reconcile throws', async () => {
  const create = (): Controller => ({
    name: 'broken',
    watches: [{ prefix: 'core/configmaps/-/', keys: ({ event }) => [event.key] }],
    reconcile: (key) => Promise.reject(new Error(`cannot reconcile ${key}`)),
  });
  await using test = await testController(create);
  await expect(test.put(key('a'), {})).rejects.toThrow(`cannot reconcile ${key('a')}`);
  expect(test.delayed()).toEqual({ [key('a')]: 'failed' });
  await expect(test.advance(60)).rejects.toThrow('cannot reconcile');
});
