// kcp's own kinds

// Versions
export { conversionOf } from './conversions/conversion-of.ts';
// Kubernetes' kinds
export { createCertificateSigningRequestsStrategy } from './k8s/certificate-signing-requests.ts';
export { createConfigMapsStrategy } from './k8s/configmaps.ts';
export { createCustomResourceDefinitionsStrategy } from './k8s/custom-resource-definitions.ts';
export { createEventsStrategy } from './k8s/events.ts';
export { createLeasesStrategy } from './k8s/leases.ts';
export { createLimitRangesStrategy } from './k8s/limit-ranges.ts';
export { createNamespacesStrategy } from './k8s/namespaces.ts';
export { createRoleBindingsStrategy, createRolesStrategy } from './k8s/rbac.ts';
export { createResourceQuotasStrategy } from './k8s/resource-quotas.ts';
export { createSecretsStrategy } from './k8s/secrets.ts';
export { createServiceAccountsStrategy } from './k8s/service-accounts.ts';
export { createWebhookConfigurationsStrategy } from './k8s/webhook-configurations.ts';
export { createApiBindingsStrategy } from './kcp/api-bindings.ts';
export { createApiExportEndpointSlicesStrategy } from './kcp/api-export-endpoint-slices.ts';
export { createApiExportsStrategy } from './kcp/api-exports.ts';
export { createApiResourceSchemasStrategy } from './kcp/api-resource-schemas.ts';
export { createLogicalClustersStrategy } from './kcp/logicalclusters.ts';
export { createPartitionSetsStrategy } from './kcp/partition-sets.ts';
export { createShardsStrategy } from './kcp/shards.ts';
export { createWorkspacesStrategy } from './kcp/workspaces.ts';
export { createWorkspaceTypesStrategy } from './kcp/workspacetypes.ts';
