/** Lists of type `set` and `map` hold no item twice. */
import type { FieldError, JsonSchema } from '@kcp-ts/meta';
import { duplicateValue, invalidValue } from '@kcp-ts/meta';
import { canonicalJson } from './canonical-json.ts';
import type { JsonObject } from './json-value.ts';
import { hasKey, isJsonObject } from './json-value.ts';

type CheckLists = (value: unknown, path: string, errors: FieldError[]) => void;

function checkSet(items: readonly unknown[], path: string, errors: FieldError[]): void {
  const seen = new Set<string>();
  items.forEach((item, index) => {
    const text = canonicalJson(item);
    if (seen.has(text)) errors.push(duplicateValue(`${path}[${index}]`, item));
    seen.add(text);
  });
}

function checkMap(keys: readonly string[], items: readonly unknown[], path: string, errors: FieldError[]): void {
  const seen = new Set<string>();
  items.forEach((item, index) => {
    const field = `${path}[${index}]`;
    if (!isJsonObject(item)) {
      errors.push(invalidValue(field, item, 'must be an object for an array of list-type map'));
      return;
    }
    const identity: JsonObject = {};
    for (const key of [...keys].sort()) if (hasKey(item, key)) identity[key] = item[key];
    const text = canonicalJson(identity);
    if (seen.has(text)) errors.push(duplicateValue(field, identity));
    seen.add(text);
  });
}

function compileList(schema: JsonSchema): CheckLists | undefined {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const items = schema.items === undefined ? undefined : compileListTypes(schema.items);
  if (items === undefined && listType !== 'set' && listType !== 'map') return undefined;
  return (value, path, errors) => {
    if (!Array.isArray(value)) return;
    if (listType === 'set') checkSet(value, path, errors);
    else if (listType === 'map') checkMap(keys, value, path, errors);
    if (items === undefined) return;
    for (const [index, item] of value.entries()) items(item, `${path}[${index}]`, errors);
  };
}

/** Undefined where the schema has no such list. */
export function compileListTypes(schema: JsonSchema): CheckLists | undefined {
  const list = compileList(schema);
  const known = schema.properties ?? {};
  const members: [string, CheckLists][] = [];
  for (const key of Object.keys(known).sort()) {
    const property = known[key];
    const check = property === undefined ? undefined : compileListTypes(property);
    if (check !== undefined) members.push([key, check]);
  }
  const additional = schema.additionalProperties;
  const rest = typeof additional === 'object' ? compileListTypes(additional) : undefined;
  if (list === undefined && members.length === 0 && rest === undefined) return undefined;
  return (value, path, errors) => {
    list?.(value, path, errors);
    if (!isJsonObject(value)) return;
    for (const [key, check] of members) {
      if (hasKey(value, key)) check(value[key], path === '' ? key : `${path}.${key}`, errors);
    }
    if (rest === undefined) return;
    for (const key in value) if (!hasKey(known, key)) rest(value[key], `${path}[${key}]`, errors);
  };
}
