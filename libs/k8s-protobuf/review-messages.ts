/**
 * Reviews, which are answered and not stored, and requests for tokens.
 * (k8s.io/api/authentication/v1, k8s.io/api/authorization/v1)
 */
import type { Message } from './common-messages.ts';
import { labelRequirement, list, map, metadata, of } from './common-messages.ts';

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
const accessReview: Message = { 1: metadata, 2: ['spec', of(accessSpec)], 3: ['status', of(accessStatus)] };

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

const userInfo: Message = {
  1: ['username', 'string'],
  2: ['uid', 'string'],
  3: ['groups', list('string')],
  4: ['extra', map('strings')],
};
const tokenStatus: Message = {
  1: ['authenticated', 'flag'],
  2: ['user', of(userInfo)],
  3: ['error', 'string'],
  4: ['audiences', list('string')],
};
const boundReference: Message = {
  1: ['kind', 'string'],
  2: ['apiVersion', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
};
const tokenRequestSpec: Message = {
  1: ['audiences', list('string')],
  3: ['boundObjectRef', of(boundReference)],
  4: ['expirationSeconds', 'int'],
};

/** By `apiVersion/kind`. */
export const reviewMessages: Readonly<Record<string, Message>> = {
  'authentication.k8s.io/v1/TokenRequest': {
    1: metadata,
    2: ['spec', of(tokenRequestSpec)],
    3: ['status', of({ 1: ['token', 'string'], 2: ['expirationTimestamp', 'time'] })],
  },
  'authentication.k8s.io/v1/TokenReview': {
    1: metadata,
    2: ['spec', of({ 1: ['token', 'string'], 2: ['audiences', list('string')] })],
    3: ['status', of(tokenStatus)],
  },
  'authentication.k8s.io/v1/SelfSubjectReview': { 1: metadata, 2: ['status', of({ 1: ['userInfo', of(userInfo)] })] },
  'authorization.k8s.io/v1/SelfSubjectAccessReview': {
    1: metadata,
    2: ['spec', of(selfAccessSpec)],
    3: ['status', of(accessStatus)],
  },
  'authorization.k8s.io/v1/SelfSubjectRulesReview': {
    1: metadata,
    2: ['spec', of({ 1: ['namespace', 'string'] })],
    3: ['status', of(rulesStatus)],
  },
  'authorization.k8s.io/v1/SubjectAccessReview': accessReview,
  'authorization.k8s.io/v1/LocalSubjectAccessReview': accessReview,
};
