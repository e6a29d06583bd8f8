import type { JsonSchema } from '@kcp-ts/api';
import { expect, it } from 'vitest';
import { compileSchema } from './compile-schema.ts';

const embedded: JsonSchema = {
  type: 'object',
  'x-kubernetes-embedded-resource': true,
  'x-kubernetes-preserve-unknown-fields': true,
};

const schema: JsonSchema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        one: embedded,
        list: { type: 'array', items: embedded },
        map: { type: 'object', additionalProperties: embedded },
        strict: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          properties: { spec: { type: 'object', properties: { known: { type: 'string' } } } },
        },
        nested: { ...embedded, properties: { inner: embedded } },
      },
    },
  },
};

const compiled = compileSchema(schema, { dialect: 'custom' });
const good = { apiVersion: 'v1', kind: 'C' };

function written(spec: object) {
  const object = { apiVersion: 'em.io/v1', kind: 'Em', metadata: { name: 'e' }, spec };
  const decoded = compiled.decode(object);
  const pruned = compiled.prune(object);
  const errors = compiled.validate(object).map(({ field, message }) => `${field}: ${message}`);
  return { spec: object.spec, error: decoded.error, unknown: [...decoded.unknown, ...pruned], errors };
}

it('keeps what an embedded resource may have, and takes unknown fields off its metadata', () => {
  const one = { ...good, metadata: { name: 'n', odd: 1, labels: { a: 'b' } }, spec: { any: 1 } };
  expect(written({ one, strict: { ...good, metadata: { odd: 2 }, spec: { known: 'x', other: 1 }, more: 1 } })).toEqual({
    spec: {
      one: { ...good, metadata: { name: 'n', labels: { a: 'b' } }, spec: { any: 1 } },
      strict: { ...good, metadata: {}, spec: { known: 'x' } },
    },
    error: undefined,
    unknown: ['spec.one.metadata.odd', 'spec.strict.metadata.odd', 'spec.strict.more', 'spec.strict.spec.other'],
    errors: [],
  });
});

it('leaves out of its metadata what Go leaves out', () => {
  const metadata = { name: '', creationTimestamp: null, labels: {}, finalizers: [], generation: 0, annotations: null };
  expect(written({ one: { ...good, metadata } }).spec).toEqual({ one: { ...good, metadata: {} } });
  expect(written({ one: { ...good, metadata: null } }).spec).toEqual({ one: { ...good, metadata: {} } });
});

it.each([
  [{ kind: 'C' }, 'spec.one.apiVersion: Required value'],
  [{ apiVersion: '', kind: 'C' }, 'spec.one.apiVersion: Required value'],
  [{ apiVersion: 'v1' }, 'spec.one.kind: Required value'],
  [
    { apiVersion: 'a/b/c', kind: 'C' },
    'spec.one.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
  ],
  [
    { apiVersion: 'v1', kind: 'c d' },
    `spec.one.kind: Invalid value: "c d": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
  ],
  [
    { ...good, metadata: { labels: { 'bad key': 'x' } } },
    `spec.one.metadata.labels: Invalid value: "bad key": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
  ],
  [{ ...good, metadata: { name: 'a/b' } }, `spec.one.metadata.name: Invalid value: "a/b": may not contain '/'`],
  [
    { ...good, metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'C', name: 'x', uid: '' }] } },
    'spec.one.metadata.ownerReferences.uid: Invalid value: "": must not be empty',
  ],
])('refuses %j', (one, error) => {
  expect(written({ one }).errors).toEqual([error]);
});

it('finds embedded resources in lists, maps and other embedded resources', () => {
  const { errors } = written({
    list: [good, { kind: 'C' }],
    map: { a: { apiVersion: 'v1' } },
    nested: { ...good, inner: {} },
  });
  expect(errors).toEqual([
    'spec.list[1].apiVersion: Required value',
    'spec.map[a].kind: Required value',
    'spec.nested.inner.apiVersion: Required value',
    'spec.nested.inner.kind: Required value',
  ]);
});

it('says in the words of Go what its metadata cannot hold', () => {
  expect(written({ one: { ...good, metadata: { labels: { a: 5 } } } }).error).toBe(
    'spec.one.metadata: Invalid value: {"labels":{"a":5}}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
  );
  expect(written({ list: [{ apiVersion: 1, kind: 'C' }] }).error).toBe(
    'spec.list[0].apiVersion: Invalid value: 1: must be a string',
  );
});
