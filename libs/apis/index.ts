// Definitions of every kind that is built in, and the objects that are there from the start.
export { resourceSchemaObject } from './bootstrap/resource-schema-object.ts';
export type { RootExport } from './bootstrap/root-exports.ts';
export { rootExports } from './bootstrap/root-exports.ts';
export type { RootDependencies } from './bootstrap/root-objects.ts';
export { rootObjects } from './bootstrap/root-objects.ts';
export { systemAdminObjects } from './bootstrap/system-admin-objects.ts';
export { builtinDefinitions } from './k8s/builtin-definitions.ts';
export type { CellName } from './k8s/cell-names.ts';
export { cellNames } from './k8s/cell-names.ts';
export { boundDefinitions, systemDefinitions } from './kcp/kcp-definitions.ts';
export { objectMetaSchema } from './object-meta.ts';
