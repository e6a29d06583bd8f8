/** Messages that several kinds are made of. */
import type { Message } from '@kcp-ts/k8s-protobuf';
import { list, map, of } from '@kcp-ts/k8s-protobuf/builder';

export const objectReference: Message = {
  1: ['kind', 'string'],
  2: ['namespace', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
  5: ['apiVersion', 'string'],
  6: ['resourceVersion', 'string'],
  7: ['fieldPath', 'string'],
};
/** Of a label selector; requirements for fields look the same. */
export const labelRequirement: Message = {
  1: ['key', 'string'],
  2: ['operator', 'string'],
  3: ['values', list('string')],
};
export const labelSelector: Message = {
  1: ['matchLabels', map('string')],
  2: ['matchExpressions', list(of(labelRequirement))],
};

const serviceReference: Message = {
  1: ['namespace', 'string'],
  2: ['name', 'string'],
  3: ['path', 'optional-string'],
  4: ['port', 'int'],
};
export const webhookClientConfig: Message = {
  1: ['service', of(serviceReference)],
  2: ['caBundle', 'bytes'],
  3: ['url', 'optional-string'],
};
