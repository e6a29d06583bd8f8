import type { JsonObject } from '../json-value.ts';
import { isJsonObject, setMember } from '../json-value.ts';

/** Below this a schema is refused anyway. */
const depthMax = 300;
const schemaWords = new Set(['items', 'additionalProperties', 'not']);
const listWords = new Set(['allOf', 'anyOf', 'oneOf']);

function cleanMembers(members: JsonObject, depth: number): JsonObject {
  let copy: JsonObject | undefined;
  for (const [key, member] of Object.entries(members)) {
    const clean = isJsonObject(member) ? withoutNullWords(member, depth + 1) : member;
    if (clean === member) continue;
    copy ??= { ...members };
    setMember(copy, key, clean);
  }
  return copy ?? members;
}

function cleanWord(word: string, value: unknown, depth: number): unknown {
  if (schemaWords.has(word)) return isJsonObject(value) ? withoutNullWords(value, depth + 1) : value;
  if (word === 'properties') return isJsonObject(value) ? cleanMembers(value, depth) : value;
  if (!listWords.has(word) || !Array.isArray(value)) return value;
  const clean = value.map((child) => (isJsonObject(child) ? withoutNullWords(child, depth + 1) : child));
  return clean.every((child, index) => child === value[index]) ? value : clean;
}

/**
 * The schema without words whose value is null, which mean nothing (YAML's `description:` without a text). Defaults and enums keep their
 * nulls. The same object where there are none.
 */
export function withoutNullWords(schema: JsonObject, depth = 0): JsonObject {
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
