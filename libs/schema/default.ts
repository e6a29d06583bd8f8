/** Structural defaulting: missing fields get the schema's default, and nulls that are not allowed give way to it. */
import type { JsonSchema } from '@kcp-ts/meta';
import type { JsonObject } from './json-value.ts';
import { copyJson, isJsonObject, setMember } from './json-value.ts';

type ApplyDefaults = (value: unknown) => void;

interface Member {
  readonly key: string;
  readonly value: unknown;
  readonly nullable: boolean;
}

/** Undefined where nothing below changes. */
function compileNode(schema: JsonSchema): ApplyDefaults | undefined {
  const defaults: Member[] = [];
  const nullsRemoved: string[] = [];
  const members: [string, ApplyDefaults][] = [];
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const nullable = property.nullable === true;
    const missing = property.default === undefined || (property.default === null && !nullable);
    if (!missing) defaults.push({ key, value: property.default, nullable });
    else if (!nullable) nullsRemoved.push(key);
    const member = compileNode(property);
    if (member !== undefined) members.push([key, member]);
  }
  const rest =
    typeof schema.additionalProperties === 'object' ? compileRest(schema, schema.additionalProperties) : undefined;
  const items = schema.items === undefined ? undefined : compileItems(schema.items);
  if (defaults.length + nullsRemoved.length + members.length === 0 && rest === undefined && items === undefined)
    return undefined;
  return (value) => {
    if (Array.isArray(value)) items?.(value);
    else if (isJsonObject(value)) {
      for (const key of nullsRemoved) if (value[key] === null) delete value[key];
      for (const member of defaults) {
        const current = Object.hasOwn(value, member.key) ? value[member.key] : undefined;
        if (current === undefined || (current === null && !member.nullable))
          setMember(value, member.key, copyJson(member.value));
      }
      for (const [key, apply] of members) {
        const member = value[key];
        if (typeof member === 'object' && member !== null && Object.hasOwn(value, key)) apply(member);
      }
      rest?.(value);
    }
  };
}

function compileRest(schema: JsonSchema, additional: JsonSchema): (object: JsonObject) => void {
  const known = schema.properties ?? {};
  const apply = compileNode(additional);
  const nullable = additional.nullable === true;
  return (object) => {
    for (const key in object) {
      if (Object.hasOwn(known, key)) continue;
      const member = object[key];
      if (member === null) {
        if (nullable) continue;
        if ((additional.default ?? undefined) === undefined) delete object[key];
        else setMember(object, key, copyJson(additional.default));
      } else apply?.(member);
    }
  };
}

function compileItems(schema: JsonSchema): ((items: unknown[]) => void) | undefined {
  const apply = compileNode(schema);
  const replacement = schema.nullable === true ? undefined : (schema.default ?? undefined);
  if (apply === undefined && replacement === undefined) return undefined;
  return (items) => {
    for (let index = 0; index < items.length; index++) {
      if (items[index] === null && replacement !== undefined) items[index] = copyJson(replacement);
      apply?.(items[index]);
    }
  };
}

/** A function that applies the defaults in place. Nulls that the schema does not allow are replaced by the default or removed. */
export function compileDefaults(schema: JsonSchema): (object: JsonObject) => void {
  return compileNode(schema) ?? (() => {});
}
