import type { JsonSchema } from '@kcp-ts/api';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileSchema } from './compile-schema.ts';

const names = fc.constantFrom('a', 'b', 'c');
const size = fc.nat({ max: 3 });

const leaves: fc.Arbitrary<JsonSchema> = fc.oneof(
  fc.record(
    { type: fc.constant('string' as const), minLength: size, pattern: fc.constantFrom('^a', 'b$', '[0-9]+') },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    { type: fc.constant('string' as const), maxLength: size, enum: fc.constant(['a', 'ab']) },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    { type: fc.constantFrom('integer' as const, 'number' as const), minimum: size, maximum: size },
    { requiredKeys: ['type'] },
  ),
  fc.record({ type: fc.constant('integer' as const), multipleOf: fc.constantFrom(1, 2, 3) }),
  fc.constant<JsonSchema>({ type: 'boolean' }),
);

const { schema: schemas } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaves,
    fc.record(
      {
        type: fc.constant('object' as const),
        properties: fc.dictionary(names, tie('schema'), { maxKeys: 3 }),
        required: fc.uniqueArray(names, { maxLength: 2 }),
        maxProperties: size,
      },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: fc.constant('object' as const), additionalProperties: tie('schema') }),
    fc.record(
      { type: fc.constant('array' as const), items: tie('schema'), minItems: size, maxItems: size },
      { requiredKeys: ['type', 'items'] },
    ),
    fc.record(
      { anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }), not: tie('schema') },
      { requiredKeys: ['anyOf'] },
    ),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
  ),
}));

const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('', 'a', 'ab', 'b1', 'x'),
    fc.integer({ min: -1, max: 6 }),
    fc.constantFrom(0.5, true, false),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3 }),
  ),
}));

// Null is left out: Kubernetes looks at nothing but its type.
it('agrees with ajv on what is valid', () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  let valid = 0;
  fc.assert(
    fc.property(schemas, fc.array(values, { minLength: 4, maxLength: 8 }), (schema, several) => {
      const compiled = compileSchema(schema, { dialect: 'custom' });
      const oracle = ajv.compile(schema);
      for (const value of several) {
        const wanted = oracle(value);
        if (wanted) valid++;
        expect(compiled.validate(value as object).length === 0).toBe(wanted);
      }
      ajv.removeSchema();
    }),
    { numRuns: 400 },
  );
  expect(valid).toBeGreaterThan(50);
});
