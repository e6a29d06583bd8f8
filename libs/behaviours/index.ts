// kcp's own kinds
export { createApiBindingsBehaviour } from './kcp/api-bindings.ts';
export { createApiExportEndpointSlicesBehaviour } from './kcp/api-export-endpoint-slices.ts';
export { createApiExportsBehaviour } from './kcp/api-exports.ts';
export { createApiResourceSchemasBehaviour } from './kcp/api-resource-schemas.ts';
export { createLogicalClustersBehaviour } from './kcp/logicalclusters.ts';
export { createShardsBehaviour } from './kcp/shards.ts';
export { createWorkspaceTypesBehaviour } from './kcp/workspacetypes.ts';
export { createWorkspacesBehaviour } from './kcp/workspaces.ts';
