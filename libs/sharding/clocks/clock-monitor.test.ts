import type { ManualClock } from '@kcp-ts/storage/contract';
import { createManualClock } from '@kcp-ts/storage/contract';
import { describe, expect, it } from 'vitest';
import type { ClockMonitor } from './clock-monitor.ts';
import { createClockMonitor } from './clock-monitor.ts';

const epochMs = Date.UTC(2026, 5, 1);

interface TestShard {
  readonly clock: ManualClock;
  readonly monitor: ClockMonitor;
  readonly reported: (string | undefined)[];
  /** What becomes of a question to it: answered when this resolves. */
  answering: () => Promise<void>;
}

/** Shards whose clocks are this much ahead of the time, in milliseconds. */
function shardsAt(...aheadMs: readonly number[]): readonly TestShard[] {
  const shards: TestShard[] = aheadMs.map((ms) => {
    const clock = createManualClock(epochMs + ms);
    const reported: (string | undefined)[] = [];
    const monitor = createClockMonitor({
      clock,
      onChange: (fault) => void reported.push(fault),
      peers: () =>
        shards.flatMap((peer, index) =>
          peer.clock === clock
            ? []
            : [
                {
                  name: `shard-${index + 1}`,
                  async read() {
                    await peer.answering();
                    return peer.clock.now();
                  },
                },
              ],
        ),
    });
    return { clock, monitor, reported, answering: () => Promise.resolve() };
  });
  return shards;
}

async function measured(shards: readonly TestShard[]): Promise<readonly boolean[]> {
  await Promise.all(shards.map(({ monitor }) => monitor.measure()));
  return serving(shards);
}

function serving(shards: readonly TestShard[]): readonly boolean[] {
  return shards.map(({ monitor }) => monitor.fault() === undefined);
}

function advance(shards: readonly TestShard[], milliseconds: number): void {
  for (const { clock } of shards) clock.advance(milliseconds);
}

describe('a shard with a clock', () => {
  it('that is half a second off the others serves, and one that is more off does not', async () => {
    expect(await measured(shardsAt(0, 490, 0))).toEqual([true, true, true]);
    expect(await measured(shardsAt(0, 520, 0))).toEqual([true, false, true]);
    expect(await measured(shardsAt(0, 0, -520))).toEqual([true, true, false]);
  });

  it('that was set wrong notices at the next request, and serves again as soon as it was set right', async () => {
    const shards = shardsAt(0, 0, 0);
    const [first] = shards as [TestShard];
    expect(await measured(shards)).toEqual([true, true, true]);
    first.clock.step(-2_000);
    expect(first.monitor.fault()).toMatch(/at least 2\.0 s behind the others/);
    expect(first.monitor.offsetMs()).toBe(-2_000);
    expect(await measured(shards)).toEqual([false, true, true]);
    first.clock.step(2_000);
    expect(first.monitor.fault()).toBeUndefined();
    expect(first.reported).toEqual([expect.stringMatching(/behind/), undefined]);
  });

  it('is asked for every three seconds', async () => {
    const shards = shardsAt(0, 0, 0);
    await measured(shards);
    const [first, second, third] = shards as [TestShard, TestShard, TestShard];
    second.clock.step(3_000);
    third.clock.step(3_000);
    expect(first.monitor.fault()).toBeUndefined();
    advance(shards, 3_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(first.monitor.fault()).toMatch(/3\.0 s behind/);
  });

  it('of two shards the one ahead stands back; of four that differ two and two, those ahead', async () => {
    expect(await measured(shardsAt(0, 10_000))).toEqual([true, false]);
    expect(await measured(shardsAt(0, -10_000))).toEqual([false, true]);
    expect(await measured(shardsAt(0, 5_000, 0, 5_000))).toEqual([true, false, true, false]);
  });

  it('of three that all differ the middle one serves', async () => {
    expect(await measured(shardsAt(-5_000, 0, 5_000))).toEqual([false, true, false]);
  });
});

describe('an answer', () => {
  it('that takes long does not make a clock look wrong', async () => {
    const shards = shardsAt(0, 0);
    for (const shard of shards)
      shard.answering = async () => {
        if (shard === shards[1]) advance(shards, 900);
      };
    expect(await measured(shards)).toEqual([true, true]);
    expect(shards[0]?.monitor.peers()).toEqual([{ name: 'shard-2', offsetMs: 0 }]);
  });

  it('that comes late shows a clock that is further off than that', async () => {
    const shards = shardsAt(0, -2_000);
    for (const shard of shards)
      shard.answering = async () => {
        if (shard === shards[1]) advance(shards, 900);
      };
    const [first] = shards as [TestShard];
    await first.monitor.measure();
    // It may have been read at once, and the answer have been under way for 900 ms.
    expect(first.monitor.peers()).toEqual([{ name: 'shard-2', offsetMs: -1_100 }]);
    expect(first.monitor.fault()).toMatch(/at least 1\.1 s ahead/);
  });

  it('during which the clock was set says nothing', async () => {
    const shards = shardsAt(0, 0);
    const [first, second] = shards as [TestShard, TestShard];
    second.answering = async () => first.clock.step(5_000);
    await first.monitor.measure();
    expect(first.monitor.peers()).toEqual([]);
  });

  it('that never comes says nothing: a shard that hangs stops nobody, and is stopped by nobody when it goes on', async () => {
    const shards = shardsAt(0, 0);
    const [first, second] = shards as [TestShard, TestShard];
    expect(await measured(shards)).toEqual([true, true]);
    second.answering = () => new Promise(() => undefined);
    for (let seconds = 0; seconds < 30; seconds++) {
      const asked = first.monitor.measure();
      advance(shards, 1_000);
      await asked;
      expect(serving(shards)).toEqual([true, true]);
    }
    second.answering = () => Promise.resolve();
    expect(await measured(shards)).toEqual([true, true]);
  });

  it('is believed for ten seconds, and after that until another one is there', async () => {
    const shards = shardsAt(0, 5_000, 5_000);
    const [first, second, third] = shards as [TestShard, TestShard, TestShard];
    expect(await measured(shards)).toEqual([false, true, true]);
    const deaf = () => new Promise<void>(() => undefined);
    second.answering = deaf;
    third.answering = deaf;
    advance(shards, 11_000);
    expect(first.monitor.fault()).toMatch(/behind/);
    third.clock.step(-5_000);
    third.answering = () => Promise.resolve();
    const asked = first.monitor.measure();
    advance(shards, 3_000);
    await asked;
    expect(first.monitor.peers()).toEqual([{ name: 'shard-3', offsetMs: 0 }]);
    expect(first.monitor.fault()).toBeUndefined();
  });
});
