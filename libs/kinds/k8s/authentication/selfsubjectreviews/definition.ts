import { kindSchema, object } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { reviewKind } from '../../../common/kind.ts';
import { keptEmpty, userInfo } from '../../common/schemas.ts';
import { createSelfSubjectReviewHandler } from './handler.ts';
import { selfSubjectReview } from './protobuf.ts';

export const selfSubjectReviews: Kind = reviewKind({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  handler: createSelfSubjectReviewHandler,
  protobuf: selfSubjectReview,
  schema: kindSchema('SelfSubjectReview tells you who the server takes you for.', {
    status: object(
      'The answer.',
      { userInfo: userInfo('Who you are, after impersonation.', keptEmpty) },
      undefined,
      keptEmpty,
    ),
  }),
});
