import { describe, expect, it } from 'vitest';
import { simulationConfig } from '../config.ts';
import type { ApiRules } from './rules.ts';
import type { ApiOutcome } from './simulate-apis.ts';
import { simulateApis } from './simulate-apis.ts';

const { from, apiSeeds } = simulationConfig;
const seedsWithoutRule = 100;

/** What is seen to go wrong without each rule. */
const expectedWithout: Readonly<Record<keyof ApiRules, RegExp>> = {
  claimsAsOf: /\(claimed\): .* was shown as/,
  boundAsOf: /\(exported\): .* was shown as undefined, and is/,
  relabel: /\(claimed\): at the end .* is held at undefined/,
  decisions: /b0 and b1 of .* have widgets/,
  closedClusters: /was made at .* in a cluster that goes/,
  clusterLast: /logicalclusters.* was removed at .* while .* others were there/,
};

async function findWithout(rule: keyof ApiRules): Promise<string | undefined> {
  for (let seed = 1; seed <= seedsWithoutRule; seed++) {
    const { violations } = await simulateApis(seed, { [rule]: false });
    const found = violations.find((text) => expectedWithout[rule].test(text));
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('bindings, claims and clusters, simulated on whole shards', () => {
  it(`show exactly what is granted, and leave nothing behind (${apiSeeds} seeds from ${from})`, {
    timeout: 3_600_000,
  }, async () => {
    const sum: Record<string, number> = {};
    for (let seed = from; seed < from + apiSeeds; seed++) {
      const { violations, ...counts }: ApiOutcome = await simulateApis(seed);
      const replay = `make test-simulation FROM=${seed} SEEDS=1`;
      expect(violations, `seed ${seed} fails; replay it with ${replay}`).toEqual([]);
      for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
    }
    if (apiSeeds < 10) return;
    // The runs are about something.
    expect(sum['writes']).toBeGreaterThan(apiSeeds * 200);
    expect(sum['events']).toBeGreaterThan(apiSeeds * 50);
    expect(sum['unbound']).toBeGreaterThan(apiSeeds * 5);
    expect(sum['removed']).toBeGreaterThan(apiSeeds);
    expect(sum['gone']).toBeGreaterThan(apiSeeds / 2);
    expect(sum['incarnations']).toBeGreaterThan(apiSeeds * 2);
  });

  it('replays from its seed', async () => {
    expect(await simulateApis(7)).toEqual(await simulateApis(7));
  });

  it.each(Object.keys(expectedWithout) as (keyof ApiRules)[])(
    'goes wrong without the rule %s',
    { timeout: 300_000 },
    async (rule) => {
      expect(await findWithout(rule)).toBeDefined();
    },
  );
});
