/** Kubernetes' own kinds: their behaviours, conversions and special handlers. */
import type { SpecialHandler } from '@kcp-ts/apiserver';
import type { Authenticator, ServiceAccountTokens } from '@kcp-ts/authn';
import type { ResourceRow } from '@kcp-ts/meta';
import type { Behaviour, Conversion, RegistryNeeds } from '@kcp-ts/registry';
import type { Access } from './access.ts';
import type { Core } from './core.ts';

export type TokenIssuer = Pick<ServiceAccountTokens, 'issue'>;

export interface KubernetesNeeds {
  readonly core: Core;
  readonly access: Access;
  readonly caBundle: string;
  readonly tokens: TokenIssuer;
  readonly authenticator: Authenticator;
}

export interface KubernetesParts {
  readonly behaviours: Readonly<Record<string, Behaviour>>;
  special(registry: RegistryNeeds): ReadonlyMap<string, SpecialHandler>;
}

/** Between versions of a row's resource; undefined where they differ in nothing but their name. */
export function conversionOf(_row: ResourceRow): Conversion | undefined {
  return undefined;
}

export function kubernetesParts(_needs: KubernetesNeeds): KubernetesParts {
  const names = ['configmaps','secrets','namespaces','events','limitranges','resourcequotas','serviceaccounts','leases','certificatesigningrequests','webhookconfigurations','customresourcedefinitions','roles','rolebindings','partitionsets','subjectaccessreviews','localsubjectaccessreviews','selfsubjectaccessreviews','selfsubjectrulesreviews','selfsubjectreviews','tokenreviews'];
  return { behaviours: Object.fromEntries(names.map((n) => [n, {}])), special: () => new Map() };
}
