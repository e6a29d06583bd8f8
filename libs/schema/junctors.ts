/**
 * anyOf, oneOf, allOf and not: where an alternative fails, the errors of the one that came furthest
 * are reported as well.
 */
import type { FieldError, JsonSchema } from '@kcp-ts/api';
import { schemaMismatch } from './validation-errors.ts';
import type { Run, Validate } from './validation-run.ts';
import { addErrors } from './validation-run.ts';

/** What an alternative costs beside the values that it looks at: a list of errors of its own. */
const alternativeSteps = 24;

interface Outcome {
  readonly valid: number;
  /** The errors of the closest alternative where none is valid. */
  readonly closest: readonly FieldError[];
}

/** `enough`: that many valid ones tell all that there is to know. */
function tryAll(
  alternatives: readonly Validate[],
  enough: number,
  value: unknown,
  old: unknown,
  path: string,
  { budget }: Run,
): Outcome {
  let valid = 0;
  let closest: Run | undefined;
  for (const validate of alternatives) {
    budget.spend(alternativeSteps);
    const run: Run = { errors: [], matches: 0, budget };
    validate(value, old, path, run);
    if (run.errors.length === 0) {
      if (++valid === enough) break;
    } else if (closest === undefined || run.matches > closest.matches) closest = run;
  }
  return { valid, closest: valid === 0 ? (closest?.errors ?? []) : [] };
}

/** Undefined where the schema has none. */
export function compileJunctors(schema: JsonSchema, compile: (schema: JsonSchema) => Validate): Validate | undefined {
  const anyOf = schema.anyOf?.map(compile) ?? [];
  const oneOf = schema.oneOf?.map(compile) ?? [];
  const allOf = schema.allOf?.map(compile) ?? [];
  const not = schema.not === undefined ? undefined : compile(schema.not);
  if (anyOf.length + oneOf.length + allOf.length === 0 && not === undefined) return undefined;
  return (value, old, path, run) => {
    const { errors } = run;
    const name = JSON.stringify(path);
    run.budget.spend(path.length >> 5);
    if (anyOf.length > 0) {
      const { valid, closest } = tryAll(anyOf, 1, value, old, path, run);
      if (valid === 0)
        addErrors(errors, [schemaMismatch(`${name} must validate at least one schema (anyOf)`), ...closest]);
    }
    if (oneOf.length > 0) {
      const { valid, closest } = tryAll(oneOf, Number.POSITIVE_INFINITY, value, old, path, run);
      if (valid !== 1) {
        const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
        addErrors(errors, [
          schemaMismatch(`${name} must validate one and only one schema (oneOf). ${found}`),
          ...closest,
        ]);
      }
    }
    let failed = 0;
    for (const validate of allOf) {
      const before = errors.length;
      validate(value, old, path, run);
      if (errors.length > before) failed++;
    }
    if (failed > 0) {
      const none = failed === allOf.length ? '. None validated' : '';
      errors.push(schemaMismatch(`${name} must validate all the schemas (allOf)${none}`));
    }
    if (not !== undefined && tryAll([not], 1, value, old, path, run).valid === 1) {
      errors.push(schemaMismatch(`${name} must not validate the schema (not)`));
    }
  };
}
