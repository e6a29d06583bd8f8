export type { CompiledSchema, CompileOptions } from './compile-schema.ts';
export { compileSchema } from './compile-schema.ts';
export type { SchemaCache } from './schema-cache.ts';
export { createSchemaCache } from './schema-cache.ts';
export type { JsonPath } from './json-path.ts';
export { compileJsonPath } from './json-path.ts';
export { rowsOfApiResourceSchema, rowsOfCustomResourceDefinition } from './definition/rows.ts';
