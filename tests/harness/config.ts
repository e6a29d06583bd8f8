/** Against which installation the end-to-end tests run: one process, or three shards behind front-proxies where KCP_TEST_INSTALLATION=cluster says so. */
export const installation: 'embedded' | 'cluster' =
  process.env['KCP_TEST_INSTALLATION'] === 'cluster' ? 'cluster' : 'embedded';

/** What random attacks are made from, where KCP_FUZZ_SEED says it. */
export const fuzzSeed: number | undefined =
  process.env['KCP_FUZZ_SEED'] === undefined ? undefined : Number(process.env['KCP_FUZZ_SEED']);

/** How often each race is run: a few times with everything else, and as often as KCP_RACE_ROUNDS says. */
export const raceRounds = Number(process.env['KCP_RACE_ROUNDS'] ?? 8);
