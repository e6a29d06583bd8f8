/** The handlers of what is not plain storage. */

import type { SpecialHandler } from '@kcp-ts/apiserver';
import { createScaleHandler } from '@kcp-ts/apiserver';
import type { Authenticator, ServiceAccountTokens } from '@kcp-ts/authn';
import { tokenReview } from '@kcp-ts/authn';
import { selfSubjectReview } from '@kcp-ts/authz';
import { allKinds, createHandlers } from '@kcp-ts/kinds';
import type { RegistryDependencies } from '@kcp-ts/registry';
import { timestampOf } from '@kcp-ts/registry';
import type { Access } from './access.ts';
import type { Core } from './core.ts';

export type TokenIssuer = Pick<ServiceAccountTokens, 'issue' | 'issueForSecret' | 'issuer' | 'keySet'>;

export interface SpecialDependencies {
  readonly core: Core;
  readonly access: Access;
  readonly tokens: TokenIssuer;
  readonly authenticator: Pick<Authenticator, 'authenticateToken'>;
}

/** By the names of resources and subresources. */
export function specialHandlers(
  { core, access, tokens, authenticator }: SpecialDependencies,
  registry: RegistryDependencies,
): ReadonlyMap<string, SpecialHandler> {
  const now = () => timestampOf(core.clock.now());
  const handlers = [
    createScaleHandler({ store: core.store, registry }),
    ...createHandlers(allKinds, {
      ...access.reviews,
      selfSubjectReview: (review, user) => selfSubjectReview(review, user, now()),
      tokenReview: (review) => tokenReview(authenticator, review),
      store: core.store,
      issue: tokens.issue,
      now,
    }),
  ];
  return new Map(handlers.map((handler) => [handler.name, handler]));
}
