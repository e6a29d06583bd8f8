export { boundExportOf } from './bound-export.ts';
export type { Catalog } from './catalog.ts';
export { createCatalog } from './catalog.ts';
export { claimedResources } from './claimed-resources.ts';
export type { Components } from './components.ts';
export { boundResourcesOf, createComponents } from './components.ts';
export type { ResourceDefinitionDependencies } from './definitions-to-resources.ts';
export { resourcesOfDefinitions } from './definitions-to-resources.ts';
export { createStrategyTable } from './strategy-table.ts';
