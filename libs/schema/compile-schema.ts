/**
 * A schema becomes closures: one small compiler for each of prune, default, validate and decode
 * walks the same structural tree. Each is compiled on first use, so that a schema nobody writes to
 * costs its text and nothing else. Compiled schemas hold no state and may be shared.
 */
import type { FieldError, JsonSchema, ScalePaths } from '@kcp-ts/api';
import { Budget, invalidValue, StatusError } from '@kcp-ts/api';
import { contentHash } from './canonical-json.ts';
import type { Decoded } from './decode.ts';
import { compileDecode } from './decode.ts';
import { compileDefaults } from './default.ts';
import { compileEmbeddedCheck, compileEmbeddedDecode } from './embedded-resource.ts';
import type { JsonObject } from './json-value.ts';
import { compileListTypes } from './list-types.ts';
import { objectMetaSchema } from './object-meta-schema.ts';
import { compileOmitEmpty } from './omit-empty.ts';
import { compilePrune } from './prune.ts';
import { compileScaleCheck } from './scale-check.ts';
import { compileValidate } from './validate.ts';
import type { Run } from './validation-run.ts';
import { withoutFormats } from './without-formats.ts';

export interface SchemaOptions {
  readonly dialect: 'builtin' | 'custom';
  /** The kind, for Go's decoding texts; `Object` when absent. */
  readonly kind?: string;
  /** The kind has rules that its strategy checks. */
  readonly rules?: boolean | undefined;
  /** A custom resource's scale subresource, whose paths are validated with every object. */
  readonly scale?: ScalePaths | undefined;
}

export interface CompiledSchema {
  readonly schema: JsonSchema;
  /** SHA-256 of the schema's canonical JSON, in hex: its content address. */
  readonly hash: string;
  /**
   * Decodes in place. Builtin: everything, by Go's rules. Custom: apiVersion, kind and metadata
   * alone, which Go decodes in every object and in the resources embedded in it; the rest is
   * prune's.
   */
  decode(object: object): Decoded;
  /**
   * Removes unknown fields in place; their paths, sorted. Nothing is left to remove in what
   * `decode` of the builtin dialect took.
   */
  prune(object: object): string[];
  /**
   * Applies defaults in place and removes nulls that are not allowed. Returns about how many bytes
   * of JSON were added; Infinity where that would make the object larger than any can be: then some
   * are missing.
   */
  applyDefaults(object: object): number;
  /**
   * Leaves out, in place, empty maps and lists (of custom kinds also texts) that Go does not write.
   * Of kinds whose Go types are known.
   */
  omitEmpty(object: object): void;
  /**
   * What is wrong with an object, in Kubernetes' texts. With `old`, values that were as invalid
   * before pass.
   */
  validate(object: object, old?: object): FieldError[];
  /** As `validate`, with a `yield` between parts that may each take long. */
  validateParts(object: object, old?: object): Generator<undefined, FieldError[]>;
}

const blocking: ReadonlySet<FieldError['kind']> = new Set([
  'NotSupported',
  'Required',
  'TooLong',
  'TooMany',
  'TypeInvalid',
]);
const rulesNotChecked =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

/**
 * Kubernetes' words for validation that ended because of its cost, which it counts for rules and
 * here is counted for all.
 */
const costBudgetText = 'validation failed due to running out of cost budget, no further validation rules will be run';
/**
 * What one validation may cost: an object of 1.5 MB under a schema without alternatives stays
 * below.
 */
const stepsMax = 800_000;

class OutOfBudget extends StatusError {}

function outOfBudget(): StatusError {
  return new OutOfBudget('Invalid', costBudgetText);
}

function isOutOfBudget(thrown: unknown): boolean {
  return thrown instanceof OutOfBudget;
}

function hasRules(schema: JsonSchema): boolean {
  if ((schema['x-kubernetes-validations']?.length ?? 0) > 0) return true;
  if (schema.items !== undefined && hasRules(schema.items)) return true;
  if (typeof schema.additionalProperties === 'object' && hasRules(schema.additionalProperties)) return true;
  return Object.values(schema.properties ?? {}).some(hasRules);
}

