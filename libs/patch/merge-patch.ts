/** JSON merge patch, RFC 7386. */
import { copyJson, hasKey, isJsonObject, jsonKind, setMember } from '@kcp-ts/schema';
import { badPatch } from './patch-errors.ts';

function merge(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return copyJson(patch);
  const result: Record<string, unknown> = {};
  if (isJsonObject(target)) for (const [key, value] of Object.entries(target)) setMember(result, key, value);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setMember(result, key, merge(hasKey(result, key) ? result[key] : undefined, value));
  }
  return result;
}

/**
 * The object with the patch merged into it; neither argument is changed. Throws BadRequest for a
 * patch that is not an object.
 */
export function applyMergePatch(object: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) {
    throw badPatch(
      `error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`,
    );
  }
  return merge(object, patch);
}
