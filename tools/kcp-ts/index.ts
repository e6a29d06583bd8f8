export type { Cluster, ClusterOptions, ClusterPart } from './cluster/cluster.ts';
export { logPath, startCluster } from './cluster/cluster.ts';