function lazy<A extends unknown[], R>(compile: () => (...args: A) => R): (...args: A) => R {
  let compiled: ((...args: A) => R) | undefined;
  return (...args) => {
    compiled ??= compile();
    return compiled(...args);
  };
}

type ValidateParts = (object: object, old?: object) => Generator<undefined, FieldError[]>;

function compileWhole(schema: JsonSchema, options: SchemaOptions): ValidateParts {
  const validate = compileValidate(options.dialect === 'builtin' ? withoutFormats(schema) : schema);
  const checkScale = options.scale === undefined ? undefined : compileScaleCheck(options.scale);
  const checkEmbedded = options.dialect === 'custom' ? compileEmbeddedCheck(schema) : undefined;
  const checkLists = compileListTypes(schema);
  const rules = options.rules === true || hasRules(schema);
  return function* parts(object, old) {
    const budget = new Budget(stepsMax, outOfBudget);
    const run: Run = { errors: [], matches: 0, budget };
    const { errors } = run;
    try {
      validate(object, old, '', run);
      checkScale?.(object, errors);
      checkEmbedded?.(object, run);
      if (checkLists !== undefined) {
        yield;
        const before: Run = { errors: [], matches: 0, budget };
        if (old !== undefined) {
          checkLists(old, '', before);
          yield;
        }
        // Lists that were no sets before need not become sets now.
        if (before.errors.length === 0) checkLists(object, '', run);
      }
    } catch (thrown) {
      if (!isOutOfBudget(thrown)) throw thrown;
      errors.push(invalidValue('<nil>', null, costBudgetText));
      return errors;
    }
    if (rules && errors.some((error) => blocking.has(error.kind)))
      errors.push(invalidValue('<nil>', null, rulesNotChecked));
    return errors;
  };
}

function lastOf(parts: Generator<undefined, FieldError[]>): FieldError[] {
  for (;;) {
    const { done, value } = parts.next();
    if (done === true) return value;
  }
}

function withMetadata(schema: JsonSchema): JsonSchema {
  const text: JsonSchema = { type: 'string' };
  return { ...schema, properties: { apiVersion: text, kind: text, ...schema.properties, metadata: objectMetaSchema } };
}

const envelope: JsonSchema = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
  properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: objectMetaSchema },
};

function compileDecodeOf(schema: JsonSchema, dialect: SchemaOptions['dialect'], kind: string) {
  if (dialect === 'builtin') return compileDecode(withMetadata(schema), kind);
  const decode = compileDecode(envelope, kind);
  const decodeEmbedded = compileEmbeddedDecode(schema);
  if (decodeEmbedded === undefined) return decode;
  return (object: JsonObject): Decoded => {
    const { error, unknown } = decode(object);
    const wrong = error ?? decodeEmbedded(object, unknown);
    return wrong === undefined ? { unknown } : { error: wrong, unknown };
  };
}

/**
 * Compiles a schema; `knownHash` is its content address if it is known already. Patterns
 * must be valid and the schema bounded: definitions are checked before they come here.
 */
export function compileSchema(schema: JsonSchema, options: SchemaOptions, knownHash?: string): CompiledSchema {
  const kind = options.kind ?? 'Object';
  const decode = lazy(() => compileDecodeOf(schema, options.dialect, kind));
  const prune = lazy(() => compilePrune(schema));
  const applyDefaults = lazy(() => compileDefaults(schema));
  const omitEmpty = lazy(() => compileOmitEmpty(schema, options.dialect === 'custom'));
  const validateParts = lazy(() => compileWhole(schema, options));
  let hash = knownHash;
  return {
    schema,
    get hash() {
      hash ??= contentHash(schema);
      return hash;
    },
    decode: (object) => decode(object as JsonObject),
    prune: (object) => prune(object as JsonObject),
    applyDefaults: (object) => applyDefaults(object as JsonObject),
    omitEmpty: (object) => omitEmpty(object as JsonObject),
    validate: (object, old) => lastOf(validateParts(object, old)),
    validateParts: (object, old) => validateParts(object, old),
  };
}
