import type { JsonSchema, ResourceDefinition } from '@kcp-ts/api';
import { reviewDefinition } from '../../define-resource.ts';
import { atomicList, flag, kindSchema, mapOf, object, string, text, texts } from '../../schema-builder.ts';
import { fieldSelectorAttributes, keptEmpty, keptNull, labelSelectorAttributes } from '../common-schemas.ts';

const group = 'authorization.k8s.io';
const version = 'v1';

const attributes = {
  nonResourceAttributes: object('A request for a path that is no resource.', {
    path: text('URL path.'),
    verb: text('HTTP method in lower case.'),
  }),
  resourceAttributes: object('A request for a resource.', {
    fieldSelector: fieldSelectorAttributes('Field selector of the request.'),
    group: text('API group; `*` means all.'),
    labelSelector: labelSelectorAttributes('Label selector of the request.'),
    name: text('Name of the object; empty means all.'),
    namespace: text('Namespace; empty means all, or none for kinds of the whole workspace.'),
    resource: text('Resource; `*` means all.'),
    subresource: text('Subresource; empty means none.'),
    verb: text(
      'get, list, watch, create, update, patch, delete, deletecollection or a verb of its own; `*` means all.',
    ),
    version: text('API version; `*` means all.'),
  }),
};

const subjectSpec: JsonSchema = object(
  'The question: who wants to do what.',
  {
    ...attributes,
    extra: mapOf('What else is known of the user.', { type: 'array', items: string }),
    groups: texts('Groups of the user.'),
    uid: text('Identity of the user in time.'),
    user: text('Name of the user.'),
  },
  undefined,
  keptEmpty,
);

const accessStatus: JsonSchema = object(
  'The answer.',
  {
    allowed: flag('True if it is allowed.', { default: false }),
    denied: flag('True if it is forbidden whatever others say.'),
    evaluationError: text('What went wrong while judging; the answer may stand all the same.'),
    reason: text('Why.'),
  },
  ['allowed'],
  keptEmpty,
);

function subjectReview(kind: string, description: string, namespaced: boolean): ResourceDefinition {
  const plural = `${kind.toLowerCase()}s`;
  return reviewDefinition({
    group,
    version,
    kind,
    plural,
    namespaced,
    strategy: plural,
    schema: kindSchema(description, { spec: subjectSpec, status: accessStatus }, ['spec']),
  });
}

export const localSubjectAccessReviews: ResourceDefinition = subjectReview(
  'LocalSubjectAccessReview',
  'LocalSubjectAccessReview tells whether a user may do something in one namespace.',
  true,
);

export const subjectAccessReviews: ResourceDefinition = subjectReview(
  'SubjectAccessReview',
  'SubjectAccessReview tells whether a user may do something.',
  false,
);

export const selfSubjectAccessReviews: ResourceDefinition = reviewDefinition({
  group,
  version,
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  strategy: 'selfsubjectaccessreviews',
  schema: kindSchema(
    'SelfSubjectAccessReview tells whether you may do something.',
    { spec: object('The question.', attributes, undefined, keptEmpty), status: accessStatus },
    ['spec'],
  ),
});

const rulesStatus = object(
  'The answer.',
  {
    evaluationError: text('What went wrong while collecting the rules.'),
    incomplete: flag('True if there may be more rules than these.', { default: false }),
    nonResourceRules: atomicList(
      'Paths that you may use.',
      object(
        'Verbs on paths.',
        { nonResourceURLs: texts('URL paths; `*` at the end means all below.'), verbs: texts('Verbs; `*` means all.') },
        ['verbs'],
      ),
      keptNull,
    ),
    resourceRules: atomicList(
      'Resources that you may use.',
      object(
        'Verbs on resources.',
        {
          apiGroups: texts('API groups; `*` means all.'),
          resourceNames: texts('Names of objects; empty means all.'),
          resources: texts('Resources; `*` means all.'),
          verbs: texts('Verbs; `*` means all.'),
        },
        ['verbs'],
      ),
      keptNull,
    ),
  },
  ['resourceRules', 'nonResourceRules', 'incomplete'],
  keptEmpty,
);

export const selfSubjectRulesReviews: ResourceDefinition = reviewDefinition({
  group,
  version,
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  strategy: 'selfsubjectrulesreviews',
  schema: kindSchema(
    'SelfSubjectRulesReview lists what you may do in a namespace.',
    {
      spec: object('The question.', { namespace: text('Namespace to list for. Required.') }, undefined, keptEmpty),
      status: rulesStatus,
    },
    ['spec'],
  ),
});
