import type { Message } from '@kcp-ts/k8s-protobuf';
import { list, map, metadata, of } from '@kcp-ts/k8s-protobuf/builder';

const scopeRequirement: Message = {
  1: ['scopeName', 'string'],
  2: ['operator', 'string'],
  3: ['values', list('string')],
};
const quotaSpec: Message = {
  1: ['hard', map('quantity')],
  2: ['scopes', list('string')],
  3: ['scopeSelector', of({ 1: ['matchExpressions', list(of(scopeRequirement))] })],
};

export const resourceQuota: Message = {
  1: metadata,
  2: ['spec', of(quotaSpec)],
  3: ['status', of({ 1: ['hard', map('quantity')], 2: ['used', map('quantity')] })],
};
