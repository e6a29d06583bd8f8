import type { KubeObject } from '@kcp-ts/api';
import { expect, it } from 'vitest';
import { definitionsOfApiResourceSchema, definitionsOfCustomResourceDefinition } from './resource-definitions.ts';
import { validateApiResourceSchema } from './validate-api-resource-schema.ts';

const names = { plural: 'lamps', singular: 'lamp', kind: 'Lamp', listKind: 'LampList', shortNames: ['lp'] };
const schema = { type: 'object' };

it('a definition gives one row for each served version', () => {
  const object: KubeObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'lamps.light.io' },
    spec: {
      group: 'light.io',
      scope: 'Namespaced',
      names,
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } },
        { name: 'v1beta1', served: false, storage: false, schema: { openAPIV3Schema: schema } },
        {
          name: 'v2',
          served: true,
          storage: false,
          deprecated: true,
          schema: { openAPIV3Schema: schema },
          subresources: { status: {}, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } },
          additionalPrinterColumns: [{ name: 'N', type: 'integer', jsonPath: '.spec.n', priority: 1 }],
          selectableFields: [{ jsonPath: '.spec.color' }],
        },
      ],
    },
    status: { acceptedNames: { ...names, shortNames: [] } },
  };
  expect(definitionsOfCustomResourceDefinition(object)).toMatchInlineSnapshot(`
    [
      {
        "categories": [],
        "columns": [
          {
            "jsonPath": ".metadata.creationTimestamp",
            "name": "Age",
            "type": "date",
          },
        ],
        "dialect": "custom",
        "group": "light.io",
        "kind": "Lamp",
        "listKind": "LampList",
        "nameFormat": "dns-subdomain",
        "namespaced": true,
        "plural": "lamps",
        "scale": undefined,
        "schema": {
          "type": "object",
        },
        "selectableFields": [],
        "shortNames": [],
        "singular": "lamp",
        "storageVersion": "v1",
        "subresources": [],
        "verbs": [
          "delete",
          "deletecollection",
          "get",
          "list",
          "patch",
          "create",
          "update",
          "watch",
        ],
        "version": "v1",
      },
      {
        "categories": [],
        "columns": [
          {
            "jsonPath": ".spec.n",
            "name": "N",
            "priority": 1,
            "type": "integer",
          },
        ],
        "deprecated": true,
        "deprecationWarning": "light.io/v2 Lamp is deprecated",
        "dialect": "custom",
        "group": "light.io",
        "kind": "Lamp",
        "listKind": "LampList",
        "nameFormat": "dns-subdomain",
        "namespaced": true,
        "plural": "lamps",
        "scale": {
          "specReplicasPath": ".spec.n",
          "statusReplicasPath": ".status.n",
        },
        "schema": {
          "type": "object",
        },
        "selectableFields": [
          ".spec.color",
        ],
        "shortNames": [],
        "singular": "lamp",
        "storageVersion": "v1",
        "subresources": [
          {
            "name": "status",
            "verbs": [
              "get",
              "patch",
              "update",
            ],
          },
          {
            "group": "autoscaling",
            "kind": "Scale",
            "name": "scale",
            "verbs": [
              "get",
              "patch",
              "update",
            ],
            "version": "v1",
          },
        ],
        "verbs": [
          "delete",
          "deletecollection",
          "get",
          "list",
          "patch",
          "create",
          "update",
          "watch",
        ],
        "version": "v2",
      },
    ]
  `);
});

it('a schema names its resource and cannot change', () => {
  const lamps = (name: string, spec: object = {}): KubeObject => ({
    apiVersion: 'apis.kcp.io/v1alpha1',
    kind: 'APIResourceSchema',
    metadata: { name },
    spec: {
      group: 'light.io',
      scope: 'Cluster',
      names,
      versions: [{ name: 'v1', served: true, storage: true, schema }],
      ...spec,
    },
  });
  const problems = (object: KubeObject, old?: KubeObject): string[] =>
    validateApiResourceSchema(object, old).map(({ field, message }) => `${field}: ${message}`);
  const good = lamps('v1.lamps.light.io');
  expect(problems(good)).toEqual([]);
  expect(problems(lamps('lamps.light.io'))).toEqual([
    'metadata.name: Invalid value: "lamps.light.io": must end in .lamps.light.io',
  ]);
  expect(problems(lamps('1.lamps.light.io'))).toEqual([
    'metadata.name: Invalid value: "1.lamps.light.io": must match ^[a-z]([-a-z0-9]*[a-z0-9])?$ in front of .lamps.light.io',
  ]);
  expect(problems(lamps('v1.lamps.core', { group: '' }))).toEqual([]);
  expect(problems(lamps('v1.lamps.light.io', { scope: 'Namespaced' }), good)[0]).toMatch(
    /^spec: Invalid value: \{.*\}: is immutable$/,
  );
  const rule = { type: 'object', 'x-kubernetes-validations': [{ rule: 'true' }] };
  expect(
    problems(lamps('v1.lamps.light.io', { versions: [{ name: 'v1', served: true, storage: true, schema: rule }] })),
  ).toEqual([
    'spec.versions[0].schema.openAPIV3Schema.x-kubernetes-validations: Forbidden: CEL validation rules are not supported yet by this server',
  ]);
});

it('a schema may allow names that are path segments only', () => {
  const [definition] = definitionsOfApiResourceSchema({
    apiVersion: 'apis.kcp.io/v1alpha1',
    kind: 'APIResourceSchema',
    metadata: { name: 'v1.lamps.core' },
    spec: {
      group: '',
      names,
      scope: 'Cluster',
      nameValidation: 'PathSegmentName',
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
  expect(definition).toMatchObject({
    group: '',
    nameFormat: 'path-segment',
    namespaced: false,
    dialect: 'custom',
    storageVersion: 'v1',
  });
});

it('words without a value mean nothing, and nulls in defaults stay', () => {
  const spec = { group: '', names, scope: 'Cluster' };
  const given = {
    type: 'object',
    description: null,
    properties: {
      a: { type: 'string', pattern: null },
      b: { type: 'object', default: { x: null } },
      c: { anyOf: [{ not: null }] },
    },
  };
  const [definition] = definitionsOfApiResourceSchema({
    apiVersion: 'apis.kcp.io/v1alpha1',
    kind: 'APIResourceSchema',
    metadata: { name: 'v1.lamps.core' },
    spec: { ...spec, versions: [{ name: 'v1', served: true, storage: true, schema: given }] },
  });
  expect(definition?.schema).toEqual({
    type: 'object',
    properties: { a: { type: 'string' }, b: { type: 'object', default: { x: null } }, c: { anyOf: [{}] } },
  });
});
