/**
 * Field numbers of the kinds of Kubernetes that are served, for bodies that typed clients send
 * (`kubectl create namespace` among them) and for answers to clients that take nothing else. Other
 * kinds are refused with 415 and 406. Numbers as in the generated.proto of each API group.
 */

import type { Message } from './common-messages.ts';
import { labelSelector, list, map, metadata, objectReference, of } from './common-messages.ts';
import { customResourceDefinition } from './definition-messages.ts';
import { metaMessages } from './meta-messages.ts';
import { reviewMessages } from './review-messages.ts';
import { mutatingWebhookConfiguration, validatingWebhookConfiguration } from './webhook-messages.ts';

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
const binding: Message = { 1: metadata, 2: ['subjects', list(of(subject))], 3: ['roleRef', of(roleRef)] };

const namespaceCondition: Message = {
  1: ['type', 'string'],
  2: ['status', 'string'],
  4: ['lastTransitionTime', 'time'],
  5: ['reason', 'string'],
  6: ['message', 'string'],
};
const eventSeries: Message = { 1: ['count', 'count'], 2: ['lastObservedTime', 'micro-time'] };
const eventSource: Message = { 1: ['component', 'string'], 2: ['host', 'string'] };
const event: Message = {
  1: metadata,
  2: ['involvedObject', of(objectReference)],
  3: ['reason', 'string'],
  4: ['message', 'string'],
  5: ['source', of(eventSource)],
  6: ['firstTimestamp', 'time'],
  7: ['lastTimestamp', 'time'],
  8: ['count', 'count'],
  9: ['type', 'string'],
  10: ['eventTime', 'micro-time'],
  11: ['series', of(eventSeries)],
  12: ['action', 'string'],
  13: ['related', of(objectReference)],
  14: ['reportingComponent', 'string'],
  15: ['reportingInstance', 'string'],
};

const limit: Message = {
  1: ['type', 'string'],
  2: ['max', map('quantity')],
  3: ['min', map('quantity')],
  4: ['default', map('quantity')],
  5: ['defaultRequest', map('quantity')],
  6: ['maxLimitRequestRatio', map('quantity')],
};
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
const leaseSpec: Message = {
  1: ['holderIdentity', 'optional-string'],
  2: ['leaseDurationSeconds', 'int'],
  3: ['acquireTime', 'micro-time'],
  4: ['renewTime', 'micro-time'],
  5: ['leaseTransitions', 'int'],
  6: ['strategy', 'optional-string'],
  7: ['preferredHolder', 'optional-string'],
};
const requestSpec: Message = {
  1: ['request', 'bytes'],
  2: ['username', 'string'],
  3: ['uid', 'string'],
  4: ['groups', list('string')],
  5: ['usages', list('string')],
  6: ['extra', map('strings')],
  7: ['signerName', 'string'],
  8: ['expirationSeconds', 'int'],
};
const requestCondition: Message = {
  1: ['type', 'string'],
  2: ['reason', 'string'],
  3: ['message', 'string'],
  4: ['lastUpdateTime', 'time'],
  5: ['lastTransitionTime', 'time'],
  6: ['status', 'string'],
};
const regardingEvent: Message = {
  1: metadata,
  2: ['eventTime', 'micro-time'],
  3: ['series', of(eventSeries)],
  4: ['reportingController', 'string'],
  5: ['reportingInstance', 'string'],
  6: ['action', 'string'],
  7: ['reason', 'string'],
  8: ['regarding', of(objectReference)],
  9: ['related', of(objectReference)],
  10: ['note', 'string'],
  11: ['type', 'string'],
  12: ['deprecatedSource', of(eventSource)],
  13: ['deprecatedFirstTimestamp', 'time'],
  14: ['deprecatedLastTimestamp', 'time'],
  15: ['deprecatedCount', 'count'],
};

/** By `apiVersion/kind`. */
export const messages: Readonly<Record<string, Message>> = {
  'v1/ConfigMap': {
    1: metadata,
    2: ['data', map('string')],
    3: ['binaryData', map('bytes')],
    4: ['immutable', 'bool'],
  },
  'v1/Secret': {
    1: metadata,
    2: ['data', map('bytes')],
    3: ['type', 'string'],
    4: ['stringData', map('string')],
    5: ['immutable', 'bool'],
  },
  'v1/Namespace': {
    1: metadata,
    2: ['spec', of({ 1: ['finalizers', list('string')] })],
    3: ['status', of({ 1: ['phase', 'string'], 2: ['conditions', list(of(namespaceCondition))] })],
  },
  'v1/ServiceAccount': {
    1: metadata,
    2: ['secrets', list(of(objectReference))],
    3: ['imagePullSecrets', list(of({ 1: ['name', 'string'] }))],
    4: ['automountServiceAccountToken', 'bool'],
  },
  'v1/Event': event,
  'events.k8s.io/v1/Event': regardingEvent,
  'apiextensions.k8s.io/v1/CustomResourceDefinition': customResourceDefinition,
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': mutatingWebhookConfiguration,
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration': validatingWebhookConfiguration,
  'v1/LimitRange': { 1: metadata, 2: ['spec', of({ 1: ['limits', list(of(limit))] })] },
  'v1/ResourceQuota': {
    1: metadata,
    2: ['spec', of(quotaSpec)],
    3: ['status', of({ 1: ['hard', map('quantity')], 2: ['used', map('quantity')] })],
  },
  'v1/DeleteOptions': {
    1: ['gracePeriodSeconds', 'int'],
    2: ['preconditions', of({ 1: ['uid', 'optional-string'], 2: ['resourceVersion', 'optional-string'] })],
    3: ['orphanDependents', 'bool'],
    4: ['propagationPolicy', 'optional-string'],
    5: ['dryRun', list('string')],
  },
  'rbac.authorization.k8s.io/v1/Role': { 1: metadata, 2: ['rules', list(of(policyRule))] },
  'rbac.authorization.k8s.io/v1/ClusterRole': {
    1: metadata,
    2: ['rules', list(of(policyRule))],
    3: ['aggregationRule', of({ 1: ['clusterRoleSelectors', list(of(labelSelector))] })],
  },
  'rbac.authorization.k8s.io/v1/RoleBinding': binding,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': binding,
  'coordination.k8s.io/v1/Lease': { 1: metadata, 2: ['spec', of(leaseSpec)] },
  'certificates.k8s.io/v1/CertificateSigningRequest': {
    1: metadata,
    2: ['spec', of(requestSpec)],
    3: ['status', of({ 1: ['conditions', list(of(requestCondition))], 2: ['certificate', 'bytes'] })],
  },
  ...reviewMessages,
  ...metaMessages,
};
