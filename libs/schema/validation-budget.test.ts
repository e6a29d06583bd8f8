import type { FieldError, JsonSchema } from '@kcp-ts/api';
import { expect, it } from 'vitest';
import { compileSchema } from './compile-schema.ts';

const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run';

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function spec(list: JsonSchema): JsonSchema {
  return { type: 'object', properties: { spec: { type: 'object', properties: { list } } } };
}

function errorsOf(schema: JsonSchema, list: unknown, old?: unknown): FieldError[] {
  const compiled = compileSchema(schema, { dialect: 'custom' });
  return compiled.validate({ spec: { list } }, old === undefined ? undefined : { spec: { list: old } });
}

it('a large object under a schema without alternatives never runs out of budget', () => {
  const items: JsonSchema = { type: 'array', items: { type: 'integer' } };
  expect(
    errorsOf(
      spec(items),
      many(700_000, () => 0),
    ),
  ).toEqual([]);
  const set: JsonSchema = { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' };
  expect(errorsOf(spec(set), many(100_000, String))).toEqual([]);
  const enumerated: JsonSchema = { type: 'array', items: { type: 'string', enum: many(5_000, String) } };
  expect(
    errorsOf(
      spec(enumerated),
      many(100_000, (i) => String(i % 5_000)),
    ),
  ).toEqual([]);
});

it('alternatives times items end with the budget, and a few of them do not', () => {
  const items: JsonSchema = { type: 'string', anyOf: many(2_000, (i) => ({ enum: [`v${i}`] })) };
  const schema = spec({ type: 'array', items });
  expect(
    errorsOf(
      schema,
      many(60_000, () => 'none'),
    ).at(-1)?.message,
  ).toContain(outOfBudget);
  expect(errorsOf(schema, ['v0', 'v1999'])).toEqual([]);
  expect(errorsOf(schema, ['none'])[0]?.message).toContain('must validate at least one schema (anyOf)');
});

it('no more errors are reported than anybody reads', () => {
  const schema = spec({ type: 'array', items: { type: 'integer' } });
  expect(
    errorsOf(
      schema,
      many(100_000, () => 'x'),
    ).length,
  ).toBeLessThanOrEqual(1_001);
});

it('lists of many keyed items are compared with those they replace by their keys', () => {
  const items: JsonSchema = {
    type: 'object',
    properties: { k: { type: 'string' }, v: { type: 'integer', maximum: 5 } },
  };
  const keyed = { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] } as const;
  const old = many(30_000, (i) => ({ k: `k${i}`, v: 9 }));
  // Each was as invalid before, at another place.
  expect(errorsOf(spec(keyed), [...old].reverse(), old)).toEqual([]);
  expect(errorsOf(spec(keyed), [{ k: 'new', v: 9 }, ...old], old)).toHaveLength(1);
});

it('defaults fill an object up to what one may hold, and say so', () => {
  const item: JsonSchema = { type: 'object', properties: { text: { type: 'string', default: 'x'.repeat(10_000) } } };
  const { applyDefaults } = compileSchema(spec({ type: 'array', items: item }), { dialect: 'custom' });
  const few = { spec: { list: [{}, {}] } };
  expect(applyDefaults(few)).toBeLessThan(Number.POSITIVE_INFINITY);
  expect(JSON.stringify(few).length).toBeGreaterThan(20_000);
  const object = { spec: { list: many(100_000, () => ({})) } };
  expect(applyDefaults(object)).toBe(Number.POSITIVE_INFINITY);
  expect(JSON.stringify(object).length).toBeLessThan(5_000_000);
});
