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
      const replay = `make test-simulation FROM=${seed} SEEDS=1`;
      expect(violations, `seed ${seed} fails; replay it with ${replay}`).toEqual([]);
      for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
    }
    // The runs are about something.
    expect(sum['commits']).toBeGreaterThan(seeds * 50);
    expect(sum['answers']).toBeGreaterThan(seeds * 50);
    if (seeds < 100) return;
    expect(sum['events']).toBeGreaterThan(seeds * 50);
    expect(sum['visits']).toBeGreaterThan(seeds * 10);
    expect(sum['gone']).toBeGreaterThan(seeds);
    expect(sum['incarnations']).toBeGreaterThan(seeds * 3);
  });

  it('replays from its seed', async () => {
    expect(await simulate(7)).toEqual(await simulate(7));
  });

  it.each(Object.keys(allRules) as (keyof Rules)[])(
    'goes wrong without the rule %s',
    { timeout: 300_000 },
    async (rule) => {
      expect(await firstFailing({ [rule]: false })).toBeDefined();
    },
  );
});
