export type { Cluster, ClusterOptions, ClusterPart } from './cluster/cluster.ts';
export { startCluster } from './cluster/cluster.ts';
export type { Wiring } from './cluster/commands.ts';
export type { Layout, Part } from './cluster/layout.ts';
export { services } from './services.ts';
