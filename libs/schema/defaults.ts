/** Defaulting: missing fields get their defaults, and a null where null is not allowed but a default exists is replaced by it (KEP-1101). */
import type { JsonSchema } from '@kcp-ts/meta';
import { isObject } from './walk.ts';

type Defaulter = (value: unknown) => void;

interface FieldDefault {
  readonly name: string;
  readonly make: (() => unknown) | undefined;
  readonly nullable: boolean;
  readonly inside: Defaulter | undefined;
}

function maker(value: unknown): () => unknown {
  return typeof value === 'object' && value !== null ? () => structuredClone(value) : () => value;
}

function objectDefaulter(schema: JsonSchema): Defaulter | undefined {
  const fields: FieldDefault[] = [];
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const inside = defaulter(child);
    const make = child.default === undefined ? undefined : maker(child.default);
    if (inside !== undefined || make !== undefined) fields.push({ name, make, nullable: child.nullable === true, inside });
  }
  const others = typeof schema.additionalProperties === 'object' ? defaulter(schema.additionalProperties) : undefined;
  if (fields.length === 0 && others === undefined) return undefined;
  return (value) => {
    if (!isObject(value)) return;
    for (const { name, make, nullable, inside } of fields) {
      const now = value[name];
      if (make !== undefined && (now === undefined || (now === null && !nullable))) value[name] = make();
      inside?.(value[name]);
    }
    if (others === undefined) return;
    for (const name in value) if (schema.properties?.[name] === undefined) others(value[name]);
  };
}

function defaulter(schema: JsonSchema): Defaulter | undefined {
  if (schema.items !== undefined) {
    const items = defaulter(schema.items);
    return items === undefined ? undefined : (value) => (Array.isArray(value) ? value.forEach(items) : undefined);
  }
  return objectDefaulter(schema);
}

export function compileDefaults(schema: JsonSchema): (object: Record<string, unknown>) => void {
  return defaulter(schema) ?? (() => undefined);
}
