import { flag, kindSchema, object, text, texts } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { reviewKind } from '../../../common/kind.ts';
import { keptEmpty, userInfo } from '../../common/schemas.ts';
import { createTokenReviewHandler } from './handler.ts';
import { tokenReview } from './protobuf.ts';

export const tokenReviews: Kind = reviewKind({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  handler: createTokenReviewHandler,
  protobuf: tokenReview,
  schema: kindSchema(
    'TokenReview tells whose a bearer token is.',
    {
      spec: object(
        'The question.',
        {
          audiences: texts('Audiences that the token should be for; the server itself when empty.'),
          token: text('The token.'),
        },
        ['token'],
        keptEmpty,
      ),
      status: object(
        'The answer.',
        {
          audiences: texts('Those of the asked audiences that the token is good for.'),
          authenticated: flag('True if the token is good.'),
          error: text('Why the token could not be checked.'),
          user: userInfo('Whose the token is.', keptEmpty),
        },
        undefined,
        keptEmpty,
      ),
    },
    ['spec'],
  ),
});
