/** What the tests take from the environment. `KCP_TS_FAULTS=long` runs the fault tests for minutes instead of seconds. */
const long = process.env['KCP_TS_FAULTS'] === 'long';

export const faults = {
  /** How often a server is killed and started again. */
  rounds: long ? 20 : 2,
  /** Acknowledged writes before each kill. */
  writes: long ? 5_000 : 400,
  timeoutMs: long ? 600_000 : 30_000,
} as const;
