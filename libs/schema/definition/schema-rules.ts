import type { FieldError, JsonSchema } from '@kcp-ts/api';
import { invalidValue } from '@kcp-ts/api';
import type { Checking } from './checking.ts';
import { pause } from './checking.ts';
import { checkDefaults } from './default-rules.ts';
import { checkOpenApiRules } from './open-api-rules.ts';
import { checkBounds } from './schema-bounds.ts';
import { schemaShapeError } from './schema-shape.ts';
import { checkStructural } from './structural-rules.ts';

/**
 * Everything that can be wrong with the schema of one version. Never throws, whatever the value is.
 */
export function* checkSchema(schema: unknown, path: string): Checking<FieldError[]> {
  const bounds = checkBounds(schema, path);
  if (bounds.length > 0) return bounds;
  yield* pause();
  const wrong = schemaShapeError(schema);
  if (wrong !== undefined) return [invalidValue(path, '', `invalid schema: ${wrong}`)];
  yield* pause();
  const errors: FieldError[] = [];
  checkOpenApiRules(schema as JsonSchema, path, errors);
  yield* pause();
  for (const error of yield* checkStructural(schema as JsonSchema, path)) errors.push(error);
  // Only a schema that is right so far can be compiled.
  if (errors.length === 0) yield* checkDefaults(schema as JsonSchema, path, errors);
  return errors;
}
