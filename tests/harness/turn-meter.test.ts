import { expect, it } from 'vitest';
import { createTurnMeter } from './turn-meter.ts';

it('the longest turn is the longest time between two looks, without what the thread waited for a processor', async () => {
  const turns = [
    { took: 5, waited: 0 },
    { took: 300, waited: 270 },
    { took: 120, waited: 10 },
    { took: 1, waited: 0 },
  ];
  let at = { now: 1_000, waited: 7 };
  let looks = 0;
  const seen = Promise.withResolvers<void>();
  using meter = createTurnMeter({
    now() {
      const turn = looks === 0 ? undefined : turns[looks - 1];
      at = { now: at.now + (turn?.took ?? 0), waited: at.waited + (turn?.waited ?? 0) };
      if (++looks > turns.length) seen.resolve();
      return at.now;
    },
    waited: () => at.waited,
  });
  await seen.promise;
  expect(meter.longest()).toBe(110);
  expect(meter.longest()).toBe(0);
});
