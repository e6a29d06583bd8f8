import { kindSchema, object } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { reviewKind } from '../../../common/kind.ts';
import { keptEmpty } from '../../common/schemas.ts';
import { accessStatus, attributes } from '../access-review-fields.ts';
import { selfAccessReview } from '../protobuf.ts';
import { createSelfSubjectAccessReviewHandler } from './handler.ts';

export const selfSubjectAccessReviews: Kind = reviewKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  handler: createSelfSubjectAccessReviewHandler,
  protobuf: selfAccessReview,
  schema: kindSchema(
    'SelfSubjectAccessReview tells whether you may do something.',
    { spec: object('The question.', attributes, undefined, keptEmpty), status: accessStatus },
    ['spec'],
  ),
});
