export type { ExportScopeNeeds, ExportTarget } from './api-export-scope.ts';
export { createExportScope } from './api-export-scope.ts';
export type { ExportSurface, ExportSurfaceNeeds, Grounds } from './api-export-surface.ts';
export type { ExportSurfaces } from './export-surfaces.ts';
export { createExportSurfaces } from './export-surfaces.ts';
export type { ExportedResourcesNeeds } from './exported-resources.ts';
export { resourcesOfIdentity } from './exported-resources.ts';
