import type { Message } from '@kcp-ts/k8s-protobuf';
import { list, metadata, of } from '@kcp-ts/k8s-protobuf/builder';
import { labelSelector, webhookClientConfig } from '../common/messages.ts';

const rule: Message = {
  1: ['apiGroups', list('string')],
  2: ['apiVersions', list('string')],
  3: ['resources', list('string')],
  4: ['scope', 'optional-string'],
};
const ruleWithOperations: Message = { 1: ['operations', list('string')], 2: ['rule', { inline: rule }] };
const matchConditions = ['matchConditions', list(of({ 1: ['name', 'string'], 2: ['expression', 'string'] }))] as const;

const webhook: Message = {
  1: ['name', 'string'],
  2: ['clientConfig', of(webhookClientConfig)],
  3: ['rules', list(of(ruleWithOperations))],
  4: ['failurePolicy', 'optional-string'],
  5: ['namespaceSelector', of(labelSelector)],
  6: ['sideEffects', 'optional-string'],
  7: ['timeoutSeconds', 'int'],
  8: ['admissionReviewVersions', list('string')],
  9: ['matchPolicy', 'optional-string'],
};
const validatingWebhook: Message = { ...webhook, 10: ['objectSelector', of(labelSelector)], 11: matchConditions };
const mutatingWebhook: Message = {
  ...webhook,
  10: ['reinvocationPolicy', 'optional-string'],
  11: ['objectSelector', of(labelSelector)],
  12: matchConditions,
};

export const validatingWebhookConfiguration: Message = { 1: metadata, 2: ['webhooks', list(of(validatingWebhook))] };
export const mutatingWebhookConfiguration: Message = { 1: metadata, 2: ['webhooks', list(of(mutatingWebhook))] };
