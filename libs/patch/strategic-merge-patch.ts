/**
 * Strategic merge patch: a merge patch that knows from the schema which lists are merged item by
 * item, and that may say `$patch: delete|replace|merge`, `$retainKeys`,
 * `$deleteFromPrimitiveList/x` and `$setElementOrder/x`.
 */
import type { JsonSchema } from '@kcp-ts/api';
import type { JsonObject } from '@kcp-ts/schema';
import { copyJson, hasKey, isJsonObject, jsonKind, objectMetaSchema, setMember } from '@kcp-ts/schema';
import { mergeList } from './merge-list.ts';
import { badPatch } from './patch-errors.ts';
import { orderList } from './set-element-order.ts';

const deletePrefix = '$deleteFromPrimitiveList/';
const orderPrefix = '$setElementOrder/';

function strategies(schema: JsonSchema | undefined): readonly string[] {
  return schema?.['x-kubernetes-patch-strategy']?.split(',') ?? [];
}

function memberSchema(schema: JsonSchema | undefined, key: string): JsonSchema | undefined {
  const property = schema?.properties;
  if (property !== undefined && hasKey(property, key)) return property[key];
  return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

function withoutDirective(patch: JsonObject): JsonObject {
  const rest: JsonObject = {};
  for (const [key, value] of Object.entries(patch)) if (key !== '$patch') setMember(rest, key, copyJson(value));
  return rest;
}

function retain(result: JsonObject, patch: JsonObject): void {
  const keys = patch['$retainKeys'];
  if (keys === undefined) return;
  const complaint = 'invalid patch format of retainKeys';
  if (!Array.isArray(keys)) throw badPatch(complaint);
  const kept = new Set<unknown>(keys);
  for (const [key, value] of Object.entries(patch)) {
    if (!key.startsWith('$') && value !== null && !kept.has(key)) throw badPatch(complaint);
  }
  for (const key of Object.keys(result)) if (!kept.has(key)) delete result[key];
}

function listDirective(patch: JsonObject, key: string): unknown[] {
  const list = patch[key];
  if (Array.isArray(list)) return list;
  const [directive] = key.split('/');
  throw badPatch(`invalid patch format of ${directive === '$setElementOrder' ? 'setElementOrder' : 'primitive'} list`);
}

function deleteFromLists(result: JsonObject, patch: JsonObject): void {
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(deletePrefix)) continue;
    const gone = new Set(listDirective(patch, key));
    const field = key.slice(deletePrefix.length);
    const live = hasKey(result, field) ? result[field] : undefined;
    if (!Array.isArray(live)) continue;
    const left = live.filter((item) => !gone.has(item));
    if (left.length === 0) delete result[field];
    else setMember(result, field, left);
  }
}

function mergeMember(live: unknown, patch: unknown, schema: JsonSchema | undefined): unknown {
  const strategy = strategies(schema);
  if (isJsonObject(patch)) {
    if (strategy.includes('replace')) return mergeObject({}, patch, schema);
    return mergeObject(isJsonObject(live) ? live : {}, patch, schema);
  }
  if (!Array.isArray(patch)) return patch;
  if (!strategy.includes('merge')) return copyJson(patch);
  const key = schema?.['x-kubernetes-patch-merge-key'];
  return mergeList(Array.isArray(live) ? live : [], patch, key, (left, right) =>
    mergeObject(left, right, schema?.items),
  );
}

function mergeObject(live: JsonObject, patch: JsonObject, schema: JsonSchema | undefined): JsonObject {
  switch (patch['$patch']) {
    case undefined:
    case 'merge':
      break;
    case 'replace':
      return withoutDirective(patch);
    case 'delete':
      return {};
    default:
      throw badPatch(`unknown patch type: ${String(patch['$patch'])} in map: ${JSON.stringify(patch)}`);
  }
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(live)) setMember(result, key, value);
  retain(result, patch);
  deleteFromLists(result, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (key === '$patch' || key === '$retainKeys' || key.startsWith(deletePrefix) || key.startsWith(orderPrefix))
      continue;
    if (value === null || (isJsonObject(value) && value['$patch'] === 'delete')) delete result[key];
    else
      setMember(
        result,
        key,
        mergeMember(hasKey(result, key) ? result[key] : undefined, value, memberSchema(schema, key)),
      );
  }
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(orderPrefix)) continue;
    const field = key.slice(orderPrefix.length);
    const merged = result[field];
    if (!Array.isArray(merged)) continue;
    const mergeKey = memberSchema(schema, field)?.['x-kubernetes-patch-merge-key'];
    const before = live[field];
    const lists = {
      merged,
      live: Array.isArray(before) ? before : [],
      patch: patch[field],
      order: listDirective(patch, key),
    };
    setMember(result, field, orderList(lists, mergeKey));
  }
  return result;
}

/**
 * The object with the patch merged into it; neither argument is changed. `schema` says with
 * `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key` how lists are joined; metadata
 * is known without it. Throws BadRequest for a patch that is none.
 */
export function applyStrategicMergePatch(object: unknown, patch: unknown, schema: JsonSchema): unknown {
  if (!isJsonObject(patch)) {
    throw badPatch(
      `error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`,
    );
  }
  const whole: JsonSchema = { ...schema, properties: { ...schema.properties, metadata: objectMetaSchema } };
  return mergeObject(isJsonObject(object) ? object : {}, patch, whole);
}
