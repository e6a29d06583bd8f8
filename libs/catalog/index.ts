export type { Catalog, CatalogDependencies } from './catalog.ts';
export { bindingsPrefix, crdsPrefix, createCatalog } from './catalog.ts';
export type { BoundResource, Component } from './component.ts';
export type { ComponentDependencies, Components } from './components.ts';
export { boundResourcesOf, createComponents } from './components.ts';
export type { ResourceDefinitionDependencies } from './definitions-to-resources.ts';
export { resourcesOfDefinitions } from './definitions-to-resources.ts';
export type { StrategyTable } from './strategy-table.ts';
export { createStrategyTable } from './strategy-table.ts';
