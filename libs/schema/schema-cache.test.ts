import { expect, it } from 'vitest';
import { createSchemaCache } from './schema-cache.ts';

const schemaOf = (): object => ({ type: 'object', properties: { a: { type: 'string' } } });

it('gives equal schemas one compiled schema', () => {
  const cache = createSchemaCache();
  const a = cache.compile(schemaOf(), { dialect: 'custom' });
  expect(cache.compile({ properties: { a: { type: 'string' } }, type: 'object' }, { dialect: 'custom' })).toBe(a);
  expect(cache.compile(schemaOf(), { dialect: 'builtin' })).not.toBe(a);
  expect(cache.size).toBe(2);
});

it('addresses a schema by its content alone', () => {
  const cache = createSchemaCache();
  const [a, b] = [
    cache.compile(schemaOf(), { dialect: 'custom' }),
    cache.compile(schemaOf(), { dialect: 'builtin', kind: 'A' }),
  ];
  expect(a.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(a.hash).toBe(b.hash);
});
