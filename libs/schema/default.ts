/**
 * Structural defaulting: missing fields get the schema's default, and nulls that are not allowed
 * give way to it.
 */
import type { JsonSchema } from '@kcp-ts/api';
import type { JsonObject } from './json-value.ts';
import { copyJson, isJsonObject, setMember } from './json-value.ts';

type ApplyDefaults = (value: unknown, budget: Budget) => void;

/** How much JSON defaults may still add. */
interface Budget {
  bytes: number;
}

/** More than an object can be stored with: a default of many items may be large itself. */
const addedBytesMax = 3 * 1024 * 1024;

interface Member {
  readonly key: string;
  readonly value: Default;
  readonly nullable: boolean;
}

/** A default and the length of its JSON. */
interface Default {
  readonly value: unknown;
  readonly bytes: number;
}

function defaultOf(value: unknown): Default {
  return { value, bytes: JSON.stringify(value).length };
}

/** A copy, while there is budget. */
function take({ value, bytes }: Default, budget: Budget): unknown {
  budget.bytes -= bytes;
  return budget.bytes < 0 ? undefined : copyJson(value);
}

/** Undefined where nothing below changes. */
function compileNode(schema: JsonSchema): ApplyDefaults | undefined {
  const defaults: Member[] = [];
  const nullsRemoved: string[] = [];
  const members: [string, ApplyDefaults][] = [];
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const nullable = property.nullable === true;
    const missing = property.default === undefined || (property.default === null && !nullable);
    if (!missing) defaults.push({ key, value: defaultOf(property.default), nullable });
    else if (!nullable) nullsRemoved.push(key);
    const member = compileNode(property);
    if (member !== undefined) members.push([key, member]);
  }
  const rest =
    typeof schema.additionalProperties === 'object' ? compileRest(schema, schema.additionalProperties) : undefined;
  const items = schema.items === undefined ? undefined : compileItems(schema.items);
  if (defaults.length + nullsRemoved.length + members.length === 0 && rest === undefined && items === undefined)
    return undefined;
  return (value, budget) => {
    if (budget.bytes < 0) return;
    if (Array.isArray(value)) items?.(value, budget);
    else if (isJsonObject(value)) {
      for (const key of nullsRemoved) if (value[key] === null) delete value[key];
      for (const member of defaults) {
        const current = Object.hasOwn(value, member.key) ? value[member.key] : undefined;
        if (current === undefined || (current === null && !member.nullable))
          setDefault(value, member.key, member.value, budget);
      }
      for (const [key, apply] of members) {
        const member = value[key];
        if (typeof member === 'object' && member !== null && Object.hasOwn(value, key)) apply(member, budget);
      }
      rest?.(value, budget);
    }
  };
}

function setDefault(object: JsonObject, key: string, value: Default, budget: Budget): void {
  const copy = take(value, budget);
  if (copy !== undefined) setMember(object, key, copy);
}

function compileRest(schema: JsonSchema, additional: JsonSchema): (object: JsonObject, budget: Budget) => void {
  const known = schema.properties ?? {};
  const apply = compileNode(additional);
  const nullable = additional.nullable === true;
  const replacement = (additional.default ?? undefined) === undefined ? undefined : defaultOf(additional.default);
  return (object, budget) => {
    for (const key in object) {
      if (Object.hasOwn(known, key)) continue;
      const member = object[key];
      if (member === null) {
        if (nullable) continue;
        if (replacement === undefined) delete object[key];
        else setDefault(object, key, replacement, budget);
      } else apply?.(member, budget);
    }
  };
}

function compileItems(schema: JsonSchema): ((items: unknown[], budget: Budget) => void) | undefined {
  const apply = compileNode(schema);
  const value = schema.nullable === true ? undefined : (schema.default ?? undefined);
  const replacement = value === undefined ? undefined : defaultOf(value);
  if (apply === undefined && replacement === undefined) return undefined;
  return (items, budget) => {
    for (let index = 0; index < items.length; index++) {
      if (items[index] === null && replacement !== undefined) items[index] = take(replacement, budget) ?? null;
      apply?.(items[index], budget);
    }
  };
}

/**
 * A function that applies the defaults in place. Nulls that the schema does not allow are replaced
 * by the default or removed. It returns the length of the JSON that was added; Infinity where that
 * would have been more than an object may have: then defaults from there on are missing.
 */
export function compileDefaults(schema: JsonSchema): (object: JsonObject) => number {
  const apply = compileNode(schema);
  if (apply === undefined) return () => 0;
  return (object) => {
    const budget: Budget = { bytes: addedBytesMax };
    apply(object, budget);
    return budget.bytes < 0 ? Number.POSITIVE_INFINITY : addedBytesMax - budget.bytes;
  };
}
