/** The handlers of what is not plain storage. */
import type { SpecialHandler } from '@kcp-ts/apiserver';
import { createScaleHandler } from '@kcp-ts/apiserver';
import type { Authenticator, ServiceAccountTokens } from '@kcp-ts/authn';
import { tokenReview } from '@kcp-ts/authn';
import type { Access } from '@kcp-ts/authz';
import { selfSubjectReview } from '@kcp-ts/authz';
import type { RegistryDependencies } from '@kcp-ts/registry';
import { timestampOf } from '@kcp-ts/registry';
import { createHandlers } from './kind-code.ts';
import { allKinds } from './kinds.ts';

export interface SpecialHandlerDependencies {
  readonly registry: RegistryDependencies;
  readonly reviews: Access['reviews'];
  readonly tokens: Pick<ServiceAccountTokens, 'issue'>;
  readonly authenticator: Pick<Authenticator, 'authenticateToken'>;
}

/** Those of all kinds, by the names of resources and subresources. */
export function createSpecialHandlers({
  registry,
  reviews,
  tokens,
  authenticator,
}: SpecialHandlerDependencies): ReadonlyMap<string, SpecialHandler> {
  const { store, clock } = registry;
  const now = () => timestampOf(clock.now());
  const handlers = [
    createScaleHandler({ store, registry }),
    ...createHandlers(allKinds, {
      ...reviews,
      selfSubjectReview: (review, user) => selfSubjectReview(review, user, now()),
      tokenReview: (review) => tokenReview(authenticator, review),
      store,
      issue: tokens.issue,
      now,
    }),
  ];
  return new Map(handlers.map((handler) => [handler.name, handler]));
}
