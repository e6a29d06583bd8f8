import { atomicList, int32, mergeList, object, text, texts } from '@kcp-ts/schema/builder';
import { keptEmpty, keptNull, labelSelector, webhookClientConfig } from '../common/schemas.ts';

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

/** Fields that webhooks of both kinds have. */
export const webhookFields = {
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

export const webhookRequired = ['name', 'clientConfig', 'sideEffects', 'admissionReviewVersions'];
