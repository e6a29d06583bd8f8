import { createHash } from 'node:crypto';

/** The bytes of an answer that is the same for every workspace with the same API surface, and the hash that names them. */
export interface Document {
  readonly bytes: Uint8Array;
  /** SHA-512 in upper-case hex, without quotes. */
  readonly etag: string;
}

export function documentOf(bytes: Uint8Array): Document {
  return { bytes, etag: createHash('sha512').update(bytes).digest('hex').toUpperCase() };
}

/** A JSON document that is made when it is first asked for and kept. */
export function lazyJson(make: () => unknown): () => Document {
  let made: Document | undefined;
  return () => {
    made ??= documentOf(Buffer.from(JSON.stringify(make())));
    return made;
  };
}
