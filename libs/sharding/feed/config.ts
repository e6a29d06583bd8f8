/**
 * How many seeds the test of feeds tries, and which is the first: KCP_SIMULATION_SEEDS and
 * KCP_SIMULATION_FROM.
 */
export const feedSeeds = {
  count: Math.min(Number(process.env['KCP_SIMULATION_SEEDS'] ?? 150), 20_000),
  from: Number(process.env['KCP_SIMULATION_FROM'] ?? 1),
} as const;
