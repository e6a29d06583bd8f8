export type { ClusterFacts } from './cluster-facts.ts';
export { clusterFacts, logicalClusterKey } from './cluster-facts.ts';
export type { ClusterIndex, ClusterIndexNeeds, Resolution } from './cluster-index.ts';
export { createClusterIndex } from './cluster-index.ts';
export type { PathIndex, PlacedCluster, Placement } from './path-index.ts';
export { createPathIndex, pathIndexSink } from './path-index.ts';
export {
  isLogicalClusterKey,
  isWorkspaceKey,
  logicalClustersPrefix,
  projectionOf,
} from './projections.ts';
