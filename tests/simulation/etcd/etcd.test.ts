import { describe, expect, it } from 'vitest';
import { simulationConfig } from '../config.ts';
import type { EtcdRules } from './rules.ts';
import type { EtcdOutcome } from './simulate-etcd.ts';
import { simulateEtcd } from './simulate-etcd.ts';

const { from, apiSeeds: seeds } = simulationConfig;
const seedsWithoutRule = 300;

/** What is seen to go wrong without each rule. */
const expectedWithout: Readonly<Record<keyof EtcdRules, RegExp>> = {
  majorityReads: /says that it had everything at .* and lacks/,
  confirmedKeepalives: /answered with .* what was asked after it had answered with/,
  leaving: /does not find the members that are there/,
};

async function findWithout(rule: keyof EtcdRules): Promise<string | undefined> {
  for (let seed = 1; seed <= seedsWithoutRule; seed++) {
    const { violations } = await simulateEtcd(seed, { [rule]: false });
    const found = violations.find((text) => expectedWithout[rule].test(text));
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('the replicas of a shard on an etcd of which a member is away, simulated', () => {
  it(`believe no member alone, and find the others (${seeds} seeds from ${from})`, { timeout: 3_600_000 }, async () => {
    const sum: Record<string, number> = {};
    for (let seed = from; seed < from + seeds; seed++) {
      const { violations, ...counts }: EtcdOutcome = await simulateEtcd(seed);
      expect(violations, `seed ${seed} fails; replay it with make test-simulation FROM=${seed} SEEDS=1`).toEqual([]);
      for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
    }
    if (seeds < 10) return;
    // The runs are about something.
    expect(sum['answers']).toBeGreaterThan(seeds * 100);
    expect(sum['ownerships']).toBeGreaterThan(seeds);
    expect(sum['elections']).toBeGreaterThan(seeds / 2);
  });

  it('replays from its seed', async () => {
    expect(await simulateEtcd(7)).toEqual(await simulateEtcd(7));
  });

  it.each(Object.keys(expectedWithout) as (keyof EtcdRules)[])(
    'goes wrong without the rule %s',
    { timeout: 300_000 },
    async (rule) => {
      expect(await findWithout(rule)).toBeDefined();
    },
  );
});
