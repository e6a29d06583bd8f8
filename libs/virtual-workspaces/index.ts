export type { ExportScopeDependencies, ExportTarget } from './apiexport/api-export-scope.ts';
export { createExportScope } from './apiexport/api-export-scope.ts';
export type { ExportSurface, ExportSurfaceDependencies, Grounds } from './apiexport/api-export-surface.ts';
export type { ExportSurfaces } from './apiexport/export-surfaces.ts';
export { createExportSurfaces } from './apiexport/export-surfaces.ts';
export type { ExportedResourcesDependencies } from './apiexport/exported-resources.ts';
export { resourcesOfIdentity } from './apiexport/exported-resources.ts';
