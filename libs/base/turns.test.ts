import { stat } from 'node:fs';
import { expect, it } from 'vitest';
import { createSystemTurns, createTurns } from './turns.ts';

function manual() {
  let now = 0;
  const queued: (() => void)[] = [];
  const turns = createTurns({ clock: { monotonic: () => now }, nextTurn: (run) => void queued.push(run) });
  return {
    turns,
    advance: (ms: number) => {
      now += ms;
    },
    async turn() {
      queued.shift()?.();
      await Promise.resolve();
      await Promise.resolve();
    },
    queued,
  };
}

it('short work is never interrupted', () => {
  const { turns, advance } = manual();
  const slices = turns.begin();
  advance(7);
  expect(slices.pause()).toBeUndefined();
});

it('what was a wait and no work counts for nothing', () => {
  const { turns, advance } = manual();
  const slices = turns.begin();
  advance(1_000);
  slices.restart();
  expect(slices.pause()).toBeUndefined();
  advance(8);
  expect(slices.pause()).toBeDefined();
});

it('of many that wait each goes on in a turn of its own, in order, with a fresh slice', async () => {
  const { turns, advance, turn, queued } = manual();
  const done: number[] = [];
  const works = [0, 1, 2].map(() => turns.begin());
  advance(8);
  works.forEach((work, index) => void work.pause()?.then(() => done.push(index)));
  expect(queued).toHaveLength(1);
  await turn();
  expect(done).toEqual([0]);
  expect(works[0]?.pause()).toBeUndefined();
  await turn();
  await turn();
  expect(done).toEqual([0, 1, 2]);
  expect(queued).toHaveLength(0);
  advance(8);
  void works[1]?.pause()?.then(() => done.push(3));
  await turn();
  expect(done).toEqual([0, 1, 2, 3]);
});

it('work that input has begun goes on after the timers and the input that wait, not in the same turn', async () => {
  const turns = createSystemTurns({ monotonic: () => performance.now() });
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    // Answered where input is handled: what setImmediate is given there would run at once, before
    // any timer.
    stat('/', () => {
      const slices = turns.begin();
      setTimeout(() => order.push('another'), 0);
      for (const end = performance.now() + 20; performance.now() < end; );
      void slices.pause()?.then(() => {
        order.push('long work');
        resolve();
      });
    });
  });
  expect(order).toEqual(['another', 'long work']);
});
