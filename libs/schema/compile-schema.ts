/** A schema compiled to closures: pruning, defaulting, validation and decoding, each by its own visitor. */
import { createHash } from 'node:crypto';
import type { FieldError, JsonSchema } from '@kcp-ts/meta';
import { compileDefaults } from './defaults.ts';
import type { Decoded } from './decode.ts';
import { compileDecode } from './decode.ts';
import { compilePrune } from './prune.ts';
import { compileCheck, compileListTypes } from './validate.ts';

export interface CompileOptions {
  readonly dialect: 'builtin' | 'custom';
}

export interface CompiledSchema {
  /** Hex SHA-256 of the schema's canonical JSON and its dialect. */
  readonly hash: string;
  /** Removes what the schema does not know, in place; the paths removed. */
  prune(object: object): string[];
  /** In place. */
  applyDefaults(object: object): void;
  validate(object: object, old?: object): FieldError[];
  /** Go's decoding error for a built-in kind, and the unknown fields of metadata. */
  decode(object: object): Decoded;
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, child]) => child !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, child]) => [key, canonical(child)]));
}

export function schemaHash(schema: JsonSchema, { dialect }: CompileOptions): string {
  return createHash('sha256').update(dialect).update(JSON.stringify(canonical(schema))).digest('hex');
}

function lazily<T extends (...args: never[]) => unknown>(make: () => T): T {
  let made: T | undefined;
  return ((...args: never[]) => {
    made ??= make();
    return made(...args);
  }) as T;
}

/** Each visitor is compiled when it is first asked. */
export function compileSchema(schema: JsonSchema, options: CompileOptions): CompiledSchema {
  const check = lazily(() => compileCheck(schema));
  const lists = lazily(() => compileListTypes(schema) ?? (() => undefined));
  const prune = lazily(() => compilePrune(schema));
  const applyDefaults = lazily(() => compileDefaults(schema));
  return {
    hash: schemaHash(schema, options),
    prune: (object) => prune(object as Record<string, unknown>),
    applyDefaults: (object) => applyDefaults(object as Record<string, unknown>),
    validate(object) {
      const errors: FieldError[] = [];
      check(object, '', errors);
      lists(object, '', errors);
      return errors;
    },
    decode: lazily(() => compileDecode(schema, options.dialect)) as (object: object) => Decoded,
  };
}
