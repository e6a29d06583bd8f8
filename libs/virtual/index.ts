export type { ExportScopeNeeds, ExportTarget } from './api-export-scope.ts';
export { createExportScope } from './api-export-scope.ts';
export type { ExportSurfaceNeeds } from './api-export-surface.ts';
export { exportSurface } from './api-export-surface.ts';
