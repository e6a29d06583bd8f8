/**
 * Resources within a resource (`x-kubernetes-embedded-resource`): they have an apiVersion, a kind
 * and metadata of their own, which are decoded and checked as those of any object
 * (apiextensions-apiserver's objectmeta).
 */
import type { JsonSchema, ObjectMeta } from '@kcp-ts/api';
import {
  invalidValue,
  objectMetaErrors,
  requiredValue,
  validateDns1035Label,
  validatePathSegmentName,
} from '@kcp-ts/api';
import { decodeObjectMeta } from './decode.ts';
import type { JsonObject } from './json-value.ts';
import { hasKey, isJsonObject } from './json-value.ts';
import type { Run } from './validation-run.ts';
import { errorsMax } from './validation-run.ts';

/** Returns true to look no further. */
type Visit = (resource: JsonObject, path: string) => boolean;
/**
 * Shows all embedded resources in a value, the outer ones first; true where a visit wants no more.
 */
type EachEmbedded = (value: unknown, path: string, visit: Visit) => boolean;

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function compileItems(schema: JsonSchema): EachEmbedded | undefined {
  const items = schema.items === undefined ? undefined : compileEach(schema.items);
  if (items === undefined) return undefined;
  return (value, path, visit) =>
    Array.isArray(value) && value.some((item, index) => items(item, `${path}[${index}]`, visit));
}

function compileMembers(schema: JsonSchema): EachEmbedded | undefined {
  const known = schema.properties ?? {};
  const members: [string, EachEmbedded][] = [];
  for (const key of Object.keys(known).sort()) {
    const property = known[key];
    const each = property === undefined ? undefined : compileEach(property);
    if (each !== undefined) members.push([key, each]);
  }
  const additional = schema.additionalProperties;
  const rest = typeof additional === 'object' ? compileEach(additional) : undefined;
  if (members.length === 0 && rest === undefined) return undefined;
  return (value, path, visit) => {
    if (!isJsonObject(value)) return false;
    for (const [key, each] of members) if (hasKey(value, key) && each(value[key], below(path, key), visit)) return true;
    if (rest === undefined) return false;
    for (const key in value) if (!hasKey(known, key) && rest(value[key], `${path}[${key}]`, visit)) return true;
    return false;
  };
}

/** Undefined where the schema has no embedded resource. */
function compileEach(schema: JsonSchema): EachEmbedded | undefined {
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const items = compileItems(schema);
  const members = compileMembers(schema);
  if (!embedded && items === undefined && members === undefined) return undefined;
  return (value, path, visit) => {
    if (embedded && isJsonObject(value) && visit(value, path)) return true;
    return items?.(value, path, visit) === true || members?.(value, path, visit) === true;
  };
}

function isZero(value: unknown): boolean {
  if (value === '' || value === 0) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function fieldError(path: string, key: string, value: unknown, detail: string): string {
  const { field, message } = invalidValue(below(path, key), value, detail);
  return `${field}: ${message}`;
}

/**
 * Decodes the metadata of one embedded resource in place: unknown fields go, and so does what Go
 * leaves out of its JSON.
 */
function decodeResource(resource: JsonObject, path: string, unknown: string[]): string | undefined {
  for (const key of ['apiVersion', 'kind']) {
    const value = resource[key];
    if (value !== undefined && typeof value !== 'string') return fieldError(path, key, value, 'must be a string');
  }
  if (!hasKey(resource, 'metadata')) return undefined;
  const sent = resource['metadata'];
  const metadata = isJsonObject(sent) ? { ...sent } : (sent ?? {});
  const dropped: string[] = [];
  const error = decodeObjectMeta(metadata, dropped);
  if (error !== undefined) return fieldError(path, 'metadata', sent, error);
  for (const name of dropped) unknown.push(`${below(path, 'metadata')}.${name}`);
  const fields = metadata as JsonObject;
  for (const key of Object.keys(fields)) if (isZero(fields[key])) delete fields[key];
  resource['metadata'] = fields;
  return undefined;
}

/**
 * A function that decodes embedded resources in place and adds the paths of unknown fields; the
 * text of what is of a wrong type. Undefined where there are none.
 */
export function compileEmbeddedDecode(
  schema: JsonSchema,
): ((object: JsonObject, unknown: string[]) => string | undefined) | undefined {
  const each = compileEach(schema);
  if (each === undefined) return undefined;
  return (object, unknown) => {
    let error: string | undefined;
    each(object, '', (resource, path) => {
      error = decodeResource(resource, path, unknown);
      return error !== undefined;
    });
    return error;
  };
}

function checkApiVersion(value: unknown, field: string, run: Run): void {
  if (typeof value !== 'string' || value === '') run.errors.push(requiredValue(field));
  else if (value.split('/').length > 2)
    run.errors.push(invalidValue(field, value, `unexpected GroupVersion string: ${value}`));
}

function checkKind(value: unknown, field: string, run: Run): void {
  if (typeof value !== 'string' || value === '') {
    run.errors.push(requiredValue(field));
    return;
  }
  const problems = validateDns1035Label(value.toLowerCase()).join(',');
  if (problems === '') return;
  run.errors.push(invalidValue(field, value, `may have mixed case, but should otherwise match: ${problems}`));
}

function checkMetadata(metadata: JsonObject, path: string, run: Run): void {
  // It may have no name, or none yet.
  const named = { ...metadata, name: metadata['name'] ?? 'name' } as ObjectMeta;
  run.budget.spend(Object.keys(named.labels ?? {}).length + Object.keys(named.annotations ?? {}).length);
  for (const error of objectMetaErrors(named, validatePathSegmentName, path)) run.errors.push(error);
}

/** A function that adds what is wrong with embedded resources. Undefined where there are none. */
export function compileEmbeddedCheck(schema: JsonSchema): ((object: unknown, run: Run) => void) | undefined {
  const each = compileEach(schema);
  if (each === undefined) return undefined;
  return (object, run) => {
    each(object, '', (resource, path) => {
      run.budget.spend(1);
      checkApiVersion(resource['apiVersion'], below(path, 'apiVersion'), run);
      checkKind(resource['kind'], below(path, 'kind'), run);
      const { metadata } = resource;
      if (isJsonObject(metadata)) checkMetadata(metadata, below(path, 'metadata'), run);
      return run.errors.length >= errorsMax;
    });
  };
}
