import type { JsonSchema } from '@kcp-ts/api';

function each<T>(members: Readonly<Record<string, T>>, change: (member: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(members).map(([key, member]) => [key, change(member)]));
}

/**
 * A schema whose texts have no formats: built-in kinds hold bytes and times, which decoding has
 * checked, and an empty text is fine there.
 */
export function withoutFormats(schema: JsonSchema): JsonSchema {
  const { format, ...rest } = schema;
  const { properties, items, additionalProperties } = schema;
  return {
    ...rest,
    ...(format === undefined || schema.type === 'string' ? {} : { format }),
    ...(properties === undefined ? {} : { properties: each(properties, withoutFormats) }),
    ...(items === undefined ? {} : { items: withoutFormats(items) }),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: withoutFormats(additionalProperties) } : {}),
  };
}
