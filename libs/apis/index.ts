// Rows
export { builtinRows } from './k8s/builtin-rows.ts';
export { objectMetaSchema } from './object-meta.ts';
