import type { KubeObject } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import { defaultCustomResourceDefinition } from './default-custom-resource-definition.ts';
import { validateCustomResourceDefinition } from './validate-custom-resource-definition.ts';

const open = { type: 'object' };

function version(schema: unknown, more: object = {}): object {
  return { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more };
}

function lamps(versions: readonly object[], spec: object = {}, metadata: object = {}): KubeObject {
  const object: KubeObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'lamps.light.io', ...metadata },
    spec: { group: 'light.io', scope: 'Cluster', names: { plural: 'lamps', kind: 'Lamp' }, versions, ...spec },
  };
  defaultCustomResourceDefinition(object);
  return object;
}

function problems(object: KubeObject, old?: KubeObject): string[] {
  return validateCustomResourceDefinition(object, old).map(
    ({ kind, field, message }) => `${kind} ${field}: ${message}`,
  );
}

const at = 'spec.validation.openAPIV3Schema';

function schemaProblems(spec: unknown): string[] {
  return problems(lamps([version({ type: 'object', properties: { spec } })])).map((text) =>
    text.replace(`${at}.properties[spec]`, '~'),
  );
}

it('a good definition has its names, conversion and stored version filled in', () => {
  const object = lamps([version(open)]);
  expect(problems(object)).toEqual([]);
  expect(object['spec']).toMatchObject({
    names: { plural: 'lamps', kind: 'Lamp', singular: 'lamp', listKind: 'LampList' },
    conversion: { strategy: 'None' },
  });
  expect(object['status']).toEqual({
    conditions: null,
    acceptedNames: { plural: '', kind: '' },
    storedVersions: ['v1'],
  });
});

