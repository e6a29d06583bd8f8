import type { Message } from '@kcp-ts/k8s-protobuf';
import { list, metadata, of } from '@kcp-ts/k8s-protobuf/builder';

const resourceRule: Message = {
  1: ['verbs', list('string')],
  2: ['apiGroups', list('string')],
  3: ['resources', list('string')],
  4: ['resourceNames', list('string')],
};
const rulesStatus: Message = {
  1: ['resourceRules', list(of(resourceRule))],
  2: ['nonResourceRules', list(of({ 1: ['verbs', list('string')], 2: ['nonResourceURLs', list('string')] }))],
  3: ['incomplete', 'bool'],
  4: ['evaluationError', 'string'],
};

export const selfSubjectRulesReview: Message = {
  1: metadata,
  2: ['spec', of({ 1: ['namespace', 'string'] })],
  3: ['status', of(rulesStatus)],
};
