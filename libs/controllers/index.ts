export type { ApiBindingNeeds } from './api-binding.ts';
export { createApiBinding } from './api-binding.ts';
export type { IdentityNeeds } from './api-export-identity.ts';
export { createApiExportIdentity, identityHashOf } from './api-export-identity.ts';
export type { BindingIndex } from './binding-index.ts';
export { createBindingIndex } from './binding-index.ts';
export type { ClusterRemoval, ClusterRemovalNeeds, RemovalOutcome } from './cluster-removal.ts';
export { createClusterRemoval, remainingMessage } from './cluster-removal.ts';
export type { AggregationNeeds } from './cluster-role-aggregation.ts';
export { createClusterRoleAggregation } from './cluster-role-aggregation.ts';
export type { DefinitionNeeds } from './custom-resource-definition.ts';
export { createCustomResourceDefinition } from './custom-resource-definition.ts';
export type { DefaultBindingsControllerNeeds } from './default-bindings.ts';
export { createDefaultBindings } from './default-bindings.ts';
export type { DefinitionLocksNeeds } from './definition-locks.ts';
export { createDefinitionLocks } from './definition-locks.ts';
export { createDeletionPropagation } from './deletion-propagation.ts';
export type { EndpointSliceNeeds } from './endpoint-slices.ts';
export { createEndpointSlices } from './endpoint-slices.ts';
export type { ExportConsumersNeeds } from './export-consumers.ts';
export { createExportConsumers, exportConsumersPrefix, parseExportConsumersKey } from './export-consumers.ts';
export type { FormerContentsNeeds } from './former-contents.ts';
export { createFormerContents } from './former-contents.ts';
export type { NamespaceContentsNeeds } from './namespace-contents.ts';
export { createNamespaceContents } from './namespace-contents.ts';
export { createNamespaceDeletion } from './namespace-deletion.ts';
export type { OrphanNeeds, Ownership } from './orphan-clusters.ts';
export { createOrphanClusters } from './orphan-clusters.ts';
export type { ClusterOrder, OtherShards } from './other-shards.ts';
export { noOtherShards } from './other-shards.ts';
export type { PartitionSetNeeds } from './partition-sets.ts';
export { createPartitionSets } from './partition-sets.ts';
export type { ReplicateMarks, ReplicateNeeds } from './replicate-annotations.ts';
export {
  createReplicateAnnotations,
  createReplicateMarks,
  isMarked,
  replicateAnnotation,
} from './replicate-annotations.ts';
export type { TokenSecretsNeeds } from './token-secrets.ts';
export { createTokenSecrets } from './token-secrets.ts';
export type { WorkspaceDeletionNeeds } from './workspace-deletion.ts';
export { createWorkspaceDeletion } from './workspace-deletion.ts';
export type { WorkspaceProgressNeeds } from './workspace-progress.ts';
export { createWorkspaceProgress } from './workspace-progress.ts';
export type { WorkspaceTypeUrlsNeeds } from './workspace-type-urls.ts';
export { createWorkspaceTypeUrls } from './workspace-type-urls.ts';
export type { ControllerNeeds } from './writer.ts';
export { eachPiece } from './writer.ts';
