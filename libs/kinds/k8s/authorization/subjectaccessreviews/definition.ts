import { kindSchema } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { reviewKind } from '../../../common/kind.ts';
import { accessStatus, subjectSpec } from '../access-review-fields.ts';
import { accessReview } from '../protobuf.ts';
import { createSubjectAccessReviewHandler } from './handler.ts';

export const subjectAccessReviews: Kind = reviewKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  handler: createSubjectAccessReviewHandler,
  protobuf: accessReview,
  schema: kindSchema(
    'SubjectAccessReview tells whether a user may do something.',
    { spec: subjectSpec, status: accessStatus },
    ['spec'],
  ),
});
