import type { JsonSchema } from '@kcp-ts/api';

export interface GroupVersionKind {
  readonly group: string;
  readonly kind: string;
  readonly version: string;
}

/**
 * A schema that may point to a definition by name; each OpenAPI version writes the pointer in its
 * own way.
 */
export interface OpenApiSchema extends Omit<JsonSchema, 'properties' | 'items' | 'additionalProperties' | 'oneOf'> {
  readonly definition?: string;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema | boolean;
  readonly oneOf?: readonly OpenApiSchema[];
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
}

/** Named schemas. */
export type Definitions = ReadonlyMap<string, OpenApiSchema>;

/** The names that a schema points to. */
export function definitionsIn(schema: OpenApiSchema, found: Set<string>): void {
  if (schema.definition !== undefined) found.add(schema.definition);
  if (schema.items !== undefined) definitionsIn(schema.items, found);
  if (typeof schema.additionalProperties === 'object') definitionsIn(schema.additionalProperties, found);
  for (const property of Object.values(schema.properties ?? {})) definitionsIn(property, found);
}
