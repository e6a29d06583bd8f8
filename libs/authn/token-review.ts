/** TokenReview: who the bearer of a token is. */
import type { KubeObject } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Authenticator } from './authenticator.ts';

/** The review with its status. Throws StatusError where it has no token. */
export async function tokenReview(
  authenticator: Pick<Authenticator, 'authenticateToken'>,
  review: KubeObject,
): Promise<KubeObject> {
  const { token = '', audiences } = (review['spec'] ?? {}) as { token?: string; audiences?: readonly string[] };
  if (token === '') throw StatusError.badRequest('token is required for TokenReview in authentication');
  const verdict = await authenticator.authenticateToken(token, audiences);
  if (verdict === undefined) return { ...review, status: { user: {}, error: 'invalid bearer token' } };
  const { name, uid, groups, extra } = verdict.user;
  const user = {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(extra === undefined ? {} : { extra }),
  };
  return { ...review, status: { authenticated: true, user, audiences: verdict.audiences } };
}
