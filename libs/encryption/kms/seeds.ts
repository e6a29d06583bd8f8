/**
 * Encryption of one value with a seed, as Kubernetes' KMS v2 does it: each value has a key of its
 * own, derived from the seed and 32 random bytes by HKDF (RFC 5869, expand alone), so that no key
 * meets so many nonces that one comes again. Stored: random bytes 32 | what AES-GCM stores.
 */
import type { KeyObject } from 'node:crypto';
import { createHmac, createSecretKey } from 'node:crypto';
import { DecryptionError } from '../provider.ts';
import { createAesGcm, nonceBytes } from '../providers/aes-gcm.ts';
import { createNonces } from '../providers/random-bytes.ts';

export const seedBytes = 32;
const infoBytes = 32;
const firstBlock = Buffer.of(1);

export interface Seed {
  encrypt(value: Uint8Array, key: string): Uint8Array;
  decrypt(stored: Uint8Array, key: string): Uint8Array;
}

function keyFor(seed: KeyObject, info: Uint8Array): Uint8Array {
  return createHmac('sha256', seed).update(info).update(firstBlock).digest();
}

export function createSeed(secret: Uint8Array): Seed {
  const seed = createSecretKey(secret);
  const infos = createNonces(infoBytes);
  const nonces = createNonces(nonceBytes);
  return {
    encrypt(value, key) {
      const info = infos();
      return Buffer.concat([info, createAesGcm(keyFor(seed, info), nonces).encrypt(value, key)]);
    },
    decrypt(stored, key) {
      if (stored.length < infoBytes) throw new DecryptionError('the stored value is too short');
      return createAesGcm(keyFor(seed, stored.subarray(0, infoBytes)), nonces).decrypt(stored.subarray(infoBytes), key);
    },
  };
}
