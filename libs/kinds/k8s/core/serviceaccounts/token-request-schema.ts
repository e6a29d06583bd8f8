import type { JsonSchema } from '@kcp-ts/api';
import { int64, kindSchema, object, text, texts, timestamp } from '@kcp-ts/schema/builder';
import { keptEmpty, keptNull, keptText } from '../../common/schemas.ts';

/** What `serviceaccounts/token` takes and gives; the kind has no resource of its own. */
export const tokenRequestSchema: JsonSchema = kindSchema('TokenRequest asks for a token of a service account.', {
  spec: object(
    'The token that is wanted.',
    {
      audiences: texts('Audiences of the token; the server itself when empty.', keptNull),
      boundObjectRef: object(
        'An object that the token is bound to: it ends with that.',
        {
          apiVersion: text('Group and version of the object.'),
          kind: text('Kind of the object.'),
          name: text('Name of the object.'),
          uid: text('UID of the object.'),
        },
        undefined,
        keptNull,
      ),
      expirationSeconds: int64('How long the token should be good for.', { default: 3600 }),
    },
    undefined,
    keptEmpty,
  ),
  status: object(
    'The token.',
    {
      expirationTimestamp: timestamp('When the token expires.', keptNull),
      token: text('The token.', keptText),
    },
    undefined,
    keptEmpty,
  ),
});
