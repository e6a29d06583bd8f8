/** Kubernetes' own kinds: their strategies, and the handlers of what is not plain storage. */

import type { SpecialHandler } from '@kcp-ts/apiserver';
import { createReviewHandlers, createScaleHandler, createTokenRequestHandler } from '@kcp-ts/apiserver';
import type { Authenticator, ServiceAccountTokens } from '@kcp-ts/authn';
import { tokenReview } from '@kcp-ts/authn';
import { selfSubjectReview } from '@kcp-ts/authz';
import type { RegistryDependencies, Strategy } from '@kcp-ts/registry';
import { noStrategy, timestampOf } from '@kcp-ts/registry';
import {
  createCertificateSigningRequestsStrategy,
  createConfigMapsStrategy,
  createCustomResourceDefinitionsStrategy,
  createEventsStrategy,
  createLeasesStrategy,
  createLimitRangesStrategy,
  createNamespacesStrategy,
  createResourceQuotasStrategy,
  createRoleBindingsStrategy,
  createRolesStrategy,
  createSecretsStrategy,
  createServiceAccountsStrategy,
  createWebhookConfigurationsStrategy,
} from '@kcp-ts/strategies';
import type { Access } from './access.ts';
import type { Core } from './core.ts';

export type TokenIssuer = Pick<ServiceAccountTokens, 'issue' | 'issueForSecret' | 'issuer' | 'keySet'>;

export interface KubernetesDependencies {
  readonly core: Core;
  readonly access: Access;
  readonly caBundle: string;
  readonly tokens: TokenIssuer;
  readonly authenticator: Pick<Authenticator, 'authenticateToken'>;
}

export interface KubernetesParts {
  readonly strategies: Readonly<Record<string, Strategy>>;
  special(registry: RegistryDependencies): ReadonlyMap<string, SpecialHandler>;
}

/** Kinds whose schema says all there is to say; reviews are never stored. */
const plain = [
  'localsubjectaccessreviews',
  'selfsubjectaccessreviews',
  'selfsubjectreviews',
  'selfsubjectrulesreviews',
  'subjectaccessreviews',
  'tokenreviews',
];

export function kubernetesParts({
  core,
  access,
  caBundle,
  tokens,
  authenticator,
}: KubernetesDependencies): KubernetesParts {
  const now = () => timestampOf(core.clock.now());
  const strategies: Record<string, Strategy> = Object.fromEntries(plain.map((name) => [name, noStrategy]));
  Object.assign(strategies, {
    certificatesigningrequests: createCertificateSigningRequestsStrategy({ maySign: access.maySign }),
    configmaps: createConfigMapsStrategy(),
    customresourcedefinitions: createCustomResourceDefinitionsStrategy(),
    events: createEventsStrategy(),
    leases: createLeasesStrategy(),
    limitranges: createLimitRangesStrategy(),
    resourcequotas: createResourceQuotasStrategy(),
    namespaces: createNamespacesStrategy({
      served: core.served,
      uuid: core.random.uuid,
      shardNumber: core.shardNumber,
      caBundle,
      label: core.labelNew,
      clusterDeleting: (cluster) => core.clusters.facts(cluster)?.deleting ?? false,
    }),
    rolebindings: createRoleBindingsStrategy(access.escalation),
    roles: createRolesStrategy(access.escalation),
    secrets: createSecretsStrategy(),
    serviceaccounts: createServiceAccountsStrategy(),
    webhookconfigurations: createWebhookConfigurationsStrategy(),
  });
  return {
    strategies,
    special(registry) {
      const handlers = [
        ...createReviewHandlers({
          ...access.reviews,
          selfSubjectReview: (review, user) => selfSubjectReview(review, user, now()),
          tokenReview: (review) => tokenReview(authenticator, review),
        }),
        createScaleHandler({ store: core.store, registry }),
        createTokenRequestHandler({ store: core.store, issue: tokens.issue, now }),
      ];
      return new Map(handlers.map((handler) => [handler.name, handler]));
    },
  };
}
