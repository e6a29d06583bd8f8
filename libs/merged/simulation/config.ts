/** How many seeds the simulation of merged streams tries, and from which on: KCP_SIMULATION_SEEDS, KCP_SIMULATION_FROM. */
export const simulationConfig = {
  seeds: Number(process.env['KCP_SIMULATION_SEEDS'] ?? 300),
  from: Number(process.env['KCP_SIMULATION_FROM'] ?? 1),
};
