/**
 * How values lie on disk and in etcd where that is not how they are used: encrypted at rest.
 * Kubernetes calls it a transformer (k8s.io/apiserver/pkg/storage/value). Keys, revisions and times
 * of expiry stay readable, since ranges are ordered by them.
 */
export interface ValueTransformer {
  /** `key` goes with the value: what was stored under one key cannot be read under another. */
  toStorage(key: string, value: Uint8Array): Uint8Array;
  /** Throws where nothing that is configured can read it, or where it was changed. */
  fromStorage(key: string, stored: Uint8Array): TransformedValue;
  /** Whether some keys are not at hand, and `prepare` asks for them. */
  asksForKeys(): boolean;
  /**
   * Resolves when each of these can be read by `fromStorage`: a key may have to be asked for.
   * Rejects where it cannot be had now.
   */
  prepare(stored: Iterable<Uint8Array>): Promise<void>;
}

export interface TransformedValue {
  readonly value: Uint8Array;
  /** It would be stored in another way now, with another key for one. */
  readonly stale: true | undefined;
}
