/**
 * How many items the lists may have that clients write into kcp's kinds. kcp sets no limit; a
 * client that reads such an object looks at each item.
 */
import type { JsonSchema, ListBound } from '@kcp-ts/api';

const itemsMax = 1_000;
/** By the list's name. */
const otherMaxima: Readonly<Record<string, number>> = {
  // What an export brings, and the objects that a claim names one by one.
  resources: 10_000,
  latestResourceSchemas: 10_000,
  resourceSelector: 10_000,
  // They are made in one commit with their workspace.
  defaultAPIBindings: 64,
};

function* boundsIn(schema: JsonSchema, path: readonly string[]): Generator<ListBound> {
  if (schema.type === 'array') {
    yield { path, max: otherMaxima[path.at(-1) ?? ''] ?? itemsMax };
    if (schema.items !== undefined) yield* boundsIn(schema.items, [...path, '[]']);
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* boundsIn(field, [...path, name]);
}

/** Of all lists of `spec`, an outer list before those in its items. */
export function listBoundsOf(schema: JsonSchema): readonly ListBound[] {
  const spec = schema.properties?.['spec'];
  return spec === undefined ? [] : [...boundsIn(spec, ['spec'])];
}
