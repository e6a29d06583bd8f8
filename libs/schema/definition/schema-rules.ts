import type { FieldError, JsonSchema } from '@kcp-ts/meta';
import { invalidValue } from '@kcp-ts/meta';
import { checkDefaults } from './default-rules.ts';
import { checkOpenApiRules } from './open-api-rules.ts';
import { checkBounds } from './schema-bounds.ts';
import { schemaShapeError } from './schema-shape.ts';
import { checkStructural } from './structural-rules.ts';

/** Everything that can be wrong with the schema of one version. Never throws, whatever the value is. */
export function checkSchema(schema: unknown, path: string): FieldError[] {
  const bounds = checkBounds(schema, path);
  if (bounds.length > 0) return bounds;
  const wrong = schemaShapeError(schema);
  if (wrong !== undefined) return [invalidValue(path, '', `invalid schema: ${wrong}`)];
  const errors: FieldError[] = [];
  checkOpenApiRules(schema as JsonSchema, path, errors);
  errors.push(...checkStructural(schema as JsonSchema, path));
  // Only a schema that is right so far can be compiled.
  if (errors.length === 0) checkDefaults(schema as JsonSchema, path, errors);
  return errors;
}
