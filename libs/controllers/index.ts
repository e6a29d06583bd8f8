export type { ApiBindingDependencies } from './api-binding.ts';
export { createApiBinding } from './api-binding.ts';
export type { IdentityDependencies } from './api-export-identity.ts';
export { createApiExportIdentity, identityHashOf } from './api-export-identity.ts';
export type { BindingIndex } from './binding-index.ts';
export { createBindingIndex } from './binding-index.ts';
export type { ClusterRemoval, ClusterRemovalDependencies, RemovalOutcome } from './cluster-removal.ts';
export { createClusterRemoval, remainingMessage } from './cluster-removal.ts';
export type { AggregationDependencies } from './cluster-role-aggregation.ts';
export { createClusterRoleAggregation } from './cluster-role-aggregation.ts';
export type { DefinitionDependencies } from './custom-resource-definition.ts';
export { createCustomResourceDefinition } from './custom-resource-definition.ts';
export type { DefaultBindingsControllerDependencies } from './default-bindings.ts';
export { createDefaultBindings } from './default-bindings.ts';
export type { DefinitionLocksDependencies } from './definition-locks.ts';
export { createDefinitionLocks } from './definition-locks.ts';
export { createDeletionPropagation } from './deletion-propagation.ts';
export type { EndpointSliceDependencies } from './endpoint-slices.ts';
export { createEndpointSlices } from './endpoint-slices.ts';
export type { ExportConsumersDependencies } from './export-consumers.ts';
export { createExportConsumers, exportConsumersPrefix, shardsOfConsumers } from './export-consumers.ts';
export type { FormerContentsDependencies } from './former-contents.ts';
export { createFormerContents } from './former-contents.ts';
export type { NamespaceContentsDependencies } from './namespace-contents.ts';
export { createNamespaceContents } from './namespace-contents.ts';
export { createNamespaceDeletion } from './namespace-deletion.ts';
export type { OrphanDependencies, Ownership } from './orphan-clusters.ts';
export { createOrphanClusters } from './orphan-clusters.ts';
export type { PartitionSetDependencies } from './partition-sets.ts';
export { createPartitionSets } from './partition-sets.ts';
export type { ReplicateDependencies, ReplicateMarks } from './replicate-annotations.ts';
export {
  createReplicateAnnotations,
  createReplicateMarks,
  isMarked,
  replicateAnnotation,
} from './replicate-annotations.ts';
export type { TokenSecretsDependencies } from './token-secrets.ts';
export { createTokenSecrets } from './token-secrets.ts';
export type { WorkspaceDeletionDependencies } from './workspace-deletion.ts';
export { createWorkspaceDeletion } from './workspace-deletion.ts';
export type { WorkspaceProgressDependencies } from './workspace-progress.ts';
export { createWorkspaceProgress } from './workspace-progress.ts';
export type { WorkspaceTypeUrlsDependencies } from './workspace-type-urls.ts';
export { createWorkspaceTypeUrls } from './workspace-type-urls.ts';
export type { ControllerDependencies } from './writer.ts';
