import { describe, expect, it } from 'vitest';
import { simulationConfig } from './config.ts';
import type { Rules } from './rules.ts';
import { allRules } from './rules.ts';
import type { Outcome } from './simulate.ts';
import { simulate } from './simulate.ts';

const { from, seeds } = simulationConfig;
/** Some rules are needed rarely: so many seeds show each of them. */
const seedsWithoutRule = 1_000;

async function firstFailing(rules: Partial<Rules>): Promise<number | undefined> {
  for (let seed = 1; seed <= seedsWithoutRule; seed++) {
    const { violations } = await simulate(seed, rules);
    if (violations.length > 0) return seed;
  }
  return undefined;
}

describe('an installation, simulated', () => {
  it(`loses, doubles and misorders nothing (${seeds} seeds from ${from})`, { timeout: 3_600_000 }, async () => {
    const sum: Record<string, number> = {};
    for (let seed = from; seed < from + seeds; seed++) {
      const { violations, ...counts }: Outcome = await simulate(seed);
      const replay = `KCP_SIMULATION_FROM=${seed} KCP_SIMULATION_SEEDS=1 make test-simulation`;
      expect(violations, `seed ${seed} fails; replay it with ${replay}`).toEqual([]);
      for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
    }
    console.log(sum);
  });

  it('replays from its seed', async () => {
    expect(await simulate(7)).toEqual(await simulate(7));
  });

  it.each(Object.keys(allRules) as (keyof Rules)[])(
    'goes wrong without the rule %s',
    { timeout: 300_000 },
    async (rule) => {
      const seed = await firstFailing({ [rule]: false });
      console.log(rule, seed);
      expect(seed).toBeDefined();
    },
  );
});
