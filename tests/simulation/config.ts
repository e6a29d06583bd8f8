/** How many seeds the simulation tries, and from which on: KCP_SIMULATION_SEEDS and KCP_SIMULATION_FROM. */
export const simulationConfig = {
  seeds: Number(process.env['KCP_SIMULATION_SEEDS'] ?? 300),
  from: Number(process.env['KCP_SIMULATION_FROM'] ?? 1),
};
