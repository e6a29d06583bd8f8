// Compiled schemas

// JSON values
export { canonicalJson, contentHash } from './canonical-json.ts';
export type { CompiledSchema, SchemaOptions } from './compile-schema.ts';
export { compileSchema } from './compile-schema.ts';
export type { Decoded } from './decode.ts';
// Definitions
export { defaultCustomResourceDefinition } from './definition/default-custom-resource-definition.ts';
export { rowsOfApiResourceSchema, rowsOfCustomResourceDefinition } from './definition/rows-of-definition.ts';
export { validateApiResourceSchema } from './definition/validate-api-resource-schema.ts';
export { validateCustomResourceDefinition } from './definition/validate-custom-resource-definition.ts';
// Paths
export { compileJsonPath, JsonPathError, parseJsonPath } from './json-path.ts';
export type { JsonObject } from './json-value.ts';
export { copyJson, hasKey, isJsonObject, jsonEqual, setMember } from './json-value.ts';
export { objectMetaSchema } from './object-meta-schema.ts';
export type { SchemaCache } from './schema-cache.ts';
export { createSchemaCache } from './schema-cache.ts';
