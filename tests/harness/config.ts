/**
 * Against which installation the end-to-end tests run: one process, or three shards behind
 * front-proxies where KCP_TEST_INSTALLATION=cluster says so.
 */
export const installation: 'embedded' | 'cluster' =
  process.env['KCP_TEST_INSTALLATION'] === 'cluster' ? 'cluster' : 'embedded';

/** What random attacks are made from, where KCP_FUZZ_SEED says it. */
export const fuzzSeed: number | undefined =
  process.env['KCP_FUZZ_SEED'] === undefined ? undefined : Number(process.env['KCP_FUZZ_SEED']);

/** Where a server of a test's own says how long its turns are. */
export const turnsFolder: string | undefined = process.env['KCP_TEST_TURNS'];

/** Where a server of a test's own is made to fail. */
export const faultsFolder: string | undefined = process.env['KCP_TEST_FAULTS'];

/** What programs that tests start inherit. */
export const environment: NodeJS.ProcessEnv = process.env;

/**
 * How often each race is run: a few times with everything else, and as often as KCP_RACE_ROUNDS
 * says.
 */
export const raceRounds = Number(process.env['KCP_RACE_ROUNDS'] ?? 8);
