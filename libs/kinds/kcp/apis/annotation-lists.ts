/**
 * What one version of a kind cannot say travels in annotations of the other: JSON, which users can
 * write as well.
 */

import type { KubeObject } from '@kcp-ts/api';
import { invalidValue, StatusError } from '@kcp-ts/api';
import { parseJson } from '@kcp-ts/base';
import { exceededBound } from '@kcp-ts/schema';

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What these lists hold nests five levels; text of an annotation says in some thousand characters
 * what nothing here could walk over.
 */
const bounds = { depthMax: 20, bytesMax: Number.POSITIVE_INFINITY, namesMax: Number.POSITIVE_INFINITY };

function parseList(text: string): readonly unknown[] | undefined {
  try {
    const value = parseJson(text);
    return Array.isArray(value) && value.every(isObject) && exceededBound(value, bounds) === undefined
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The list of objects in an annotation; none where there is none or what is there cannot be read.
 * For objects on their way out.
 */
export function readList<T>(object: KubeObject, key: string): readonly T[] {
  const text = object.metadata.annotations?.[key];
  return text === undefined ? [] : ((parseList(text) ?? []) as readonly T[]);
}

/**
 * As `readList`, for objects on their way in; throws Invalid for what cannot be read. `what` names
 * the content.
 */
export function takeList<T>(object: KubeObject, key: string, what: string): readonly T[] {
  const text = object.metadata.annotations?.[key];
  if (text === undefined) return [];
  const list = parseList(text);
  if (list === undefined) {
    const group = object.apiVersion.slice(0, object.apiVersion.indexOf('/'));
    const error = invalidValue(`metadata.annotations[${key}]`, text, `failed to decode overhanging ${what}`);
    throw StatusError.invalid({ group, kind: object.kind }, object.metadata.name ?? '', [error]);
  }
  setList(object, key, []);
  return list as readonly T[];
}

/** Sets an annotation to the JSON of a list, or takes it off where the list is empty. */
export function setList(object: KubeObject, key: string, list: readonly unknown[]): void {
  const { annotations } = object.metadata;
  if (list.length > 0) object.metadata.annotations = { ...annotations, [key]: JSON.stringify(list) };
  else if (annotations !== undefined && Object.hasOwn(annotations, key)) {
    const { [key]: _gone, ...rest } = annotations;
    object.metadata.annotations = rest;
  }
}
