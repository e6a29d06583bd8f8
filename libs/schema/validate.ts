/**
 * Value validation of custom resources. Properties are visited in the order of their names
 * (Kubernetes' order is random), and for each value: type, anyOf/oneOf/allOf/not, string, number,
 * items, list size, enum, members, required.
 *
 * Ratcheting (KEP-4008): on update a value that is invalid and equal to the one it replaces passes.
 */
import type { FieldError, JsonSchema } from '@kcp-ts/api';
import { costedIdentity } from './canonical-json.ts';
import type { JsonObject } from './json-value.ts';
import { hasKey, isJsonObject, isNumber, jsonEqual } from './json-value.ts';
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
import { errorsMax } from './validation-run.ts';

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
  return shared ?? lazily(schema);
}

/**
 * A schema has thousands of nodes of which an object meets few: each is compiled when it is met
 * first.
 */
function lazily(schema: JsonSchema): Validate {
  let compiled: Validate | undefined;
  return (value, old, path, run) => {
    compiled ??= compileNode(schema);
    compiled(value, old, path, run);
  };
}

function checkNull(schema: JsonSchema, path: string, errors: FieldError[]): void {
  const wanted = schema['x-kubernetes-int-or-string'] === true ? 'integer,string' : (schema.type ?? '');
  if (wanted !== '' && schema.nullable !== true) errors.push(typeInvalid(path, wanted, 'null'));
}

/** What an error costs: its text is put together, and it is reported again at each level above. */
const errorSteps = 16;

function compileNode(schema: JsonSchema): Validate {
  const inspect = compileInspect(schema);
  return (value, old, path, run) => {
    const { errors, budget } = run;
    const before = errors.length;
    if (before >= errorsMax) return;
    run.matches++;
    budget.spend(1);
    inspect(value, old, path, run);
    if (errors.length === before) return;
    budget.spend((errors.length - before) * (errorSteps + (path.length >> 5)));
    if (old !== undefined && jsonEqual(old, value, budget)) errors.length = before;
  };
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

/** Leaves that hold one kind of value look at that alone. */
function compileScalar(schema: JsonSchema): Validate | undefined {
  const { type } = schema;
  if (type === undefined || type === 'object' || type === 'array') return undefined;
  if (schema['x-kubernetes-int-or-string'] === true) return undefined;
  const checkType = compileType(schema);
  const checkEnum = compileEnum(schema);
  const check = (type === 'string' ? compileString(schema) : compileNumber(schema)) as Check<unknown> | undefined;
  const isOfKind = type === 'string' ? isText : isNumber;
  return (value, _old, path, run) => {
    if (value === null) checkNull(schema, path, run.errors);
    else {
      checkType?.(value, path, run);
      if (check !== undefined && isOfKind(value)) check(value, path, run);
    }
    checkEnum?.(value, path, run);
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
      checkEnum?.(value, path, run);
      return;
    }
    checkType?.(value, path, run);
    junctors?.(value, old, path, run);
    if (typeof value === 'string') checkString?.(value, path, run);
    else if (isNumber(value)) checkNumber?.(value, path, run);
    else if (Array.isArray(value)) items?.(value, old, path, run);
    checkEnum?.(value, path, run);
    if (members !== undefined && isJsonObject(value)) members(value, old, path, run);
  };
}

function compileItems(
  schema: JsonSchema,
): ((value: unknown[], old: unknown, path: string, run: Run) => void) | undefined {
  const checkSize: Check<readonly unknown[]> | undefined = compileListSize(schema);
  const validate = schema.items === undefined ? undefined : compileValidate(schema.items);
  if (validate === undefined && checkSize === undefined) return undefined;
  const correlation = correlationOf(schema);
  return (value, old, path, run) => {
    if (validate !== undefined) {
      const correlate = Array.isArray(old) ? correlation(old, run) : nothingBefore;
      for (let index = 0; index < value.length && run.errors.length < errorsMax; index++) {
        const item = value[index];
        validate(item, correlate(item, index), `${path}[${index}]`, run);
      }
    }
    checkSize?.(value, path, run);
  };
}

type Correlate = (item: unknown, index: number) => unknown;

const nothingBefore: Correlate = () => undefined;

/** Which item of the old list an item replaces. */
function correlationOf(schema: JsonSchema): (old: readonly unknown[], run: Run) => Correlate {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  switch (schema['x-kubernetes-list-type']) {
    case 'map':
      return (old, { budget }) => {
        const [only] = keys;
        const single = keys.length === 1 ? only : undefined;
        const identity = (item: JsonObject) => {
          const known = single === undefined ? undefined : item[single];
          if (typeof known === 'string') return known;
          return costedIdentity(
            keys.map((key) => item[key] ?? null),
            budget,
          );
        };
        const found = new Map<string, unknown>();
        for (const item of old) {
          budget.spend(1);
          if (!isJsonObject(item)) continue;
          const id = identity(item);
          if (!found.has(id)) found.set(id, item);
        }
        return (item) => (isJsonObject(item) ? found.get(identity(item)) : undefined);
      };
    case 'set':
    case 'atomic':
      return () => nothingBefore;
    default:
      return (old) => (_item, index) => old[index];
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
    if (checkSize?.(value, path, run) === true) return;
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
    if (required.length > 0) checkRequired(required, value, path, run);
  };
}

function forbiddenProperty(path: string, key: string): FieldError {
  const field = path.startsWith('.') ? path.slice(1) : path;
  const message = `Invalid value: ${JSON.stringify(key)}: ${path}.${key} in body is a forbidden property`;
  return { kind: 'Invalid', field: field === '' ? '<nil>' : field, message };
}
