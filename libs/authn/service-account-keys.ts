/** The keys of tokens of service accounts: one that signs, and all that are believed. */
import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';

export type SigningAlgorithm = 'ES256' | 'RS256';

export interface ServiceAccountKeys {
  readonly signing: { readonly key: KeyObject; readonly id: string; readonly algorithm: SigningAlgorithm };
  /** Public keys by their ids, that of the one that signs among them. */
  readonly verifying: ReadonlyMap<string, KeyObject>;
}

/**
 * What a token that was signed by the key has as its `alg`. Throws for a key that cannot sign
 * tokens.
 */
export function algorithmOf(key: KeyObject): SigningAlgorithm {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new Error(
    `Cannot sign service account tokens with a key of type ${key.asymmetricKeyType}: use an EC key on P-256 or an RSA key`,
  );
}

/** Kubernetes' key id: the SHA-256 of the public key's DER. */
function keyIdOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

/** The keys and certificates in a PEM text, each as a text of its own. */
function blocksOf(pem: string): readonly string[] {
  const blocks = pem.match(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g) ?? [];
  return blocks.filter((block) => !block.startsWith('-----BEGIN EC PARAMETERS'));
}

/**
 * @param signing PEM with the private key that signs: an EC key on P-256 (ES256) or an RSA key
 * (RS256).
 * @param further PEM texts with any number of keys or certificates, public or private, that are
 *   believed too: those of other shards, or of before a rotation.
 * @throws Where a text has no key, or one that cannot sign tokens.
 */
export function parseServiceAccountKeys(signing: string, further: readonly string[] = []): ServiceAccountKeys {
  const [signingBlock = ''] = blocksOf(signing).filter((block) => block.includes('PRIVATE KEY'));
  const key = createPrivateKey(signingBlock);
  const verifying = new Map<string, KeyObject>();
  for (const pem of [signingBlock, ...further]) {
    const blocks = blocksOf(pem);
    if (blocks.length === 0) throw new Error('no key in PEM');
    for (const block of blocks) {
      const publicKey = createPublicKey(block);
      algorithmOf(publicKey);
      verifying.set(keyIdOf(publicKey), publicKey);
    }
  }
  return { signing: { key, id: keyIdOf(createPublicKey(key)), algorithm: algorithmOf(key) }, verifying };
}
