/** The handlers of what is not plain storage. */

import type { SpecialHandler } from '@kcp-ts/apiserver';
import { createScaleHandler } from '@kcp-ts/apiserver';
import type { Authenticator, ServiceAccountTokens } from '@kcp-ts/authn';
import { tokenReview } from '@kcp-ts/authn';
import type { Access } from '@kcp-ts/authz';
import { selfSubjectReview } from '@kcp-ts/authz';
import { allKinds, createHandlers } from '@kcp-ts/kinds';
import type { RegistryDependencies } from '@kcp-ts/registry';
import { timestampOf } from '@kcp-ts/registry';
import type { VirtualWorkspace } from '@kcp-ts/virtual-workspaces';

export type TokenIssuer = Pick<ServiceAccountTokens, 'issue' | 'issueForSecret' | 'issuer' | 'keySet'>;

export interface SpecialDependencies {
  readonly registry: RegistryDependencies;
  readonly reviews: Access['reviews'];
  readonly tokens: TokenIssuer;
  readonly authenticator: Pick<Authenticator, 'authenticateToken'>;
  readonly virtual: readonly VirtualWorkspace[];
}

/** By the names of resources and subresources. */
export function specialHandlers(deps: SpecialDependencies): ReadonlyMap<string, SpecialHandler> {
  const { registry, reviews, tokens, authenticator, virtual } = deps;
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
    ...virtual.flatMap(({ special = [] }) => special),
  ];
  return new Map(handlers.map((handler) => [handler.name, handler]));
}
