// kcp's own kinds

// Versions
export { conversionOf } from './conversions/conversion-of.ts';
// Kubernetes' kinds
export { createCertificateSigningRequestsBehaviour } from './k8s/certificate-signing-requests.ts';
export { createConfigMapsBehaviour } from './k8s/configmaps.ts';
export { createCustomResourceDefinitionsBehaviour } from './k8s/custom-resource-definitions.ts';
export { createEventsBehaviour } from './k8s/events.ts';
export { createLeasesBehaviour } from './k8s/leases.ts';
export { createLimitRangesBehaviour } from './k8s/limit-ranges.ts';
export { createNamespacesBehaviour } from './k8s/namespaces.ts';
export { createRoleBindingsBehaviour, createRolesBehaviour } from './k8s/rbac.ts';
export { createResourceQuotasBehaviour } from './k8s/resource-quotas.ts';
export { createSecretsBehaviour } from './k8s/secrets.ts';
export { createServiceAccountsBehaviour } from './k8s/service-accounts.ts';
export { createWebhookConfigurationsBehaviour } from './k8s/webhook-configurations.ts';
export { createApiBindingsBehaviour } from './kcp/api-bindings.ts';
export { createApiExportEndpointSlicesBehaviour } from './kcp/api-export-endpoint-slices.ts';
export { createApiExportsBehaviour } from './kcp/api-exports.ts';
export { createApiResourceSchemasBehaviour } from './kcp/api-resource-schemas.ts';
export { createLogicalClustersBehaviour } from './kcp/logicalclusters.ts';
export { createPartitionSetsBehaviour } from './kcp/partition-sets.ts';
export type { ServerOwnedMetadata } from './kcp/server-owned-metadata.ts';
export { keepServerOwnedMetadata, serverOwnedMetadata } from './kcp/server-owned-metadata.ts';
export { createShardsBehaviour } from './kcp/shards.ts';
export { createWorkspacesBehaviour } from './kcp/workspaces.ts';
export { createWorkspaceTypesBehaviour } from './kcp/workspacetypes.ts';
