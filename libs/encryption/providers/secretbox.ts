/** `secretbox`: XSalsa20 and Poly1305, as NaCl joins them. Stored: nonce 24 | box. */
import nacl from 'tweetnacl';
import type { Provider } from '../provider.ts';
import { DecryptionError } from '../provider.ts';
import { createNonces } from './random-bytes.ts';

const { nonceLength, overheadLength } = nacl.secretbox;

export function createSecretbox(secret: Uint8Array): Omit<Provider, 'prefix'> {
  const nonces = createNonces(nonceLength);
  return {
    encrypt(value) {
      const nonce = nonces();
      return Buffer.concat([nonce, nacl.secretbox(value, nonce, secret)]);
    },
    decrypt(stored) {
      if (stored.length < nonceLength + overheadLength) throw new DecryptionError('the stored value is too short');
      const value = nacl.secretbox.open(stored.subarray(nonceLength), stored.subarray(0, nonceLength), secret);
      if (value === null) throw new DecryptionError('the stored value was changed, or encrypted with another key');
      return value;
    },
  };
}
