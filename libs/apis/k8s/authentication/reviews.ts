import type { ResourceDefinition } from '@kcp-ts/api';
import { reviewDefinition } from '../../define-resource.ts';
import { flag, kindSchema, object, text, texts } from '../../schema-builder.ts';
import { keptEmpty, userInfo } from '../common-schemas.ts';

const group = 'authentication.k8s.io';
const version = 'v1';

export const selfSubjectReviews: ResourceDefinition = reviewDefinition({
  group,
  version,
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  strategy: 'selfsubjectreviews',
  schema: kindSchema('SelfSubjectReview tells you who the server takes you for.', {
    status: object(
      'The answer.',
      { userInfo: userInfo('Who you are, after impersonation.', keptEmpty) },
      undefined,
      keptEmpty,
    ),
  }),
});

export const tokenReviews: ResourceDefinition = reviewDefinition({
  group,
  version,
  kind: 'TokenReview',
  plural: 'tokenreviews',
  strategy: 'tokenreviews',
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
