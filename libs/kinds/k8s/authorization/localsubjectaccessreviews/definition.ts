import { kindSchema } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { reviewKind } from '../../../common/kind.ts';
import { accessStatus, subjectSpec } from '../access-review-fields.ts';
import { accessReview } from '../protobuf.ts';
import { createLocalSubjectAccessReviewHandler } from './handler.ts';

export const localSubjectAccessReviews: Kind = reviewKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  namespaced: true,
  handler: createLocalSubjectAccessReviewHandler,
  protobuf: accessReview,
  schema: kindSchema(
    'LocalSubjectAccessReview tells whether a user may do something in one namespace.',
    { spec: subjectSpec, status: accessStatus },
    ['spec'],
  ),
});
