import { createManualClock } from '@kcp-ts/storage/contract';
import { expect, it } from 'vitest';
import { createClockMonitor } from '../clocks/clock-monitor.ts';
import { awaitClock } from './join.ts';

it('a shard does not join before its clock is right, as far as those tell who are there', async () => {
  const time = createManualClock();
  const clock = createManualClock(time.now() + 60_000);
  const peers = () => ['a', 'b'].map((name) => ({ name, read: async () => time.now() }));
  using clocks = createClockMonitor({ clock, peers });
  let pauses = 0;
  await awaitClock(clocks, async () => {
    pauses++;
    clock.step(-20_000);
  });
  expect(pauses).toBe(3);
  // The first one of an installation has nobody to ask.
  using alone = createClockMonitor({ clock: createManualClock(), peers: () => [] });
  await awaitClock(alone, () => Promise.reject(new Error('it must not wait')));
});
