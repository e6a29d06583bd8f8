// Kinds and their names

export { bootstrap } from './bootstrap/bootstrap.ts';
export type { KnownIdentities } from './bootstrap/bootstrap-dependencies.ts';
export { resourceSchemaObject } from './bootstrap/objects/resource-schema-object.ts';
export { rootObjects } from './bootstrap/objects/root-objects.ts';
export { systemAdminObjects } from './bootstrap/objects/system-admin-objects.ts';
export { createClusterDecision, takesContent } from './cluster-decision.ts';
export type { DefaultBinding, DefaultBindingsDependencies } from './default-bindings.ts';
export { acceptedClaims, defaultBindingObject, defaultBindingsOf, planBindings } from './default-bindings.ts';
export { forgetDeletedClusters } from './forget-deleted-clusters.ts';
export { createHomeWorkspaces } from './home-workspaces.ts';
// Making workspaces
export type { NewObject } from './initial-objects.ts';
export { initialObjects, namespaceContent, namespaceObjects } from './initial-objects.ts';
export {
  isLogicalClusterKey,
  logicalClusterKey,
  logicalClustersPrefix,
  storedLogicalClusterKey,
} from './logical-cluster-key.ts';
export type { PathReference } from './meant-clusters.ts';
export { newReferences, recordMeantClusters } from './meant-clusters.ts';
export type { NewOperationDependencies } from './new-operations.ts';
export { createOperation } from './new-operations.ts';
export type { ClusterPlan, MadeCluster, PlanDependencies, PlannedCluster, WorkspacePlan } from './plan-workspace.ts';
export { initializersExist, phaseLabels, planCluster, planWorkspace, settleWorkspace } from './plan-workspace.ts';
export type { RootExport } from './root-exports.ts';
export type { RootIdentities } from './root-identities.ts';
export { rootIdentitiesIn } from './root-identities.ts';
export { createRootResources, rootDefinitionsOf } from './root-resources.ts';
export type { Placing } from './schedule.ts';
export { chooseShard, noShardMessage, schedulableShards } from './schedule.ts';
// Requests between shards
export type { ClusterDeletion, ClusterRequest, ShardRequests } from './shard-requests.ts';
export { noOtherShards } from './shard-requests.ts';
export type { Tenancy } from './tenancy.ts';
export { createTenancy } from './tenancy.ts';
export type { LogicalCluster, Shard, TypeReference, Workspace, WorkspaceType } from './types.ts';
export {
  bindingsInitializer,
  clusterNameAnnotation,
  lifecycleAnnotation,
  logicalClusterFinalizer,
  meantClustersAnnotation,
  ownerAnnotation,
  pathAnnotation,
  phaseLabel,
  requiredGroupsAnnotation,
  shardAnnotation,
  shardHashAnnotation,
  terminatorsFinalizer,
  typeAnnotation,
  typeClusterAnnotation,
  unschedulableAnnotation,
  workspaceFinalizer,
} from './types.ts';
// Types
export type { ResolvedType, TypeDependencies, WorkspaceTypes } from './workspace-types.ts';
export { createWorkspaceTypes, lifecycleId, parentChildProblem, parseTypeName, typeName } from './workspace-types.ts';
