// The APIExport virtual workspace
export { createApiExportWorkspace } from './apiexport/api-export-workspace.ts';
export { createExportSurfaces } from './apiexport/export-surfaces.ts';
// The APIResourceSchema virtual workspace
export { createApiResourceSchemaWorkspace } from './apiresourceschema/api-resource-schema-workspace.ts';
export { boundSchemasOf, boundSchemasSurface } from './apiresourceschema/bound-schemas.ts';
// Logical clusters
export { createTargets } from './clusters/targets.ts';
// The framework
export type { VirtualWorkspace } from './framework.ts';
