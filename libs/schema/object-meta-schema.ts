import type { JsonSchema } from '@kcp-ts/api';

const text: JsonSchema = { type: 'string' };
const time: JsonSchema = { type: 'string', format: 'date-time' };
const texts: JsonSchema = { type: 'object', additionalProperties: text };

/**
 * The fields of every object's metadata, as Go's ObjectMeta has them; `title` is the name of the Go
 * type.
 */
export const objectMetaSchema: JsonSchema = {
  type: 'object',
  title: 'ObjectMeta',
  properties: {
    name: text,
    generateName: text,
    namespace: text,
    selfLink: text,
    uid: { type: 'string', title: 'types.UID' },
    resourceVersion: text,
    generation: { type: 'integer', format: 'int64' },
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: { type: 'integer', format: 'int64' },
    labels: texts,
    annotations: texts,
    ownerReferences: {
      type: 'array',
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'uid',
      items: {
        type: 'object',
        title: 'OwnerReference',
        properties: {
          apiVersion: text,
          kind: text,
          name: text,
          uid: { type: 'string', title: 'types.UID' },
          controller: { type: 'boolean' },
          blockOwnerDeletion: { type: 'boolean' },
        },
      },
    },
    finalizers: { type: 'array', items: text, 'x-kubernetes-patch-strategy': 'merge' },
    managedFields: {
      type: 'array',
      items: {
        type: 'object',
        title: 'ManagedFieldsEntry',
        properties: {
          manager: text,
          operation: { type: 'string', title: 'v1.ManagedFieldsOperationType' },
          apiVersion: text,
          time,
          fieldsType: text,
          fieldsV1: { 'x-kubernetes-preserve-unknown-fields': true },
          subresource: text,
        },
      },
    },
  },
};
