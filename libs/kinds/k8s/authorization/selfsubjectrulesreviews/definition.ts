import { atomicList, flag, kindSchema, object, text, texts } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { reviewKind } from '../../../common/kind.ts';
import { keptEmpty, keptNull } from '../../common/schemas.ts';
import { createSelfSubjectRulesReviewHandler } from './handler.ts';
import { selfSubjectRulesReview } from './protobuf.ts';

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

export const selfSubjectRulesReviews: Kind = reviewKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  handler: createSelfSubjectRulesReviewHandler,
  protobuf: selfSubjectRulesReview,
  schema: kindSchema(
    'SelfSubjectRulesReview lists what you may do in a namespace.',
    {
      spec: object('The question.', { namespace: text('Namespace to list for. Required.') }, undefined, keptEmpty),
      status: rulesStatus,
    },
    ['spec'],
  ),
});
