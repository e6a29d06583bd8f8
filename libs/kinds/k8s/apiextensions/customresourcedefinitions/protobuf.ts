/**
 * CustomResourceDefinitions and the schemas in them.
 * (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1)
 */
import type { FieldType, FormedMessage, Message } from '@kcp-ts/k8s-protobuf';
import { list, map, metadata, of } from '@kcp-ts/k8s-protobuf/builder';
import { webhookClientConfig } from '../../common/messages.ts';

const schema: FieldType = { message: () => schemaProps };

/** A message with a schema in its field `schema`, or else what JSON has in its place. */
function schemaOr(message: Message, forms: Pick<FormedMessage, 'form' | 'parts'>): FormedMessage {
  return { message: () => message, ...forms };
}

const schemaOrArray = schemaOr(
  { 1: ['schema', schema], 2: ['schemas', list(schema)] },
  {
    form: ({ schema: one, schemas = [] }) => one ?? schemas,
    parts: (value) => (Array.isArray(value) ? { schemas: value } : { schema: value }),
  },
);
const schemaOrBool = schemaOr(
  { 1: ['allows', 'bool'], 2: ['schema', schema] },
  {
    form: ({ allows = false, schema: one }) => one ?? allows,
    parts: (value) => (typeof value === 'boolean' ? { allows: value } : { allows: true, schema: value }),
  },
);
const schemaOrStrings = schemaOr(
  { 1: ['schema', schema], 2: ['strings', list('string')] },
  {
    form: ({ schema: one, strings = [] }) => one ?? strings,
    parts: (value) => (Array.isArray(value) ? { strings: value } : { schema: value }),
  },
);

const validationRule: Message = {
  1: ['rule', 'string'],
  2: ['message', 'string'],
  3: ['messageExpression', 'string'],
  4: ['reason', 'optional-string'],
  5: ['fieldPath', 'string'],
  6: ['optionalOldSelf', 'bool'],
};

const schemaProps: Message = {
  1: ['id', 'string'],
  2: ['$schema', 'string'],
  3: ['$ref', 'optional-string'],
  4: ['description', 'string'],
  5: ['type', 'string'],
  6: ['format', 'string'],
  7: ['title', 'string'],
  8: ['default', 'json'],
  9: ['maximum', 'double'],
  10: ['exclusiveMaximum', 'flag'],
  11: ['minimum', 'double'],
  12: ['exclusiveMinimum', 'flag'],
  13: ['maxLength', 'int'],
  14: ['minLength', 'int'],
  15: ['pattern', 'string'],
  16: ['maxItems', 'int'],
  17: ['minItems', 'int'],
  18: ['uniqueItems', 'flag'],
  19: ['multipleOf', 'double'],
  20: ['enum', list('json')],
  21: ['maxProperties', 'int'],
  22: ['minProperties', 'int'],
  23: ['required', list('string')],
  24: ['items', schemaOrArray],
  25: ['allOf', list(schema)],
  26: ['oneOf', list(schema)],
  27: ['anyOf', list(schema)],
  28: ['not', schema],
  29: ['properties', map(schema)],
  30: ['additionalProperties', schemaOrBool],
  31: ['patternProperties', map(schema)],
  32: ['dependencies', map(schemaOrStrings)],
  33: ['additionalItems', schemaOrBool],
  34: ['definitions', map(schema)],
  35: ['externalDocs', of({ 1: ['description', 'string'], 2: ['url', 'string'] })],
  36: ['example', 'json'],
  37: ['nullable', 'flag'],
  38: ['x-kubernetes-preserve-unknown-fields', 'bool'],
  39: ['x-kubernetes-embedded-resource', 'flag'],
  40: ['x-kubernetes-int-or-string', 'flag'],
  41: ['x-kubernetes-list-map-keys', list('string')],
  42: ['x-kubernetes-list-type', 'optional-string'],
  43: ['x-kubernetes-map-type', 'optional-string'],
  44: ['x-kubernetes-validations', list(of(validationRule))],
};

const names: Message = {
  1: ['plural', 'string'],
  2: ['singular', 'string'],
  3: ['shortNames', list('string')],
  4: ['kind', 'string'],
  5: ['listKind', 'string'],
  6: ['categories', list('string')],
};
const column: Message = {
  1: ['name', 'string'],
  2: ['type', 'string'],
  3: ['format', 'string'],
  4: ['description', 'string'],
  5: ['priority', 'count'],
  6: ['jsonPath', 'string'],
};
const scale: Message = {
  1: ['specReplicasPath', 'string'],
  2: ['statusReplicasPath', 'string'],
  3: ['labelSelectorPath', 'optional-string'],
};
const version: Message = {
  1: ['name', 'string'],
  2: ['served', 'bool'],
  3: ['storage', 'bool'],
  4: ['schema', of({ 1: ['openAPIV3Schema', schema] })],
  5: ['subresources', of({ 1: ['status', of({})], 2: ['scale', of(scale)] })],
  6: ['additionalPrinterColumns', list(of(column))],
  7: ['deprecated', 'flag'],
  8: ['deprecationWarning', 'optional-string'],
  9: ['selectableFields', list(of({ 1: ['jsonPath', 'string'] }))],
};
const conversion: Message = {
  1: ['strategy', 'string'],
  2: ['webhook', of({ 2: ['clientConfig', of(webhookClientConfig)], 3: ['conversionReviewVersions', list('string')] })],
};
const condition: Message = {
  1: ['type', 'string'],
  2: ['status', 'string'],
  3: ['lastTransitionTime', 'time'],
  4: ['reason', 'string'],
  5: ['message', 'string'],
  6: ['observedGeneration', 'count'],
};

export const customResourceDefinition: Message = {
  1: metadata,
  2: [
    'spec',
    of({
      1: ['group', 'string'],
      3: ['names', of(names)],
      4: ['scope', 'string'],
      7: ['versions', list(of(version))],
      9: ['conversion', of(conversion)],
      10: ['preserveUnknownFields', 'flag'],
    }),
  ],
  3: [
    'status',
    of({
      1: ['conditions', list(of(condition))],
      2: ['acceptedNames', of(names)],
      3: ['storedVersions', list('string')],
      4: ['observedGeneration', 'count'],
    }),
  ],
};