describe('names and versions', () => {
  it('the name says the resource', () => {
    expect(problems(lamps([version(open)], {}, { name: 'other.light.io' }))).toEqual([
      'Invalid metadata.name: Invalid value: "other.light.io": must be spec.names.plural+"."+spec.group',
    ]);
  });

  it('one version is stored', () => {
    const texts = problems(lamps([version(open), version(open, { name: 'v2' })]));
    expect(texts[0]).toMatch(
      /^Invalid spec\.versions: Invalid value: \[\{"Name":"v1","Served":true,.*must have exactly one version marked as storage version$/,
    );
    expect(texts[1]).toBe('Invalid status.storedVersions: Invalid value: ["v1"]: must have the storage version v2');
  });

  it('groups of Kubernetes need its approval', () => {
    const spec = { group: 'light.k8s.io' };
    const name = 'lamps.light.k8s.io';
    expect(problems(lamps([version(open)], spec, { name }))).toEqual([
      'Required metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ]);
    const annotations = { 'api-approved.kubernetes.io': 'unapproved, a test' };
    expect(problems(lamps([version(open)], spec, { name, annotations }))).toEqual([]);
  });

  it('names are labels, and the group is a domain', () => {
    const names = { plural: 'Lamps', kind: 'Lamp', listKind: 'Lamp', shortNames: ['l_'] };
    const texts = problems(lamps([version(open)], { group: 'light', names, scope: 'Both' }, { name: 'Lamps.light' }));
    expect(texts.map((text) => text.split(': ')[0])).toEqual([
      'Invalid spec.group',
      'NotSupported spec.scope',
      'Invalid spec.names.plural',
      'Invalid spec.names.shortNames[0]',
      'Invalid spec.names.listKind',
    ]);
  });

  it('conversion webhooks are refused', () => {
    const conversion = { strategy: 'Webhook', webhook: { clientConfig: { service: { name: 'a', namespace: 'b' } } } };
    expect(problems(lamps([version(open)], { conversion }))).toEqual([
      'Forbidden spec.conversion.webhook.clientConfig.service: Forbidden: services cannot be reached from this server',
      'Forbidden spec.conversion.strategy: Forbidden: conversion webhooks are not supported by this server',
    ]);
  });

  it('kind and scope are immutable once established, the group always', () => {
    const old = {
      ...lamps([version(open)]),
      status: { storedVersions: ['v1'], conditions: [{ type: 'Established', status: 'True' }] },
    };
    expect(problems(lamps([version(open)], { scope: 'Namespaced', group: 'other.io' }), old)).toEqual([
      'Invalid spec.scope: Invalid value: "Namespaced": field is immutable',
      'Invalid spec.group: Invalid value: "other.io": field is immutable',
    ]);
  });
});

describe('schemas', () => {
  it('are required', () => {
    expect(problems(lamps([version(undefined)]))).toEqual([
      'Required spec.versions[0].schema.openAPIV3Schema: Required value',
    ]);
  });

  it('stand under their version where versions differ', () => {
    const versions = [
      version(open),
      version({ type: 'object', properties: { x: {} } }, { name: 'v2', storage: false }),
    ];
    expect(problems(lamps(versions))).toEqual([
      'Required spec.versions[1].schema.openAPIV3Schema.properties[x].type: Required value: must not be empty for specified object fields',
    ]);
  });

  it('are structural', () => {
    expect(schemaProblems({ type: 'array' })).toEqual(['Required ~.items: Required value: must be specified']);
    expect(
      schemaProblems({ type: 'object', anyOf: [{ type: 'object', properties: { a: { nullable: true } } }] }),
    ).toEqual(
      [
        'Forbidden ~.anyOf[0].properties[a].nullable: Forbidden: must be false to be structural',
        'Forbidden ~.anyOf[0].type: Forbidden: must be empty to be structural',
        'Required ~.anyOf[0].properties[a]: Required value: because it is defined in a junctor, it must be defined outside of it as well',
      ].map((text) => (text.startsWith('Required') ? text.replace('.anyOf[0]', '') : text)),
    );
    expect(
      schemaProblems({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }),
    ).toEqual([]);
  });

  it('may say in a few ways that a field is an integer or a string', () => {
    const either = { 'x-kubernetes-int-or-string': true };
    const anyOf = [{ type: 'integer' }, { type: 'string' }];
    const problemsOf = (field: object) => schemaProblems({ type: 'object', properties: { field } });
    for (const more of [
      {},
      { anyOf },
      { allOf: [{ anyOf }, { pattern: '^x' }] },
      { type: 'integer' },
      { type: 'string' },
      { pattern: '^[0-9]+%$' },
    ])
      expect(problemsOf({ ...either, ...more })).toEqual([]);
    expect(problemsOf({ ...either, anyOf: [...anyOf].reverse() })).toEqual([
      'Forbidden ~.properties[field].anyOf[0].type: Forbidden: must be empty to be structural',
      'Forbidden ~.properties[field].anyOf[1].type: Forbidden: must be empty to be structural',
    ]);
    expect(problemsOf({ anyOf })).toEqual([
      'Required ~.properties[field].type: Required value: must not be empty for specified object fields',
    ]);
  });

  it('use none of the words that are not for definitions', () => {
    expect(schemaProblems({ type: 'object', $ref: '#/x' })).toEqual([
      'Forbidden ~.$ref: Forbidden: $ref is not supported',
    ]);
    expect(schemaProblems({ type: 'thing' })).toEqual([
      'NotSupported ~.type: Unsupported value: "thing": supported values: "array", "boolean", "integer", "number", "object", "string"',
    ]);
    expect(schemaProblems({ type: 'object', properties: { a: open }, additionalProperties: open })).toEqual([
      'Forbidden ~.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive',
    ]);
  });

  it('use no CEL rules, wherever they stand', () => {
    const rules = [{ rule: 'true' }];
    expect(schemaProblems({ type: 'array', items: { type: 'string', 'x-kubernetes-validations': rules } })).toEqual([
      'Forbidden ~.items.x-kubernetes-validations: Forbidden: CEL validation rules are not supported yet by this server',
    ]);
    expect(schemaProblems({ type: 'object', allOf: [{ 'x-kubernetes-validations': rules }] })).toEqual([
      'Forbidden ~.allOf[0].x-kubernetes-validations: Forbidden: CEL validation rules are not supported yet by this server',
    ]);
  });

  it('have patterns that RE2 reads', () => {
    expect(schemaProblems({ type: 'string', pattern: '(' })).toEqual([
      'Invalid ~.pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
    ]);
  });

  it('have defaults that are valid and known', () => {
    expect(schemaProblems({ type: 'integer', default: 'x' })).toEqual([
      'TypeInvalid ~.default: Invalid value: "string":  in body must be of type integer: "string"',
    ]);
    expect(schemaProblems({ type: 'object', default: { a: 1 } })).toEqual([
      'Invalid ~.default: Invalid value: {"a":1}: must not have unknown fields',
    ]);
  });

  it('name the keys of list maps', () => {
    const items = { type: 'object', properties: { a: { type: 'object' }, b: { type: 'string' } } };
    const list = {
      type: 'array',
      items,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a', 'b', 'c'],
    };
    expect(schemaProblems(list)).toEqual([
      'Invalid ~.items.properties[a].type: Invalid value: "object": must be a scalar type if parent array\'s x-kubernetes-list-type is map',
      'Required ~.items.properties[b].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      'Invalid ~.x-kubernetes-list-map-keys: Invalid value: ["a","b","c"]: entries must all be names of item properties',
    ]);
  });

  it('are bounded', () => {
    let deep: object = { type: 'string' };
    for (let i = 0; i < 200; i++) deep = { type: 'object', properties: { a: deep } };
    expect(problems(lamps([version(deep)]))).toEqual([
      `Forbidden ${at}: Forbidden: must not be nested deeper than 100 levels`,
    ]);
    const wide = {
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`p${i}`, { type: 'string' }])),
    };
    expect(problems(lamps([version(wide)]))).toEqual([
      `Forbidden ${at}: Forbidden: must not hold more than 50000 values`,
    ]);
  });

  it('that are no schemas at all are refused, not thrown over', () => {
    for (const wrong of [{ properties: { a: 'x' } }, { items: 5 }, { enum: {} }, { anyOf: [1] }, { required: [1] }]) {
      expect(problems(lamps([version({ type: 'object', ...wrong })]))[0]).toContain(
        'invalid schema: json: cannot unmarshal',
      );
    }
  });
});

it('columns, scale paths and selectable fields are checked', () => {
  const schema = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { n: { type: 'number' }, s: { type: 'string' } } } },
  };
  const more = {
    additionalPrinterColumns: [{ name: 'A', type: 'text', jsonPath: 'spec' }],
    subresources: { scale: { specReplicasPath: '.status.n', statusReplicasPath: '' } },
    selectableFields: [{ jsonPath: '.spec.n' }, { jsonPath: '.spec.s' }, { jsonPath: '.metadata.name' }],
  };
  expect(problems(lamps([version(schema, more)]))).toEqual([
    'Invalid spec.subresources.scale.specReplicasPath: Invalid value: ".status.n": should be a json path under .spec',
    'Required spec.subresources.scale.statusReplicasPath: Required value',
    'Invalid spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
    'Invalid spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec": must be a simple json path starting with .',
    'Invalid spec.selectableFields[0].jsonPath: Invalid value: ".spec.n": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
    'Invalid spec.selectableFields[2].jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata',
  ]);
});
