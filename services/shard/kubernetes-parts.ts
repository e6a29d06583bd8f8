/** Kubernetes' own kinds: their behaviours, and the handlers of what is not plain storage. */
import type { SpecialHandler } from '@kcp-ts/apiserver';
import { createReviewHandlers, createScaleHandler, createTokenRequestHandler } from '@kcp-ts/apiserver';
import type { Authenticator, ServiceAccountTokens } from '@kcp-ts/authn';
import { selfSubjectReview } from '@kcp-ts/authz';
import {
  createCertificateSigningRequestsBehaviour,
  createConfigMapsBehaviour,
  createCustomResourceDefinitionsBehaviour,
  createEventsBehaviour,
  createLeasesBehaviour,
  createLimitRangesBehaviour,
  createNamespacesBehaviour,
  createResourceQuotasBehaviour,
  createRoleBindingsBehaviour,
  createRolesBehaviour,
  createSecretsBehaviour,
  createServiceAccountsBehaviour,
  createWebhookConfigurationsBehaviour,
} from '@kcp-ts/behaviours';
import type { KubeObject } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import type { Behaviour, RegistryNeeds } from '@kcp-ts/registry';
import { noBehaviour, timestampOf } from '@kcp-ts/registry';
import type { Access } from './access.ts';
import type { Core } from './core.ts';

export type TokenIssuer = Pick<ServiceAccountTokens, 'issue' | 'issueForSecret' | 'issuer' | 'keySet'>;

export interface KubernetesNeeds {
  readonly core: Core;
  readonly access: Access;
  readonly caBundle: string;
  readonly tokens: TokenIssuer;
  readonly authenticator: Pick<Authenticator, 'authenticateToken'>;
}

export interface KubernetesParts {
  readonly behaviours: Readonly<Record<string, Behaviour>>;
  special(registry: RegistryNeeds): ReadonlyMap<string, SpecialHandler>;
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

async function tokenReview(authenticator: KubernetesNeeds['authenticator'], review: KubeObject): Promise<KubeObject> {
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

export function kubernetesParts({ core, access, caBundle, tokens, authenticator }: KubernetesNeeds): KubernetesParts {
  const now = () => timestampOf(core.clock.now());
  const behaviours: Record<string, Behaviour> = Object.fromEntries(plain.map((name) => [name, noBehaviour]));
  Object.assign(behaviours, {
    certificatesigningrequests: createCertificateSigningRequestsBehaviour({ maySign: access.maySign }),
    configmaps: createConfigMapsBehaviour(),
    customresourcedefinitions: createCustomResourceDefinitionsBehaviour(),
    events: createEventsBehaviour(),
    leases: createLeasesBehaviour(),
    limitranges: createLimitRangesBehaviour(),
    resourcequotas: createResourceQuotasBehaviour(),
    namespaces: createNamespacesBehaviour({
      served: core.served,
      uuid: core.random.uuid,
      shardNumber: core.shardNumber,
      caBundle,
      label: core.labelNew,
      clusterDeleting: (cluster) => core.clusters.facts(cluster)?.deleting ?? false,
    }),
    rolebindings: createRoleBindingsBehaviour(access.escalation),
    roles: createRolesBehaviour(access.escalation),
    secrets: createSecretsBehaviour(),
    serviceaccounts: createServiceAccountsBehaviour(),
    webhookconfigurations: createWebhookConfigurationsBehaviour(),
  });
  return {
    behaviours,
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
