import type { FieldError, JsonSchema } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import { compileSchema } from './compile-schema.ts';

const lamp: JsonSchema = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['watts'],
      properties: {
        watts: { type: 'integer', minimum: 1, maximum: 100 },
        tint: { type: 'string', enum: ['warm', 'cold'], default: 'warm' },
        label: { type: 'string', pattern: '^[a-z]+$', maxLength: 6 },
        limit: { 'x-kubernetes-int-or-string': true },
        since: { type: 'string', format: 'date-time' },
        note: { type: 'string', nullable: true },
        free: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { known: { type: 'object' } },
        },
        sockets: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['slot'],
          items: {
            type: 'object',
            required: ['slot'],
            properties: { slot: { type: 'integer' }, mode: { type: 'string', default: 'ac' } },
          },
        },
        zones: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        hours: { type: 'object', additionalProperties: { type: 'integer', maximum: 24 } },
      },
    },
  },
};

const compiled = compileSchema(lamp, { dialect: 'custom' });

function texts(errors: readonly FieldError[]): string[] {
  return errors.map((error) => `${error.kind} ${error.field}: ${error.message}`);
}

function lampOf(spec: object): Record<string, unknown> {
  return { apiVersion: 'light.io/v1', kind: 'Lamp', metadata: { name: 'l' }, spec };
}

describe('lists of type map', () => {
  it('tell of a null item once', () => {
    expect(texts(compiled.validate(lampOf({ watts: 1, sockets: [null, { slot: 1 }, { slot: 1 }] })))).toEqual([
      'TypeInvalid spec.sockets[0]: Invalid value: "null": spec.sockets[0] in body must be of type object: "null"',
      'Duplicate spec.sockets[2]: Duplicate value: {"slot":1}',
    ]);
  });
});

describe('prune', () => {
  it('removes unknown fields and tells their paths, sorted', () => {
    const object = { ...lampOf({ watts: 1, zz: 1, sockets: [{ slot: 1, x: { y: 1 } }], hours: { mon: 1 } }), a: 1 };
    expect(compiled.prune(object)).toEqual(['a', 'spec.sockets[0].x', 'spec.zz']);
    expect(object).toEqual(lampOf({ watts: 1, sockets: [{ slot: 1 }], hours: { mon: 1 } }));
  });

  it('keeps the unknown fields of the items of a list that preserves them, except below known properties', () => {
    const items: JsonSchema = { type: 'object', properties: { known: { type: 'object' } } };
    const list: JsonSchema = { type: 'array', 'x-kubernetes-preserve-unknown-fields': true, items };
    const properties = {
      plain: { ...list, items: { type: 'object' as const } },
      list,
      deep: { ...list, items: { type: 'array' as const, items } },
    };
    const pipelines = compileSchema({ type: 'object', properties }, { dialect: 'custom' });
    const object = {
      plain: [{ 'pipeline.id': 'main', config: { workers: 1 } }],
      list: [{ any: { deep: [{}] }, known: { gone: 1 } }],
      deep: [[{ any: 1, known: { gone: 1 } }]],
    };
    expect(pipelines.prune(object)).toEqual(['deep[0][0].known.gone', 'list[0].known.gone']);
    expect(object).toEqual({
      plain: [{ 'pipeline.id': 'main', config: { workers: 1 } }],
      list: [{ any: { deep: [{}] }, known: {} }],
      deep: [[{ any: 1, known: {} }]],
    });
  });

  it('keeps what is below preserve-unknown-fields, except below known properties', () => {
    const object = lampOf({ watts: 1, free: { any: { deep: [1] }, known: { gone: 1 } } });
    expect(compiled.prune(object)).toEqual(['spec.free.known.gone']);
    expect(object['spec']).toEqual({ watts: 1, free: { any: { deep: [1] }, known: {} } });
  });

  it('keeps kind and metadata of embedded resources', () => {
    const { prune } = compileSchema(
      {
        type: 'object',
        properties: {
          pod: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'string' } } },
        },
      },
      { dialect: 'custom' },
    );
    const object = { pod: { apiVersion: 'v1', kind: 'Pod', metadata: { labels: {} }, spec: 'x', other: 1 } };
    expect(prune(object)).toEqual(['pod.other']);
    expect(Object.keys(object.pod)).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
  });
});

