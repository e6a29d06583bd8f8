/**
 * What others verify the tokens of service accounts by. (OpenID Connect Discovery 1.0, 3;
 * k8s.io/kubernetes/pkg/serviceaccount/openidmetadata.go)
 */
import type { ServiceAccountTokens } from './service-account-tokens.ts';

const keysPath = '/openid/v1/jwks';

export interface IssuerDocument {
  readonly contentType: string;
  readonly body: string;
}

/**
 * The document at a path, as the keys are now; undefined at any other path. `externalUrl`: where
 * clients reach the server.
 */
export function issuerDocuments(
  { issuer, keySet }: Pick<ServiceAccountTokens, 'issuer' | 'keySet'>,
  externalUrl: string,
): (path: string) => IssuerDocument | undefined {
  const configuration = () => ({
    issuer,
    jwks_uri: new URL(keysPath, externalUrl).href,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keySet().map(({ alg }) => alg))].sort(),
  });
  return (path) => {
    if (path === '/.well-known/openid-configuration')
      return { contentType: 'application/json', body: JSON.stringify(configuration()) };
    if (path !== keysPath) return undefined;
    return { contentType: 'application/jwk-set+json', body: JSON.stringify({ keys: keySet() }) };
  };
}
