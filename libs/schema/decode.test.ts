import type { JsonSchema } from '@kcp-ts/api';
import { expect, it } from 'vitest';
import { compileSchema } from './compile-schema.ts';

const schema: JsonSchema = {
  type: 'object',
  properties: {
    data: { type: 'object', additionalProperties: { type: 'string' } },
    count: { type: 'integer', format: 'int32' },
    rules: {
      type: 'array',
      items: {
        type: 'object',
        title: 'PolicyRule',
        properties: { verbs: { type: 'array', items: { type: 'string' } } },
      },
    },
  },
};
const builtin = compileSchema(schema, { dialect: 'builtin', kind: 'Thing' });

it('wrong types are reported as Go reports them', () => {
  const errorOf = (object: object): string | undefined => builtin.decode(object).error;
  expect(errorOf({ data: { a: 1 } })).toBe(
    'json: cannot unmarshal number into Go struct field Thing.data of type string',
  );
  expect(errorOf({ data: [] })).toBe(
    'json: cannot unmarshal array into Go struct field Thing.data of type map[string]string',
  );
  expect(errorOf({ count: 3_000_000_000 })).toBe(
    'json: cannot unmarshal number 3000000000 into Go struct field Thing.count of type int32',
  );
  expect(errorOf({ rules: [{ verbs: [true] }] })).toBe(
    'json: cannot unmarshal bool into Go struct field PolicyRule.rules.verbs of type string',
  );
  expect(errorOf({ metadata: { labels: { a: 1 } } })).toBe(
    'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
  );
  expect(errorOf({ metadata: 'x' })).toBe(
    'json: cannot unmarshal string into Go struct field Thing.metadata of type v1.ObjectMeta',
  );
});

it('unknown fields are removed and reported in the order of the document', () => {
  const object = { nope: 1, metadata: { foo: 1, name: 'n' }, rules: [{ b: 1, a: 1 }] };
  expect(builtin.decode(object)).toEqual({ unknown: ['nope', 'metadata.foo', 'rules[0].b', 'rules[0].a'] });
  expect(object).toEqual({ metadata: { name: 'n' }, rules: [{}] });
});

it('null means absent in a field and the zero value in a map or list', () => {
  const object = { metadata: { creationTimestamp: null }, data: { a: null }, count: null, rules: [{ verbs: null }] };
  expect(builtin.decode(object)).toEqual({ unknown: [] });
  expect(object).toEqual({ metadata: {}, data: { a: '' }, rules: [{}] });
});

it('metadata is checked in custom resources too, and nothing else', () => {
  const custom = compileSchema(schema, { dialect: 'custom', kind: 'Thing' });
  const object = { data: { a: 1 }, other: 1, metadata: { nope: 1 } };
  expect(custom.decode(object)).toEqual({ unknown: ['metadata.nope'] });
  expect(object).toEqual({ data: { a: 1 }, other: 1, metadata: {} });
  expect(custom.decode({ metadata: { finalizers: 'x' } }).error).toBe(
    'json: cannot unmarshal string into Go struct field ObjectMeta.metadata.finalizers of type []string',
  );
});

it('bytes are base64', () => {
  const { decode } = compileSchema(
    { type: 'object', properties: { ca: { type: 'string', format: 'byte' } } },
    { dialect: 'builtin' },
  );
  const good = ['', 'YQ==', 'YWI=', 'YWJj', 'YWJj\nYWJj\n'];
  expect(good.filter((ca) => decode({ ca }).error !== undefined)).toEqual([]);
  expect(decode({ ca: 'not base64!' }).error).toBe('illegal base64 data at input byte 3');
  expect(decode({ ca: 'YQ' }).error).toBe('illegal base64 data at input byte 0');
});
