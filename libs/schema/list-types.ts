/** Lists of type `set` and `map` hold no item twice. */
import type { JsonSchema } from '@kcp-ts/api';
import { duplicateValue, invalidValue } from '@kcp-ts/api';
import { costedIdentity } from './canonical-json.ts';
import type { JsonObject } from './json-value.ts';
import { hasKey, isJsonObject } from './json-value.ts';
import type { Run } from './validation-run.ts';
import { errorsMax } from './validation-run.ts';

type CheckLists = (value: unknown, path: string, run: Run) => void;

function checkSet(items: readonly unknown[], path: string, run: Run): void {
  const strings = new Set<string>();
  const others = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (run.errors.length >= errorsMax) return;
    const text = typeof item === 'string' ? item : costedIdentity(item, run.budget);
    const seen = typeof item === 'string' ? strings : others;
    run.budget.spend(1);
    if (seen.has(text)) run.errors.push(duplicateValue(`${path}[${index}]`, item));
    else seen.add(text);
  }
}

function checkMap(keys: readonly string[], items: readonly unknown[], path: string, run: Run): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (run.errors.length >= errorsMax) return;
    const field = `${path}[${index}]`;
    // The wrong type was reported.
    if (item === null) continue;
    if (!isJsonObject(item)) {
      run.errors.push(invalidValue(field, item, 'must be an object for an array of list-type map'));
      continue;
    }
    const [only] = keys;
    const known = only === undefined ? undefined : item[only];
    if (keys.length === 1 && typeof known === 'string') {
      run.budget.spend(1);
      if (seen.has(known)) run.errors.push(duplicateValue(field, { [only as string]: known }));
      seen.add(known);
      continue;
    }
    const identity: JsonObject = {};
    run.budget.spend(1 + keys.length);
    for (const key of keys) if (hasKey(item, key)) identity[key] = item[key];
    const text = costedIdentity(identity, run.budget);
    if (seen.has(text)) run.errors.push(duplicateValue(field, identity));
    seen.add(text);
  }
}

function compileList(schema: JsonSchema): CheckLists | undefined {
  const listType = schema['x-kubernetes-list-type'];
  const keys = [...(schema['x-kubernetes-list-map-keys'] ?? [])].sort();
  const items = schema.items === undefined ? undefined : compileListTypes(schema.items);
  if (items === undefined && listType !== 'set' && listType !== 'map') return undefined;
  return (value, path, run) => {
    if (!Array.isArray(value) || run.errors.length >= errorsMax) return;
    if (listType === 'set') checkSet(value, path, run);
    else if (listType === 'map') checkMap(keys, value, path, run);
    if (items === undefined) return;
    for (const [index, item] of value.entries()) items(item, `${path}[${index}]`, run);
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
  return (value, path, run) => {
    list?.(value, path, run);
    if (!isJsonObject(value)) return;
    for (const [key, check] of members) {
      if (hasKey(value, key)) check(value[key], path === '' ? key : `${path}.${key}`, run);
    }
    if (rest === undefined) return;
    for (const key in value) if (!hasKey(known, key)) rest(value[key], `${path}[${key}]`, run);
  };
}
