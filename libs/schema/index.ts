// Compiled schemas

// JSON values
export { canonicalJson, identityOf } from './canonical-json.ts';
export type { CompiledSchema } from './compile-schema.ts';
export { compileSchema } from './compile-schema.ts';
// Definitions
export type { Checking } from './definition/checking.ts';
export { checkInSlices } from './definition/checking.ts';
export { defaultCustomResourceDefinition } from './definition/default-custom-resource-definition.ts';
export {
  definitionsOfApiResourceSchema,
  definitionsOfCustomResourceDefinition,
} from './definition/resource-definitions.ts';
export { checkApiResourceSchema } from './definition/validate-api-resource-schema.ts';
export { checkCustomResourceDefinition } from './definition/validate-custom-resource-definition.ts';
// Paths
export type { JsonPath, PathSteps } from './json-path.ts';
export { compileJsonPath, JsonPathError } from './json-path.ts';
export type { JsonObject } from './json-value.ts';
export { copyJson, hasKey, isJsonObject, isNumber, jsonEqual, jsonKind, setMember } from './json-value.ts';
export { exceededBound } from './measure-json.ts';
export { objectMetaSchema } from './object-meta-schema.ts';
export type { SchemaCache } from './schema-cache.ts';
export { createSchemaCache } from './schema-cache.ts';
