/**
 * Value validation of custom resources. Properties are visited in the order of their names (Kubernetes' order is random), and for each
 * value: type, anyOf/oneOf/allOf/not, string, number, items, list size, enum, members, required.
 *
 * Ratcheting (KEP-4008): on update a value that is invalid and equal to the one it replaces passes.
 */
import type { FieldError, JsonSchema } from '@kcp-ts/meta';
import type { JsonObject } from './json-value.ts';
import { hasKey, isJsonObject, jsonEqual } from './json-value.ts';
import { compileJunctors } from './junctors.ts';
import type { Check } from './validate-value.ts';
import {
  checkRequired,
  compileEnum,
  compileListSize,
  compileNumber,
  compileObjectSize,
  compileString,
  compileType,
} from './validate-value.ts';
import { typeInvalid } from './validation-errors.ts';
import type { Run, Validate } from './validation-run.ts';

/** Rests on nothing but the type: all schemas share these. */
const leaves: ReadonlyMap<string, Validate> = new Map(
  (['object', 'array', 'string', 'number', 'boolean'] as const).flatMap((type) =>
    [true, false].map((nullable) => [`${type} ${nullable}`, compileNode({ type, nullable })] as const),
  ),
);

const annotations: ReadonlySet<string> = new Set([
  'type',
  'nullable',
  'description',
  'title',
  'default',
  'example',
  'externalDocs',
]);

function isLeaf(schema: JsonSchema): boolean {
  for (const key in schema) if (!annotations.has(key)) return false;
  return true;
}

export function compileValidate(schema: JsonSchema): Validate {
  const shared = isLeaf(schema) ? leaves.get(`${schema.type ?? ''} ${schema.nullable === true}`) : undefined;
  return shared ?? compileNode(schema);
}

function checkNull(schema: JsonSchema, path: string, errors: FieldError[]): void {
  const wanted = schema.type ?? (schema['x-kubernetes-int-or-string'] === true ? 'integer,string' : '');
  if (wanted !== '' && schema.nullable !== true) errors.push(typeInvalid(path, wanted, 'null'));
}

function compileNode(schema: JsonSchema): Validate {
  const inspect = compileInspect(schema);
  return (value, old, path, run) => {
    const before = run.errors.length;
    run.matches++;
    inspect(value, old, path, run);
    if (old !== undefined && run.errors.length > before && jsonEqual(old, value)) run.errors.length = before;
  };
}

/** Leaves that hold one kind of value look at that alone. */
function compileScalar(schema: JsonSchema): Validate | undefined {
  const { type } = schema;
  if (type === undefined || type === 'object' || type === 'array') return undefined;
  const checkType = compileType(schema);
  const checkEnum = compileEnum(schema);
  const check = (type === 'string' ? compileString(schema) : compileNumber(schema)) as Check<unknown> | undefined;
  const kind = type === 'string' ? 'string' : 'number';
  return (value, _old, path, { errors }) => {
    if (value === null) checkNull(schema, path, errors);
    else {
      checkType?.(value, path, errors);
      if (typeof value === kind) check?.(value, path, errors);
    }
    checkEnum?.(value, path, errors);
  };
}

function compileInspect(schema: JsonSchema): Validate {
  const junctors = compileJunctors(schema, compileValidate);
  const scalar = junctors === undefined ? compileScalar(schema) : undefined;
  if (scalar !== undefined) return scalar;
  const checkType = compileType(schema);
  const checkEnum = compileEnum(schema);
  const checkString = compileString(schema);
  const checkNumber = compileNumber(schema);
  const items = compileItems(schema);
  const members = compileMembers(schema);
  return (value, old, path, run) => {
    const { errors } = run;
    if (value === null) {
      checkNull(schema, path, errors);
      checkEnum?.(value, path, errors);
      return;
    }
    checkType?.(value, path, errors);
    junctors?.(value, old, path, run);
    if (typeof value === 'string') checkString?.(value, path, errors);
    else if (typeof value === 'number') checkNumber?.(value, path, errors);
    else if (Array.isArray(value)) items?.(value, old, path, run);
    checkEnum?.(value, path, errors);
    if (members !== undefined && isJsonObject(value)) members(value, old, path, run);
  };
}

function compileItems(
  schema: JsonSchema,
): ((value: unknown[], old: unknown, path: string, run: Run) => void) | undefined {
  const checkSize: Check<readonly unknown[]> | undefined = compileListSize(schema);
  const validate = schema.items === undefined ? undefined : compileValidate(schema.items);
  if (validate === undefined && checkSize === undefined) return undefined;
  const correlate = correlationOf(schema);
  return (value, old, path, run) => {
    if (validate !== undefined) {
      const before = Array.isArray(old) ? old : undefined;
      for (let index = 0; index < value.length; index++) {
        const item = value[index];
        validate(item, before === undefined ? undefined : correlate(before, item, index), `${path}[${index}]`, run);
      }
    }
    checkSize?.(value, path, run.errors);
  };
}

/** Which item of the old list an item replaces. */
function correlationOf(schema: JsonSchema): (old: readonly unknown[], item: unknown, index: number) => unknown {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  switch (schema['x-kubernetes-list-type']) {
    case 'map':
      return (old, item) =>
        isJsonObject(item)
          ? old.find((other) => isJsonObject(other) && keys.every((key) => jsonEqual(other[key], item[key])))
          : undefined;
    case 'set':
    case 'atomic':
      return () => undefined;
    default:
      return (old, _item, index) => old[index];
  }
}

function compileMembers(
  schema: JsonSchema,
): ((value: JsonObject, old: unknown, path: string, run: Run) => void) | undefined {
  const checkSize = compileObjectSize(schema);
  const required = schema.required ?? [];
  const known = schema.properties ?? {};
  const properties = Object.keys(known)
    .sort()
    .flatMap((key) => {
      const property = known[key];
      return property === undefined ? [] : [[key, compileValidate(property)] as const];
    });
  const additional = schema.additionalProperties;
  const rest = typeof additional === 'object' ? compileValidate(additional) : undefined;
  const closed = additional === false;
  if (checkSize === undefined && required.length + properties.length === 0 && rest === undefined && !closed)
    return undefined;
  return (value, old, path, run) => {
    if (checkSize?.(value, path, run.errors) === true) return;
    const before = isJsonObject(old) ? old : undefined;
    if (rest !== undefined || closed) {
      for (const key in value) {
        if (hasKey(known, key)) continue;
        if (rest === undefined) run.errors.push(forbiddenProperty(path, key));
        else rest(value[key], before?.[key], `${path}.${key}`, run);
      }
    }
    const prefix = path === '' ? '' : `${path}.`;
    for (const [key, validate] of properties) {
      if (hasKey(value, key)) validate(value[key], before?.[key], prefix + key, run);
    }
    if (required.length > 0) checkRequired(required, value, path, run.errors);
  };
}

function forbiddenProperty(path: string, key: string): FieldError {
  const field = path.startsWith('.') ? path.slice(1) : path;
  const message = `Invalid value: ${JSON.stringify(key)}: ${path}.${key} in body is a forbidden property`;
  return { kind: 'Invalid', field: field === '' ? '<nil>' : field, message };
}
