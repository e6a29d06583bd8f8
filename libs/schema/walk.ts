/** What the visitors of a schema share: paths, and how a value's type is called. */
import type { JsonSchema } from '@kcp-ts/meta';

/** `spec.ports[2]`, `spec.labels[a]`: fields joined as Kubernetes' field paths print them. */
export function childPath(parent: string, name: string): string {
  return parent === '' ? name : `${parent}.${name}`;
}

export function itemPath(parent: string, index: number): string {
  return `${parent}[${index}]`;
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Go's name for the JSON type of a value. */
export function jsonType(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

export function preserves(schema: JsonSchema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true;
}

/** The schema of an object's field: a property, or what all other fields have. */
export function fieldSchema(schema: JsonSchema, name: string): JsonSchema | undefined {
  const own = schema.properties;
  if (own !== undefined && Object.hasOwn(own, name)) return own[name];
  const { additionalProperties } = schema;
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}
