/**
 * Structural pruning: fields that the schema does not know are removed, as Kubernetes does for
 * custom resources.
 */
import type { JsonSchema } from '@kcp-ts/api';
import type { JsonObject } from './json-value.ts';
import { isJsonObject } from './json-value.ts';

/** At most so many removed paths are reported. */
const removedMax = 1_000;

function tell(removed: string[], key: string): void {
  if (removed.length < removedMax) removed.push(key);
}

/** Removes in place and adds the removed paths, relative to the value, to `removed`. */
type Prune = (value: unknown, removed: string[]) => void;

const resourceFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** What is below a node without a schema: objects lose all their fields, scalars stay. */
function pruneAll(value: unknown, removed: string[]): void {
  if (Array.isArray(value)) pruneItems(value, pruneAll, removed);
  else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      tell(removed, key);
      delete value[key];
    }
  }
}

function keepAll(): void {}

function pruneItems(items: readonly unknown[], prune: Prune, removed: string[]): void {
  for (let index = 0; index < items.length; index++) {
    const before = removed.length;
    prune(items[index], removed);
    if (removed.length > before) prefix(removed, before, `[${index}]`);
  }
}

function prefix(paths: string[], from: number, text: string): void {
  for (let index = from; index < paths.length; index++) {
    const path = paths[index] ?? '';
    paths[index] = path.startsWith('[') ? text + path : `${text}.${path}`;
  }
}

/** Leaves know no fields, so that all of them can share one function. */
function isLeaf(schema: JsonSchema): boolean {
  const fields = schema.properties ?? schema.additionalProperties ?? schema.items;
  return (
    fields === undefined &&
    schema['x-kubernetes-preserve-unknown-fields'] !== true &&
    schema['x-kubernetes-embedded-resource'] !== true
  );
}

/**
 * `kept`: the list that this is the item of preserves unknown fields, and those of its items with
 * them.
 */
function compileNode(schema: JsonSchema | undefined, root: boolean, kept = false): Prune {
  if (schema === undefined || (!root && isLeaf(schema))) return kept ? keepAll : pruneAll;
  const embedded = root || schema['x-kubernetes-embedded-resource'] === true;
  const preserve = kept || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const members = new Map<string, Prune>();
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (!(embedded && resourceFields.has(key))) members.set(key, compileNode(property, false));
  }
  const rest = compileRest(schema, preserve);
  const items = compileNode(schema.items, false, preserve);
  if (members.size === 0 && rest === keepAll && items === keepAll) return keepAll;
  const pruneObject = (object: JsonObject, removed: string[]): void => {
    for (const key in object) {
      if (embedded && resourceFields.has(key)) continue;
      const prune = members.get(key) ?? rest;
      if (prune === undefined) {
        tell(removed, key);
        delete object[key];
        continue;
      }
      const member = object[key];
      if (typeof member !== 'object' || member === null || prune === keepAll) continue;
      const before = removed.length;
      prune(member, removed);
      if (removed.length > before) prefix(removed, before, key);
    }
  };
  return (value, removed) => {
    if (Array.isArray(value)) pruneItems(value, items, removed);
    else if (isJsonObject(value)) pruneObject(value, removed);
  };
}

/** What happens to fields that are not among the properties: undefined removes them. */
function compileRest(schema: JsonSchema, preserve: boolean): Prune | undefined {
  const additional = schema.additionalProperties;
  if (additional === undefined || additional === false) return preserve ? keepAll : undefined;
  return additional === true ? (preserve ? keepAll : pruneAll) : compileNode(additional, false);
}

/**
 * A function that prunes an object in place and returns the removed paths, sorted, as in `unknown
 * field "spec.ports[0].x"`.
 */
export function compilePrune(schema: JsonSchema): (object: JsonObject) => string[] {
  const prune = compileNode(schema, true);
  return (object) => {
    const removed: string[] = [];
    prune(object, removed);
    return removed.length > 1 ? removed.sort() : removed;
  };
}
