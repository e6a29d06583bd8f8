import type { Message } from '@kcp-ts/k8s-protobuf';
import { list, map, metadata, of } from '@kcp-ts/k8s-protobuf/builder';
import { labelRequirement } from '../common/messages.ts';

const selectorAttributes: Message = {
  1: ['rawSelector', 'string'],
  2: ['requirements', list(of(labelRequirement))],
};
const resourceAttributes: Message = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
  8: ['fieldSelector', of(selectorAttributes)],
  9: ['labelSelector', of(selectorAttributes)],
};
const nonResourceAttributes: Message = { 1: ['path', 'string'], 2: ['verb', 'string'] };
const selfAccessSpec: Message = {
  1: ['resourceAttributes', of(resourceAttributes)],
  2: ['nonResourceAttributes', of(nonResourceAttributes)],
};
const accessSpec: Message = {
  ...selfAccessSpec,
  3: ['user', 'string'],
  4: ['groups', list('string')],
  5: ['extra', map('strings')],
  6: ['uid', 'string'],
};
const accessStatus: Message = {
  1: ['allowed', 'bool'],
  2: ['reason', 'string'],
  3: ['evaluationError', 'string'],
  4: ['denied', 'flag'],
};
/** Of a SubjectAccessReview and a LocalSubjectAccessReview. */
export const accessReview: Message = { 1: metadata, 2: ['spec', of(accessSpec)], 3: ['status', of(accessStatus)] };

export const selfAccessReview: Message = {
  1: metadata,
  2: ['spec', of(selfAccessSpec)],
  3: ['status', of(accessStatus)],
};
