/**
 * `aesgcm`: AES in Galois/Counter Mode, with a random nonce for each value and the storage key as
 * additional data. Stored: nonce 12 | ciphertext | tag 16. A key is good for some billion values:
 * with random nonces of 96 bits it should be replaced long before 2^32 (NIST SP 800-38D, 8.3).
 */
import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import type { Provider } from '../provider.ts';
import { DecryptionError } from '../provider.ts';
import { createNonces } from './random-bytes.ts';

export const nonceBytes = 12;
const tagBytes = 16;

export type AesKeyBits = 128 | 192 | 256;

/** `nonces` gives 12 random bytes each time. */
export function createAesGcm(
  secret: Uint8Array,
  nonces: () => Uint8Array = createNonces(nonceBytes),
): Omit<Provider, 'prefix'> {
  const key = createSecretKey(secret);
  const algorithm = `aes-${(secret.length * 8) as AesKeyBits}-gcm` as const;
  return {
    encrypt(value, storageKey) {
      const nonce = nonces();
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(storageKey));
      const ciphertext = cipher.update(value);
      return Buffer.concat([nonce, ciphertext, cipher.final(), cipher.getAuthTag()]);
    },
    decrypt(stored, storageKey) {
      if (stored.length < nonceBytes + tagBytes) throw new DecryptionError('the stored value is too short');
      const decipher = createDecipheriv(algorithm, key, stored.subarray(0, nonceBytes), { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(storageKey));
      decipher.setAuthTag(stored.subarray(stored.length - tagBytes));
      const value = decipher.update(stored.subarray(nonceBytes, stored.length - tagBytes));
      try {
        decipher.final();
      } catch (cause) {
        throw new DecryptionError('the stored value was changed, or belongs to another key', { cause });
      }
      return value;
    },
  };
}
