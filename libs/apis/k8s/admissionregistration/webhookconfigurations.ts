import type { ResourceDefinition } from '@kcp-ts/api';
import { builtinDefinition } from '../../define-resource.ts';
import { atomicList, int32, kindSchema, mergeList, object, text, texts } from '../../schema-builder.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { keptEmpty, keptNull, labelSelector, webhookClientConfig } from '../common-schemas.ts';

const rule = object('Operations on resources.', {
  apiGroups: texts('API groups; `*` means all.'),
  apiVersions: texts('API versions; `*` means all.'),
  operations: texts('CREATE, UPDATE, DELETE, CONNECT or `*`.'),
  resources: texts('Resources, or `resource/subresource`; `*` means all.'),
  scope: text('Cluster, Namespaced or `*`.', { default: '*' }),
});

const matchCondition = object(
  'A CEL expression that must be true.',
  {
    expression: text('The expression; it sees object, oldObject, request and authorizer.'),
    name: text('Name of the condition, for messages.'),
  },
  ['name', 'expression'],
);

const webhookFields = {
  admissionReviewVersions: texts('Versions of AdmissionReview that the webhook understands, best first.', keptNull),
  clientConfig: webhookClientConfig('Where to call.', keptEmpty),
  failurePolicy: text('What to do when the call fails: Ignore or Fail.', { default: 'Fail' }),
  matchConditions: mergeList('Further conditions on requests; at most 64.', 'name', matchCondition),
  matchPolicy: text('Exact, or Equivalent: rules match other versions of a resource as well.', {
    default: 'Equivalent',
  }),
  name: text('Name of the webhook, qualified: `check.example.io`.'),
  namespaceSelector: labelSelector('Namespaces whose objects are sent.', keptEmpty),
  objectSelector: labelSelector('Objects that are sent.', keptEmpty),
  rules: atomicList('What is sent.', rule),
  sideEffects: text('None, or NoneOnDryRun.', keptNull),
  timeoutSeconds: int32('Seconds to wait for the answer, 1 to 30.', { default: 10 }),
};

const webhookRequired = ['name', 'clientConfig', 'sideEffects', 'admissionReviewVersions'];

const shared = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  categories: ['api-extensions'],
  strategy: 'webhookconfigurations',
  columns: [
    nameColumn,
    { name: 'Webhooks', type: 'integer', description: 'Number of webhooks.', cell: 'webhook-count' },
    ageColumn,
  ],
} as const;

export const mutatingWebhookConfigurations: ResourceDefinition = builtinDefinition({
  ...shared,
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  schema: kindSchema('MutatingWebhookConfiguration names webhooks that may change or refuse objects.', {
    webhooks: mergeList(
      'The webhooks.',
      'name',
      object(
        'A webhook and what it is called for.',
        {
          ...webhookFields,
          reinvocationPolicy: text('Never, or IfNeeded: call again if a later webhook changed the object.', {
            default: 'Never',
          }),
        },
        webhookRequired,
      ),
    ),
  }),
});

export const validatingWebhookConfigurations: ResourceDefinition = builtinDefinition({
  ...shared,
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  schema: kindSchema('ValidatingWebhookConfiguration names webhooks that may refuse objects.', {
    webhooks: mergeList(
      'The webhooks.',
      'name',
      object('A webhook and what it is called for.', webhookFields, webhookRequired),
    ),
  }),
});
