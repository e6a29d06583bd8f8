// Rows
export { builtinRows } from './k8s/builtin-rows.ts';
export { boundRows, systemRows } from './kcp/kcp-rows.ts';
export { objectMetaSchema } from './object-meta.ts';