describe('applyDefaults', () => {
  it('fills what is missing in objects and items that are there', () => {
    const object = lampOf({ watts: 1, sockets: [{ slot: 1 }, { slot: 2, mode: 'dc' }] });
    compiled.applyDefaults(object);
    expect(object['spec']).toEqual({
      watts: 1,
      tint: 'warm',
      sockets: [
        { slot: 1, mode: 'ac' },
        { slot: 2, mode: 'dc' },
      ],
    });
  });

  it('does not make parents', () => {
    const object: Record<string, unknown> = { metadata: {} };
    compiled.applyDefaults(object);
    expect(object).toEqual({ metadata: {} });
  });

  it('replaces nulls by the default, removes those without, keeps those that are allowed', () => {
    const object = lampOf({ watts: null, tint: null, note: null, hours: { mon: null } });
    compiled.applyDefaults(object);
    expect(object['spec']).toEqual({ tint: 'warm', note: null, hours: {} });
  });

  it('gives every object its own copy of a default', () => {
    const schema: JsonSchema = {
      type: 'object',
      properties: { list: { type: 'array', items: { type: 'string' }, default: [] } },
    };
    const { applyDefaults } = compileSchema(schema, { dialect: 'custom' });
    const [a, b]: { list?: string[] }[] = [{}, {}];
    applyDefaults(a ?? {});
    applyDefaults(b ?? {});
    a?.list?.push('x');
    expect(b).toEqual({ list: [] });
  });
});

describe('validate', () => {
  it('tells everything that is wrong in the words of Kubernetes', () => {
    const spec = {
      watts: 101,
      tint: 'green',
      label: 'TOOLONGNAME',
      limit: 1.5,
      since: 'yesterday',
      sockets: [{ slot: 1 }, { slot: 1 }, { mode: 'x' }],
      zones: ['a', 'b', 'a'],
      hours: { mon: 25 },
      free: 'x',
    };
    expect(texts(compiled.validate(lampOf(spec)))).toEqual([
      'TypeInvalid spec.free: Invalid value: "string": spec.free in body must be of type object: "string"',
      'Invalid spec.hours.mon: Invalid value: 25: spec.hours.mon in body should be less than or equal to 24',
      'TooLong spec.label: Too long: may not be more than 6 bytes',
      'TypeInvalid spec.limit: Invalid value: "number": spec.limit in body must be of type integer,string: "number"',
      'TypeInvalid spec.since: Invalid value: "yesterday": spec.since in body must be of type date-time: "yesterday"',
      'Required spec.sockets[2].slot: Required value',
      'NotSupported spec.tint: Unsupported value: "green": supported values: "warm", "cold"',
      'Invalid spec.watts: Invalid value: 101: spec.watts in body should be less than or equal to 100',
      'Duplicate spec.sockets[1]: Duplicate value: {"slot":1}',
      'Duplicate spec.zones[2]: Duplicate value: "a"',
    ]);
  });

  it('takes an object that fits', () => {
    const spec = {
      watts: 1,
      tint: 'cold',
      label: 'abc',
      limit: '10%',
      since: '2026-11-21T00:00:00Z',
      note: null,
      zones: ['a'],
    };
    expect(compiled.validate(lampOf(spec))).toEqual([]);
  });

  it('says which fields are missing', () => {
    expect(texts(compiled.validate({ metadata: {} }))).toEqual(['Required spec: Required value']);
  });

  it('lets values pass on update that were as invalid before', () => {
    const old = lampOf({ watts: 500, label: 'X', sockets: [{ slot: 1, mode: 5 }, { slot: 2 }] });
    const moved = lampOf({ watts: 500, label: 'Y', sockets: [{ slot: 2 }, { slot: 1, mode: 5 }] });
    expect(texts(compiled.validate(moved, old))).toEqual([
      `Invalid spec.label: Invalid value: "Y": spec.label in body should match '^[a-z]+$'`,
    ]);
  });

  it('lets lists stay that were no sets before', () => {
    const old = lampOf({ watts: 1, zones: ['a', 'a'] });
    expect(compiled.validate(lampOf({ watts: 2, zones: ['a', 'a'] }), old)).toEqual([]);
  });

  it('names alternatives without a field, and the errors of the closest one', () => {
    const schema: JsonSchema = {
      type: 'object',
      properties: { a: { type: 'integer' }, b: { type: 'integer' } },
      oneOf: [{ required: ['a'] }, { required: ['b'] }],
      not: { required: ['c'] },
    };
    const { validate } = compileSchema(schema, { dialect: 'custom' });
    expect(texts(validate({}))).toEqual([
      'Invalid <nil>: Invalid value: "": "" must validate one and only one schema (oneOf). Found none valid',
      'Required a: Required value',
    ]);
    expect(texts(validate({ a: 1, b: 1, c: 1 }))).toEqual([
      'Invalid <nil>: Invalid value: "": "" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      'Invalid <nil>: Invalid value: "": "" must not validate the schema (not)',
    ]);
  });

  it('checks what the scale subresource reads', () => {
    const scale = {
      specReplicasPath: '.spec.size',
      statusReplicasPath: '.status.size',
      labelSelectorPath: '.status.selector',
    };
    const schema: JsonSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const { validate } = compileSchema(schema, { dialect: 'custom', scale });
    expect(texts(validate({ spec: { size: 'three' }, status: { size: -1, selector: 5 } }))).toEqual([
      'Invalid .spec.size: Invalid value: 0: .spec.size accessor error: three is of the type string, expected int64',
      'Invalid .status.size: Invalid value: -1: should be a non-negative integer',
      'Invalid .status.selector: Invalid value: "": .status.selector accessor error: 5 is of the type int64, expected string',
    ]);
  });
});
