const seeds = Number(process.env['KCP_SIMULATION_SEEDS'] ?? 200);

/**
 * How many seeds the simulation tries, and from which on: KCP_SIMULATION_SEEDS and
 * KCP_SIMULATION_FROM.
 */
export const simulationConfig = {
  seeds,
  from: Number(process.env['KCP_SIMULATION_FROM'] ?? 1),
  /** A run of whole shards takes ten times as long. */
  apiSeeds: Number(process.env['KCP_SIMULATION_API_SEEDS'] ?? Math.ceil(seeds / 10)),
};
