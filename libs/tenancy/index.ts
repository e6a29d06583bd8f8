// Root, and its bootstrap
export { bootstrap } from './bootstrap/bootstrap.ts';
export { resourceSchemaObject } from './bootstrap/objects/resource-schema-object.ts';
export { rootObjects } from './bootstrap/objects/root-objects.ts';
export { systemAdminObjects } from './bootstrap/objects/system-admin-objects.ts';
// Logical clusters, and the making of workspaces
export { createClusterDecision, takesContent } from './cluster-decision.ts';
export type { DefaultBinding } from './default-bindings.ts';
export { acceptedClaims, defaultBindingObject, defaultBindingsOf } from './default-bindings.ts';
export { forgetDeletedClusters } from './forget-deleted-clusters.ts';
export { createHomeWorkspaces } from './home-workspaces.ts';
export type { NewObject } from './initial-objects.ts';
export { namespaceContent, namespaceObjects } from './initial-objects.ts';
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
export type { MadeCluster, PlanDependencies, WorkspacePlan } from './plan-workspace.ts';
export { initializersExist, phaseLabels, planCluster, planWorkspace, settleWorkspace } from './plan-workspace.ts';
export type { RootExport } from './root-exports.ts';
export type { RootIdentities } from './root-identities.ts';
export { rootIdentitiesIn } from './root-identities.ts';
export { rootPrefixesOf } from './root-prefixes.ts';
export type { RootResources } from './root-resources.ts';
export { createRootResources, rootDefinitionsOf } from './root-resources.ts';
// Requests between shards
export type { ClusterDeletion, ClusterRequest, ShardRequests } from './shard-requests.ts';
export { noOtherShards } from './shard-requests.ts';
export type { KnownCluster, Tenancy } from './tenancy.ts';
export { createTenancy } from './tenancy.ts';
// Kinds and their names
export type { LogicalCluster, Shard, Workspace, WorkspaceType } from './types.ts';
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
  workspaceFinalizer,
} from './types.ts';
// Types of workspaces
export type { ResolvedType, WorkspaceTypes } from './workspace-types.ts';
export { createWorkspaceTypes, lifecycleId, parentChildProblem, parseTypeName, typeName } from './workspace-types.ts';
