/**
 * What others verify the tokens of service accounts by. (OpenID Connect Discovery 1.0, 3;
 * k8s.io/kubernetes/pkg/serviceaccount/openidmetadata.go)
 */
import type { ServiceAccountTokens } from './service-account-tokens.ts';

const keysPath = '/openid/v1/jwks';

/** By path. `externalUrl`: where clients reach the server. */
export function issuerDocuments(
  { issuer, keySet }: Pick<ServiceAccountTokens, 'issuer' | 'keySet'>,
  externalUrl: string,
): Readonly<Record<string, { readonly contentType: string; readonly body: string }>> {
  const keys = keySet();
  const configuration = {
    issuer,
    jwks_uri: new URL(keysPath, externalUrl).href,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.map(({ alg }) => alg))].sort(),
  };
  return {
    '/.well-known/openid-configuration': { contentType: 'application/json', body: JSON.stringify(configuration) },
    [keysPath]: { contentType: 'application/jwk-set+json', body: JSON.stringify({ keys }) },
  };
}
