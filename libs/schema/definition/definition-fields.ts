/**
 * The parts of a CustomResourceDefinition and an APIResourceSchema that they have in common, read
 * from JSON that may lack any of them.
 */
import type { JsonSchema } from '@kcp-ts/api';
import type { JsonObject } from '../json-value.ts';
import { isJsonObject } from '../json-value.ts';
import { decodedSchema } from './decoded-schema.ts';

export interface DefinitionNames {
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

export interface DefinitionVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated: boolean;
  readonly deprecationWarning: string | undefined;
  readonly schema: JsonSchema | undefined;
  readonly subresources: JsonObject | undefined;
  readonly columns: readonly JsonObject[];
  readonly selectableFields: readonly string[];
}

export function objectAt(object: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = object?.[key];
  return isJsonObject(value) ? value : undefined;
}

export function textAt(object: JsonObject | undefined, key: string): string {
  const value = object?.[key];
  return typeof value === 'string' ? value : '';
}

export function listAt(object: JsonObject | undefined, key: string): readonly unknown[] {
  const value = object?.[key];
  return Array.isArray(value) ? value : [];
}

export function textsAt(object: JsonObject | undefined, key: string): string[] {
  return listAt(object, key).filter((item) => typeof item === 'string');
}

export function namesOf(names: JsonObject | undefined): DefinitionNames {
  return {
    plural: textAt(names, 'plural'),
    singular: textAt(names, 'singular'),
    kind: textAt(names, 'kind'),
    listKind: textAt(names, 'listKind'),
    shortNames: textsAt(names, 'shortNames'),
    categories: textsAt(names, 'categories'),
  };
}

function cleanSchema(schema: JsonObject | undefined): JsonSchema | undefined {
  return schema === undefined ? undefined : (decodedSchema(schema) as JsonSchema);
}

/** `schemaOf` finds the schema, which a CRD wraps in `openAPIV3Schema`. */
export function versionsOf(
  spec: JsonObject | undefined,
  schemaOf: (version: JsonObject) => JsonObject | undefined,
): DefinitionVersion[] {
  return listAt(spec, 'versions')
    .filter(isJsonObject)
    .map((version) => ({
      name: textAt(version, 'name'),
      served: version['served'] === true,
      storage: version['storage'] === true,
      deprecated: version['deprecated'] === true,
      deprecationWarning: typeof version['deprecationWarning'] === 'string' ? version['deprecationWarning'] : undefined,
      schema: cleanSchema(schemaOf(version)),
      subresources: objectAt(version, 'subresources'),
      columns: listAt(version, 'additionalPrinterColumns').filter(isJsonObject),
      selectableFields: listAt(version, 'selectableFields')
        .filter(isJsonObject)
        .map((field) => textAt(field, 'jsonPath')),
    }));
}

export function crdVersionsOf(spec: JsonObject | undefined): DefinitionVersion[] {
  return versionsOf(spec, (version) => objectAt(objectAt(version, 'schema'), 'openAPIV3Schema'));
}

export function apiResourceSchemaVersionsOf(spec: JsonObject | undefined): DefinitionVersion[] {
  return versionsOf(spec, (version) => objectAt(version, 'schema'));
}
