// The APIExport virtual workspace
export { createApiExportWorkspace } from './apiexport/api-export-workspace.ts';
export { createExportSurfaces } from './apiexport/export-surfaces.ts';
// The APIResourceSchema virtual workspace
export { createApiResourceSchemaWorkspace } from './apiresourceschema/api-resource-schema-workspace.ts';
// Logical clusters
export type { Targets } from './clusters/targets.ts';
export { createTargets } from './clusters/targets.ts';
// The framework
export type { VirtualWorkspaces } from './framework.ts';
