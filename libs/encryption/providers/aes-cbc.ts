/**
 * `aescbc`: AES in Cipher Block Chaining mode with PKCS#7 padding. Stored: initialization vector 16
 * | ciphertext. It does not notice what was changed: for installations that have it, `secretbox` or
 * `aesgcm` is better.
 */
import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import type { Provider } from '../provider.ts';
import { DecryptionError } from '../provider.ts';
import { createNonces } from './random-bytes.ts';

const vectorBytes = 16;

export function createAesCbc(secret: Uint8Array): Omit<Provider, 'prefix'> {
  const key = createSecretKey(secret);
  const algorithm = `aes-${secret.length * 8}-cbc`;
  const vectors = createNonces(vectorBytes);
  return {
    encrypt(value) {
      const vector = vectors();
      const cipher = createCipheriv(algorithm, key, vector);
      return Buffer.concat([vector, cipher.update(value), cipher.final()]);
    },
    decrypt(stored) {
      if (stored.length < 2 * vectorBytes) throw new DecryptionError('the stored value is too short');
      const decipher = createDecipheriv(algorithm, key, stored.subarray(0, vectorBytes));
      const value = decipher.update(stored.subarray(vectorBytes));
      try {
        return Buffer.concat([value, decipher.final()]);
      } catch (cause) {
        throw new DecryptionError('the stored value was changed, or encrypted with another key', { cause });
      }
    },
  };
}
