export type { Catalog, CatalogNeeds } from './catalog.ts';
export { bindingsPrefix, crdsPrefix, createCatalog } from './catalog.ts';
export type { BoundResource, Component } from './component.ts';
export type { ComponentNeeds, Components } from './components.ts';
export { boundResourcesOf, createComponents } from './components.ts';
export type { RowNeeds } from './rows-to-resources.ts';
export { resourcesOfRows } from './rows-to-resources.ts';
