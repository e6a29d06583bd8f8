import { describe, expect, it } from 'vitest';
import { simulationConfig } from './config.ts';
import type { Rules } from './rules.ts';
import { allRules } from './rules.ts';
import { simulate } from './simulate.ts';

const { from, seeds } = simulationConfig;
/** Some rules are needed rarely: a thousand seeds show each of them. */
const seedsWithoutRule = 1_000;

async function firstFailing(rules: Partial<Rules>): Promise<number | undefined> {
  for (let seed = 1; seed <= seedsWithoutRule; seed++) {
    const { violations } = await simulate(seed, rules);
    if (violations.length > 0) return seed;
  }
  return undefined;
}

describe('merged streams, simulated', () => {
  it(`show every event once and in order, or say 410 (${seeds} seeds from ${from})`, { timeout: 600_000 }, async () => {
    const sum = { commits: 0, events: 0, gone: 0 };
    for (let seed = from; seed < from + seeds; seed++) {
      const { violations, commits, events, gone } = await simulate(seed);
      const replay = `KCP_SIMULATION_FROM=${seed} KCP_SIMULATION_SEEDS=1`;
      expect(violations, `seed ${seed} fails; replay it with ${replay}`).toEqual([]);
      sum.commits += commits;
      sum.events += events;
      sum.gone += gone;
    }
    // The runs are about something.
    expect(sum.commits).toBeGreaterThan(seeds * 50);
    expect(sum.events).toBeGreaterThan(sum.commits);
    if (seeds >= 100) expect(sum.gone).toBeGreaterThan(seeds);
  });

  it('replay from their seed', async () => {
    expect(await simulate(7)).toEqual(await simulate(7));
    expect(await simulate(7, { largestOfAll: false })).toEqual(await simulate(7, { largestOfAll: false }));
  });

  it.each(Object.keys(allRules) as (keyof Rules)[])(
    'go wrong without the rule %s',
    { timeout: 120_000 },
    async (rule) => {
      expect(await firstFailing({ [rule]: false })).toBeDefined();
    },
  );
});
