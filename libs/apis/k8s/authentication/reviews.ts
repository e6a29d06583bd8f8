import type { ResourceRow } from '@kcp-ts/meta';
import { reviewRow } from '../../define-row.ts';
import { flag, kindSchema, object, text, texts } from '../../schema-builder.ts';
import { keptEmpty, userInfo } from '../common-schemas.ts';

const group = 'authentication.k8s.io';
const version = 'v1';

export const selfSubjectReviews: ResourceRow = reviewRow({
  group,
  version,
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  behaviour: 'selfsubjectreviews',
  schema: kindSchema('SelfSubjectReview tells you who the server takes you for.', {
    status: object(
      'The answer.',
      { userInfo: userInfo('Who you are, after impersonation.', keptEmpty) },
      undefined,
      keptEmpty,
    ),
  }),
});

export const tokenReviews: ResourceRow = reviewRow({
  group,
  version,
  kind: 'TokenReview',
  plural: 'tokenreviews',
  behaviour: 'tokenreviews',
  schema: kindSchema(
    'TokenReview tells whose a bearer token is.',
    {
      spec: object(
        'The question.',
        {
          audiences: texts('Whom the token should be for; the server itself when empty.'),
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
