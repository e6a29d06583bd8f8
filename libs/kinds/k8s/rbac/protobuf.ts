import type { Message } from '@kcp-ts/k8s-protobuf';
import { list, metadata, of } from '@kcp-ts/k8s-protobuf/builder';
import { labelSelector } from '../common/messages.ts';

const policyRule: Message = {
  1: ['verbs', list('string')],
  2: ['apiGroups', list('string')],
  3: ['resources', list('string')],
  4: ['resourceNames', list('string')],
  5: ['nonResourceURLs', list('string')],
};
const subject: Message = {
  1: ['kind', 'string'],
  2: ['apiGroup', 'string'],
  3: ['name', 'string'],
  4: ['namespace', 'string'],
};
const roleRef: Message = { 1: ['apiGroup', 'string'], 2: ['kind', 'string'], 3: ['name', 'string'] };

export const role: Message = { 1: metadata, 2: ['rules', list(of(policyRule))] };

export const clusterRole: Message = {
  1: metadata,
  2: ['rules', list(of(policyRule))],
  3: ['aggregationRule', of({ 1: ['clusterRoleSelectors', list(of(labelSelector))] })],
};

/** Of a RoleBinding and a ClusterRoleBinding. */
export const binding: Message = { 1: metadata, 2: ['subjects', list(of(subject))], 3: ['roleRef', of(roleRef)] };
