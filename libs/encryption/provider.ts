/** One way to encrypt values, with one key. */
export interface Provider {
  /**
   * What stored values of it begin with, as in Kubernetes: `k8s:enc:<provider>:<version>:<key>:`.
   * Undefined for values in the clear.
   */
  readonly prefix: string | undefined;
  /**
   * What is stored behind the prefix. `key`, the storage key, is authenticated with the value where
   * the provider can.
   */
  encrypt(value: Uint8Array, key: string): Uint8Array;
  /** Throws where it was changed, or encrypted under another storage key. */
  decrypt(stored: Uint8Array, key: string): Uint8Array;
  /** Whether it would be encrypted with the same key now; absent where there is one alone. */
  isCurrent?(stored: Uint8Array): boolean;
  /**
   * Resolves when what was stored can be decrypted; rejects where that cannot be done now. Absent
   * where the key is at hand.
   */
  prepare?(stored: Uint8Array): Promise<void>;
}

/** What every stored value begins with that is encrypted. */
export const encryptedPrefix = 'k8s:enc:';

/** The value cannot be read: nothing of it is shown. */
export class DecryptionError extends Error {}
