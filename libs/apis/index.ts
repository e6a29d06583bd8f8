// Rows of every kind that is built in, and the objects that are there from the start.
export { resourceSchemaObject } from './bootstrap/resource-schema-object.ts';
export type { RootExport } from './bootstrap/root-exports.ts';
export { rootExports } from './bootstrap/root-exports.ts';
export type { RootNeeds } from './bootstrap/root-objects.ts';
export { rootObjects } from './bootstrap/root-objects.ts';
export { systemAdminObjects } from './bootstrap/system-admin-objects.ts';
export { builtinRows } from './k8s/builtin-rows.ts';
export type { CellName } from './k8s/cell-names.ts';
export { cellNames } from './k8s/cell-names.ts';
export { boundRows, systemRows } from './kcp/kcp-rows.ts';
export { objectMetaSchema } from './object-meta.ts';
