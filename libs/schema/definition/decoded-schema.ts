import type { JsonObject } from '../json-value.ts';
import { isJsonObject, setMember } from '../json-value.ts';

/** Below this a schema is refused anyway. */
const depthMax = 300;
const schemaWords = new Set(['items', 'additionalProperties', 'not']);
const listWords = new Set(['allOf', 'anyOf', 'oneOf']);
/** Floats in Go's type. */
const floatWords = new Set(['minimum', 'maximum', 'multipleOf']);

function cleanMembers(members: JsonObject, depth: number): JsonObject {
  let copy: JsonObject | undefined;
  for (const [key, member] of Object.entries(members)) {
    const clean = isJsonObject(member) ? decodedSchema(member, depth + 1) : member;
    if (clean === member) continue;
    copy ??= { ...members };
    setMember(copy, key, clean);
  }
  return copy ?? members;
}

function cleanWord(word: string, value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return floatWords.has(word) ? Number(value) : value;
  if (schemaWords.has(word)) return isJsonObject(value) ? decodedSchema(value, depth + 1) : value;
  if (word === 'properties') return isJsonObject(value) ? cleanMembers(value, depth) : value;
  if (!listWords.has(word) || !Array.isArray(value)) return value;
  const clean = value.map((child) => (isJsonObject(child) ? decodedSchema(child, depth + 1) : child));
  return clean.every((child, index) => child === value[index]) ? value : clean;
}

/**
 * A client's schema as Go's types hold it: without words whose value is null, which mean nothing
 * (YAML's `description:` without a text), and with bounds of numbers as floats. Defaults and enums
 * keep their nulls and exact integers. The same object where nothing changes.
 */
export function decodedSchema(schema: JsonObject, depth = 0): JsonObject {
  if (depth > depthMax) return schema;
  let copy: JsonObject | undefined;
  for (const [word, value] of Object.entries(schema)) {
    const clean = value === null ? undefined : cleanWord(word, value, depth);
    if (clean === value) continue;
    copy ??= { ...schema };
    if (clean === undefined) delete copy[word];
    else copy[word] = clean;
  }
  return copy ?? schema;
}
