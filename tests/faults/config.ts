/** How long the fault tests go on: short in `make test`, longer where KCP_FAULT_ROUNDS says so. */
const shortRounds = 2;
const rounds = Number(process.env['KCP_FAULT_ROUNDS'] ?? shortRounds);
const seeds = 1_000_000;
const seed = Number(process.env['KCP_FAULT_SEED'] ?? Math.floor(Math.random() * seeds));

export const faults = {
  /** Chooses the faults of the short form. */
  seed,
  /** How often a server is killed and started again. */
  rounds,
  /** Up to here only the faults of the short form are tried. */
  shortRounds,
  /** Acknowledged writes before each kill. */
  writes: 400,
  timeoutMs: 30_000 + rounds * 10_000,
} as const;
