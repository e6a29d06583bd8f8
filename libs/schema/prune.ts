/** Structural pruning: what the schema does not know goes, in place, and is named. */
import type { JsonSchema } from '@kcp-ts/meta';
import { childPath, fieldSchema, isObject, itemPath, preserves } from './walk.ts';

/** Takes the unknown out of a value at a path and names it; undefined where a schema can have nothing unknown in it. */
type Pruner = (value: unknown, path: string, removed: string[]) => void;

const embeddedFields = new Set(['apiVersion', 'kind', 'metadata']);

function objectPruner(schema: JsonSchema): Pruner {
  const properties = new Map(Object.entries(schema.properties ?? {}).map(([name, child]) => [name, pruner(child)]));
  const { additionalProperties } = schema;
  const others = typeof additionalProperties === 'object' ? pruner(additionalProperties) : undefined;
  const keepsOthers = preserves(schema) || additionalProperties !== undefined;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  return (value, path, removed) => {
    if (!isObject(value)) return;
    for (const name of Object.keys(value)) {
      if (properties.has(name)) properties.get(name)?.(value[name], childPath(path, name), removed);
      else if (keepsOthers) others?.(value[name], childPath(path, name), removed);
      else if (!(embedded && embeddedFields.has(name))) {
        delete value[name];
        removed.push(childPath(path, name));
      }
    }
  };
}

function pruner(schema: JsonSchema): Pruner | undefined {
  if (schema.type === 'array' || schema.items !== undefined) {
    const items = schema.items === undefined ? undefined : pruner(schema.items);
    if (items === undefined) return undefined;
    return (value, path, removed) => {
      if (Array.isArray(value)) for (const [i, item] of value.entries()) items(item, itemPath(path, i), removed);
    };
  }
  return schema.type === 'object' || schema.properties !== undefined ? objectPruner(schema) : undefined;
}

/** Compiled once; apiVersion, kind and metadata of the whole object are always kept. */
export function compilePrune(schema: JsonSchema): (object: Record<string, unknown>) => string[] {
  const root = pruner({ ...schema, type: 'object', 'x-kubernetes-embedded-resource': true });
  const kept = new Set(['apiVersion', 'kind', 'metadata']);
  return (object) => {
    const removed: string[] = [];
    const { metadata } = object;
    root?.(object, '', removed);
    // Metadata is everybody's own business: a kind's schema may restrict names there, never drop fields.
    if (metadata !== undefined && fieldSchema(schema, 'metadata') !== undefined) object['metadata'] = metadata;
    return removed.filter((path) => !kept.has(path) && !path.startsWith('metadata.')).sort();
  };
}
