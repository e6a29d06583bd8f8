// The APIExport virtual workspace
export type { ExportViewDependencies } from './apiexport/api-export-view.ts';
export type { ApiExportWorkspaceDependencies } from './apiexport/api-export-workspace.ts';
export { createApiExportWorkspace } from './apiexport/api-export-workspace.ts';
export { createExportSurfaces } from './apiexport/export-surfaces.ts';
export type { ExportedResourcesDependencies } from './apiexport/exported-resources.ts';
export { resourcesOfIdentity } from './apiexport/exported-resources.ts';
// The APIResourceSchema virtual workspace
export {
  boundSchemaVerbs,
  createApiResourceSchemaWorkspace,
} from './apiresourceschema/api-resource-schema-workspace.ts';
// The framework
export type { VirtualWorkspace } from './framework.ts';
export { locateVirtual, servicesPrefix } from './framework.ts';
